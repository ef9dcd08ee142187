/**
 * The folder `incoming/`: files with durable names, made in stock before they are needed.
 *
 * A new file survives a power loss only when its folder was synced. Doing that once for many empty files leaves one sync
 * per instance: that of its content.
 */
import { closeSync, fsyncSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";

const stock = 64;

export class SlotFolder {
  readonly folder: string;
  #free: string[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** @returns the name of an empty file whose entry in the folder is durable */
  take(): string {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const names: string[] = [];
    try {
      for (let count = 0; count < stock; count++) {
        const name = `${randomUUID()}.part`;
        closeSync(openSync(this.path(name), "wx"));
        names.push(name);
      }
    } catch (error) {
      // Few inodes or little space: what could be made will do.
      if (names.length === 0) throw error;
    }
    const folder = openSync(this.folder, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    this.#free = names;
    return this.take();
  }

  remove(name: string): void {
    try {
      unlinkSync(this.path(name));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }

  /** Removes what was never acknowledged: everything but the files that intents speak of. */
  clear(keep: ReadonlySet<string>): void {
    this.#free = [];
    for (const name of readdirSync(this.folder)) if (!keep.has(name)) this.remove(name);
  }

  /** Removes the stock. */
  close(): void {
    for (const name of this.#free) this.remove(name);
    this.#free = [];
  }
}
