/**
 * The folder `incoming/`: files with durable names, made in stock before they are needed.
 *
 * A new file survives a power loss only when its folder was synced. Doing that once for many empty files leaves one sync
 * per instance: that of its content.
 */
import { closeSync, fsyncSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { FileWorker } from "./file-worker.ts";

const stock = 128;
/** So many left, and more are made in the background. */
const low = 48;

export class SlotFolder {
  readonly folder: string;
  /** What makes the files, and moves them from here. */
  readonly worker = new FileWorker();
  #free: string[] = [];
  #filling: Promise<void> | undefined;
  #closed = false;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /**
   * @returns the name of an empty file whose entry in the folder is durable
   * @throws what the system says when none can be made
   */
  take(): string {
    const free = this.#free.pop() ?? this.#makeOne();
    if (this.#free.length < low && this.#filling === undefined && !this.#closed) {
      this.#filling = this.#fill().finally(() => {
        this.#filling = undefined;
      });
    }
    return free;
  }

  #makeOne(): string {
    const name = newName();
    closeSync(openSync(this.path(name), "wx"));
    const folder = openSync(this.folder, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    return name;
  }

  async #fill(): Promise<void> {
    const names = Array.from({ length: stock }, newName);
    try {
      await this.worker.make(
        this.folder,
        names.map((name) => this.path(name)),
      );
      this.#free.push(...names);
    } catch (error) {
      // No space, or no inodes: who needs a file is told so when it is made for him.
      for (const name of names) this.remove(name);
      if (!(error instanceof Error && "code" in error)) throw error;
    }
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

  /** Removes the stock. Nothing is moved any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#filling;
    for (const name of this.#free) this.remove(name);
    this.#free = [];
    await this.worker.close();
  }
}

const newName = (): string => `${randomUUID()}.part`;
