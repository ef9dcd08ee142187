/**
 * A received data set on its way to whoever reads it: chunks in order, with backpressure to the transport when the
 * reader is slower than the peer.
 */
const highWaterMark = 1 << 20;
const lowWaterMark = 1 << 18;
/** What a waiting chunk takes beside its bytes: a peer must not fill the memory with tiny ones. */
const chunkCost = 200;

export class DataStream implements AsyncIterable<Uint8Array> {
  #queue: Uint8Array[] = [];
  #queued = 0;
  #paused = false;
  #state: "open" | "complete" | Error = "open";
  #wake: (() => void) | undefined;
  /** The reader went away; what still comes is dropped. */
  #discarding = false;
  readonly #flow: { pause(): void; resume(): void };

  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  push(chunk: Uint8Array): void {
    if (this.#discarding || chunk.byteLength === 0) return;
    this.#queue.push(chunk);
    this.#queued += chunk.byteLength + chunkCost;
    if (!this.#paused && this.#queued > highWaterMark) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#notify();
  }

  end(): void {
    if (this.#state === "open") this.#state = "complete";
    this.#notify();
  }

  fail(error: Error): void {
    if (this.#state === "open") this.#state = error;
    this.#notify();
  }

  /** Drops the rest, so that the next message can come. */
  discard(): void {
    this.#discarding = true;
    this.#queue = [];
    this.#queued = 0;
    this.#resume();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const batch = this.#queue;
        this.#queue = [];
        for (const chunk of batch) {
          this.#queued -= chunk.byteLength + chunkCost;
          yield chunk;
        }
        if (this.#queued < lowWaterMark) this.#resume();
        if (this.#queue.length > 0) continue;
        if (this.#state === "complete") return;
        if (this.#state !== "open") throw this.#state;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.discard();
    }
  }

  /** All of it in one piece. */
  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this) {
      chunks.push(chunk);
      length += chunk.byteLength;
    }
    const [only] = chunks;
    if (chunks.length === 1 && only !== undefined) return only;
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.byteLength;
    }
    return all;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#flow.resume();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
