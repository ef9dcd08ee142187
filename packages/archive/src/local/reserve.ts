/**
 * Space put by, so that a full disk can be emptied: deleting needs some, for the index's own journal.
 */
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ArchiveError } from "../errors.ts";
import { isCode } from "./objects/file-objects.ts";

const bytes = 8 << 20;

export class Reserve {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, "reserve");
  }

  /** Puts the space by, where it is not yet and there is enough. */
  async fill(): Promise<void> {
    const there = await stat(this.#file).catch(() => undefined);
    if (there?.size === bytes) return;
    try {
      const file = await open(this.#file, "w");
      try {
        // Written, not only declared: a file with holes holds no space.
        const chunk = new Uint8Array(1 << 20);
        for (let at = 0; at < bytes; at += chunk.byteLength) await file.write(chunk, 0, chunk.byteLength, at);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isCode(error, "ENOSPC", "EDQUOT", "EIO", "EROFS")) throw error;
      await rm(this.#file, { force: true });
    }
  }

  /** Does what makes space; with the reserve where it cannot be done otherwise. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "storage-full") throw error;
      await rm(this.#file, { force: true });
      return await work();
    }
  }
}
