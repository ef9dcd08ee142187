/**
 * Syncs SQLite's write-ahead log, for all commits at once that wait for it, while the event loop goes on.
 *
 * The database itself runs with `synchronous=NORMAL`, which syncs at checkpoints only. A commit is acknowledged when the
 * log was synced after it: the same promise as `synchronous=FULL`, which would hold up the whole process at each commit.
 */
import { closeSync, fdatasync, fstatSync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { ArchiveError } from "../../errors.ts";
import { isCode } from "../objects/file-objects.ts";

const datasync = promisify(fdatasync);

/** Frames between checkpoints: each checkpoint writes anew the pages that random UIDs touched. */
export const logPages = 8000;
const logBytes = 32 + (logPages + 200) * (24 + 4096);
/** Syncs after which it is worth to make room for the log at once. */
const syncsUntilGrown = 50;

export class LogSync {
  readonly #file: string;
  #fd: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #syncs = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** When everything that was committed before the call is on stable storage. */
  durable(): Promise<void> {
    if (this.#running === undefined) return (this.#running = this.#sync());
    // The one under way may have begun before the commit; the next serves everyone who asks meanwhile.
    this.#next ??= this.#running.then(
      () => this.#again(),
      () => this.#again(),
    );
    return this.#next;
  }

  #again(): Promise<void> {
    this.#next = undefined;
    return (this.#running = this.#sync());
  }

  async #sync(): Promise<void> {
    try {
      this.#fd ??= openSync(this.#file, "r+");
      if (++this.#syncs === syncsUntilGrown) grow(this.#fd);
      await datasync(this.#fd);
    } catch (cause) {
      throw new ArchiveError("storage-failed", "The index cannot be brought to the disk.", { cause });
    } finally {
      if (this.#next === undefined) this.#running = undefined;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/**
 * Fills the log with zeros up to the size that it will have. A sync of a file that grows has to wait for the file system's
 * own journal; that of one which is written over does not, and costs half or less. SQLite does not look beyond the
 * frames that it wrote: what follows has no valid checksum.
 */
function grow(fd: number): void {
  const zeros = new Uint8Array(1 << 20);
  try {
    for (let at = fstatSync(fd).size; at < logBytes; )
      at += writeSync(fd, zeros, 0, Math.min(zeros.byteLength, logBytes - at), at);
  } catch (error) {
    // It goes without, where there is no space.
    if (!isCode(error, "ENOSPC", "EDQUOT")) throw error;
  }
}
