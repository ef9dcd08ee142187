/**
 * `@isocenter/network/web`: associations over any pair of web streams of bytes: sockets of Cloudflare Workers, WebSocket
 * streams, or two TransformStreams in a test.
 */
import { type Association, type AssociateOptions, associateOver } from "../association.ts";
import type { Transport, TransportHandlers } from "../transport.ts";

export interface ByteStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Associates over streams that are connected already. @throws as `associateOver` */
export function associate(streams: ByteStreams, options: AssociateOptions): Promise<Association> {
  return associateOver(streamTransport(streams), options);
}

/** The streams are locked from here on, and closed with the transport. */
export function streamTransport({ readable, writable }: ByteStreams): Transport {
  return new StreamTransport(readable.getReader(), writable.getWriter());
}

class StreamTransport implements Transport {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #handlers: TransportHandlers | undefined;
  #isClosed = false;
  #isPaused = false;
  #isReading = false;
  #isWaiting = false;

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    writer: WritableStreamDefaultWriter<Uint8Array>,
  ) {
    this.#reader = reader;
    this.#writer = writer;
    // Reported where something was written; without this a broken stream would be an unhandled rejection as well.
    writer.closed.catch((error: unknown) => this.#ended(error));
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
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
    // Waits for what was written; the other side may be gone already.
    this.#writer.close().catch(() => undefined);
    this.#reader.cancel().catch(() => undefined);
    this.#ended(undefined);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#writer.abort().catch(() => undefined);
    this.#reader.cancel().catch(() => undefined);
    this.#ended(undefined);
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#isPaused && !this.#isClosed) {
        const { done, value } = await this.#reader.read();
        if (done) return this.#ended(undefined);
        this.#handlers?.onData(value);
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
    this.#handlers?.onDrain();
  }

  #ended(error: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const isReason = error === undefined || error instanceof Error;
    const reason = isReason ? error : new Error("the stream broke", { cause: error });
    queueMicrotask(() => this.#handlers?.onClose(reason));
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
