/**
 * A pair of web streams as a {@link Transport}. Backpressure is the streams' own: `desiredSize` and `ready` on the way
 * out, and on the way in nothing is asked of the stream while the transport is paused.
 */
import type { Transport, TransportDescription, TransportHandlers } from "../transport.ts";
import { type ChunkReader, chunkReader } from "./chunk-reader.ts";

export interface ByteStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** What is known of the streams beside their bytes. */
export interface StreamEnds {
  readonly description?: TransportDescription;
  /** Puts what the streams broke with into words. */
  readonly explain?: (error: Error) => Error;
  /** Ends the connection itself, where closing both streams is not all. */
  readonly end?: () => void;
}

/** The streams are locked from here on, and closed with the transport. */
export function streamTransport({ readable, writable }: ByteStreams, ends: StreamEnds = {}): Transport {
  return new StreamTransport(chunkReader(readable), writable.getWriter(), ends);
}

class StreamTransport implements Transport {
  readonly #reader: ChunkReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ends: StreamEnds;
  #handlers: TransportHandlers | undefined;
  #isClosed = false;
  #isPaused = false;
  #isReading = false;
  #isWaiting = false;
  /** Came while the transport was being paused. */
  #held: Uint8Array | undefined;
  #failure: Error | undefined;

  constructor(reader: ChunkReader, writer: WritableStreamDefaultWriter<Uint8Array>, ends: StreamEnds) {
    this.#reader = reader;
    this.#writer = writer;
    this.#ends = ends;
    // Reported where something was written; without this a broken stream would be an unhandled rejection as well.
    writer.closed.catch((error: unknown) => this.#ended(error));
  }

  get description(): TransportDescription {
    return this.#ends.description ?? {};
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    if (this.#isClosed) return queueMicrotask(() => handlers.onClose(this.#failure));
    void this.#read();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return true;
    this.#writer.write(joined(chunks)).catch((error: unknown) => this.#ended(error));
    if ((this.#writer.desiredSize ?? 0) > 0) return true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      void this.#drained();
    }
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    void this.#read();
  }

  close(): void {
    if (this.#isClosed) return;
    // After what was written; a peer that is gone already has nothing to wait for.
    const written = this.#writer.close().catch(() => undefined);
    void written.then(() => {
      this.#ends.end?.();
      return this.#reader.cancel();
    });
    this.#ended(undefined);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#writer.abort().catch(() => undefined);
    void this.#reader.cancel();
    this.#ends.end?.();
    this.#ended(undefined);
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#handlers === undefined) return;
    this.#isReading = true;
    try {
      while (!this.#isPaused && !this.#isClosed) {
        const chunk = this.#held ?? (await this.#reader.read());
        this.#held = undefined;
        if (chunk === undefined) return this.#ended(undefined);
        if (this.#isPaused) this.#held = chunk;
        else if (!this.#isClosed) this.#handlers.onData(chunk);
      }
    } catch (error) {
      this.#ended(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #drained(): Promise<void> {
    try {
      await this.#writer.ready;
    } catch (error) {
      return this.#ended(error);
    } finally {
      this.#isWaiting = false;
    }
    if (!this.#isClosed) this.#handlers?.onDrain();
  }

  #ended(error: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (error !== undefined) {
      const broken = error instanceof Error ? error : new Error("the stream broke", { cause: error });
      this.#failure = this.#ends.explain?.(broken) ?? broken;
    }
    queueMicrotask(() => this.#handlers?.onClose(this.#failure));
  }
}

/** One chunk, so that header and body of a PDU leave together: a stream has no gathered write. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
