/**
 * A pair of web streams as a {@link Transport}. On the way in nothing is asked of the stream while the transport is paused.
 * On the way out bytes are counted until their write is done: `desiredSize` counts chunks in some streams, bytes in others,
 * and in sockets of Workers nothing.
 *
 * Byte streams are read as any other: workerd gives 4 KiB a read whatever buffer it is brought (BYOB), and is slower then.
 */
import type { Transport, TransportDescription, TransportHandlers } from "../transport.ts";

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
  return new StreamTransport(readable.getReader(), writable.getWriter(), ends);
}

class StreamTransport implements Transport {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ends: StreamEnds;
  #handlers: TransportHandlers | undefined;
  #isClosed = false;
  #isPaused = false;
  #isReading = false;
  #isWaiting = false;
  /** Bytes given to the stream that it has not taken yet. */
  #underWay = 0;
  /** Came while the transport was being paused. */
  #held: Uint8Array | undefined;
  #failure: Error | undefined;

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    ends: StreamEnds,
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.#ends = ends;
    // Reported where something was written; without this a broken stream would be an unhandled rejection as well.
    writer.closed.catch((error: unknown) => this.#broken(error));
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
    const bytes = joined(chunks);
    this.#underWay += bytes.byteLength;
    this.#writer.write(bytes).then(
      () => this.#written(bytes.byteLength),
      (error: unknown) => this.#broken(error),
    );
    this.#isWaiting ||= this.#underWay >= highWaterMark;
    return !this.#isWaiting;
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
      this.#reader.cancel().catch(() => undefined);
    });
    this.#ended();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#writer.abort().catch(() => undefined);
    this.#reader.cancel().catch(() => undefined);
    this.#ends.end?.();
    this.#ended();
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#handlers === undefined) return;
    this.#isReading = true;
    try {
      while (!this.#isPaused && !this.#isClosed) {
        const chunk = this.#held ?? (await this.#reader.read()).value;
        this.#held = undefined;
        if (chunk === undefined) return this.close(); // the peer's half is closed: nothing can be answered any more
        if (this.#isPaused) this.#held = chunk;
        else if (!this.#isClosed) this.#handlers.onData(chunk);
      }
    } catch (error) {
      this.#broken(error);
    } finally {
      this.#isReading = false;
    }
  }

  #written(bytes: number): void {
    this.#underWay -= bytes;
    if (!this.#isWaiting || this.#underWay > highWaterMark / 2) return;
    this.#isWaiting = false;
    if (!this.#isClosed) this.#handlers?.onDrain();
  }

  #broken(error: unknown): void {
    if (this.#isClosed) return;
    const broken = error instanceof Error ? error : new Error("the stream broke", { cause: error });
    this.#failure = this.#ends.explain?.(broken) ?? broken;
    this.destroy(); // the other stream too
  }

  #ended(): void {
    this.#isClosed = true;
    queueMicrotask(() => this.#handlers?.onClose(this.#failure));
  }
}

/** Bytes. */
const highWaterMark = 1 << 20;

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
