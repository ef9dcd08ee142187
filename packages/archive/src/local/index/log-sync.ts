/**
 * Syncs SQLite's write-ahead log, for all commits at once that wait for it, while the event loop goes on.
 *
 * The database itself runs with `synchronous=NORMAL`, which syncs at checkpoints only. A commit is acknowledged when the
 * log was synced after it: the same promise as `synchronous=FULL`, which would hold up the whole process at each commit.
 */
import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { ArchiveError } from "../../errors.ts";
import { InPlace } from "../in-place.ts";
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
  readonly #quick = new InPlace();

  readonly #mayBeInPlace: boolean;

  /** @param options.inPlace false: always on a thread */
  constructor(file: string, { inPlace = true }: { readonly inPlace?: boolean } = {}) {
    this.#file = file;
    this.#mayBeInPlace = inPlace;
  }

  /** When everything that was committed before the call is on stable storage. */
  durable(): Promise<void> {
    if (this.#running === undefined) {
      return this.#mayBeInPlace && this.#quick.isBetter()
        ? this.#syncInPlace()
        : (this.#running = this.#sync());
    }
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

  /** Never throws: async as it is. */
  // oxlint-disable-next-line typescript/require-await
  async #syncInPlace(): Promise<void> {
    try {
      const fd = this.#open();
      this.#quick.run(() => fdatasyncSync(fd));
    } catch (cause) {
      throw syncError(cause);
    }
  }

  async #sync(): Promise<void> {
    try {
      await datasync(this.#open());
    } catch (cause) {
      throw syncError(cause);
    } finally {
      if (this.#next === undefined) this.#running = undefined;
    }
  }

  #open(): number {
    this.#fd ??= openSync(this.#file, "r+");
    if (++this.#syncs === syncsUntilGrown) grow(this.#fd);
    return this.#fd;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

const syncError = (cause: unknown): ArchiveError =>
  new ArchiveError("storage-failed", "The index cannot be brought to the disk.", { cause });

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
