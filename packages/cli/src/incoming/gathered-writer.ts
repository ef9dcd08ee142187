/**
 * Collects chunks and writes them in large, gathered writes. What fits into one is written at once, because the way to
 * another thread takes longer than the copy; the batches of a larger file are written while the next is collected.
 */
import { writev, writevSync } from "node:fs";

/** Bytes given to the system at a time. */
const batchBytes = 1 << 20;

export class GatheredWriter {
  readonly #descriptor: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  /** Bytes given so far. */
  bytes = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @returns a promise only when the writer is behind, so that small chunks cost no turn of the event loop */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.byteLength;
    this.bytes += chunk.byteLength;
    return this.#pendingBytes < batchBytes ? undefined : this.#startWrite();
  }

  /** Resolves when everything is with the system, and no write is under way: the file may be closed then. */
  async flush(): Promise<void> {
    await this.settled();
    const { chunks, bytes } = this.#take();
    let rest: readonly Uint8Array[] = chunks;
    for (let left = bytes; left > 0; ) {
      const written = writevSync(this.#descriptor, rest);
      left -= written;
      if (left > 0) rest = after(rest, written);
    }
  }

  /** Resolves when no write is under way. @throws what a write failed with */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Resolves when the batch before is out; the one that it starts goes on. */
  async #startWrite(): Promise<void> {
    await this.#writing;
    const { chunks, bytes } = this.#take();
    this.#writing = writeAll(this.#descriptor, chunks, bytes);
    this.#writing.catch(() => undefined); // thrown where it is waited for
  }

  #take(): { chunks: readonly Uint8Array[]; bytes: number } {
    const taken = { chunks: this.#pending, bytes: this.#pendingBytes };
    this.#pending = [];
    this.#pendingBytes = 0;
    return taken;
  }
}

async function writeAll(descriptor: number, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  let rest = chunks;
  for (let left = bytes; left > 0; ) {
    const written = await writeSome(descriptor, rest);
    left -= written;
    if (left > 0) rest = after(rest, written);
  }
}

function writeSome(descriptor: number, chunks: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(descriptor, chunks, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
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
