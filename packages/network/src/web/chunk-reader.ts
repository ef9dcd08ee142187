/**
 * Reads a stream of bytes in as few pieces as it comes in. Byte streams, which sockets of Workers are, fill a buffer of
 * ours ("bring your own buffer"); without one they allocate 4 KiB for every read.
 */

export interface ChunkReader {
  /** The next bytes, which are the caller's to keep; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  cancel(): Promise<void>;
}

export function chunkReader(readable: ReadableStream<Uint8Array>): ChunkReader {
  const reader = byobReader(readable);
  return reader === undefined ? defaultReader(readable.getReader()) : new ByobReader(reader);
}

function byobReader(readable: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return readable.getReader({ mode: "byob" });
  } catch {
    return undefined; // any other stream: that is how it says so
  }
}

function defaultReader(reader: ReadableStreamDefaultReader<Uint8Array>): ChunkReader {
  return {
    read: async () => (await reader.read()).value,
    cancel: () => reader.cancel().catch(() => undefined),
  };
}

class ByobReader implements ChunkReader {
  readonly #reader: ReadableStreamBYOBReader;
  #size = smallest;

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read(new Uint8Array(this.#size));
    if (done || value === undefined) return undefined;
    // The size follows what comes: messages stay small, and images arrive in few pieces.
    if (value.byteLength === this.#size) this.#size = Math.min(this.#size * 4, largest);
    else if (value.byteLength < this.#size / 4) this.#size = Math.max(this.#size / 4, smallest);
    // Who keeps a few bytes must not keep the whole buffer they came in: queues count bytes, not buffers.
    return value.byteLength < value.buffer.byteLength / 2 ? value.slice() : value;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel().catch(() => undefined);
  }
}

const smallest = 1 << 12;
const largest = 1 << 18;
