/** Collects chunks and writes them in large, gathered writes; the next ones are collected while one is under way. */
import type { FileHandle } from "node:fs/promises";

/** Bytes given to the system at a time. */
const batchBytes = 1 << 20;

export class GatheredWriter {
  readonly #file: FileHandle;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  /** Bytes given so far. */
  bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @returns a promise only when the writer is behind, so that small chunks cost no turn of the event loop */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.byteLength;
    this.bytes += chunk.byteLength;
    return this.#pendingBytes < batchBytes ? undefined : this.#startWrite();
  }

  async flush(): Promise<void> {
    await this.#startWrite();
    await this.#writing;
  }

  /** Resolves when the batch before is out; the one that it starts goes on. */
  async #startWrite(): Promise<void> {
    await this.#writing;
    const chunks = this.#pending;
    const bytes = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (bytes === 0) return;
    this.#writing = writeAll(this.#file, chunks, bytes);
    this.#writing.catch(() => undefined); // thrown where it is waited for
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  let rest = chunks;
  for (let left = bytes; left > 0; ) {
    const { bytesWritten } = await file.writev(rest);
    left -= bytesWritten;
    if (left > 0) rest = after(rest, bytesWritten);
  }
}

function after(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const chunk of chunks) {
    if (skip >= chunk.byteLength) skip -= chunk.byteLength;
    else {
      rest.push(chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
