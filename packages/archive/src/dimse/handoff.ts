/**
 * From handlers that are given instances (C-STORE requests of a C-GET or a C-MOVE) to a consumer that asks for them.
 *
 * A small instance is read to its end and answered before the consumer comes to it, so that the peer goes on; a large one
 * is passed as it arrives, with backpressure to the peer, and answered when the consumer has read it.
 */
import type { InstanceStream } from "../image-source.ts";

/** Bytes of instances read ahead, over all; and of one, above which it is passed as a stream. */
const aheadBytes = 32 << 20;
const largeBytes = 4 << 20;

export interface Received {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly sourceAeTitle?: string;
}

interface Item {
  readonly instance: InstanceStream;
  /** The consumer is done with it. */
  readonly done: () => void;
}

export class Handoff implements AsyncIterable<InstanceStream> {
  readonly #items: Item[] = [];
  #ahead = 0;
  #wake: (() => void) | undefined;
  #room: (() => void)[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #isAbandoned = false;

  /** Resolves when the instance may be answered with success. @throws what breaks its bytes off */
  async give(received: Received, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    while (this.#ahead >= aheadBytes && !this.#isAbandoned)
      await new Promise<void>((resolve) => this.#room.push(resolve));
    const head: Uint8Array[] = [];
    let length = 0;
    const source = bytes[Symbol.asyncIterator]();
    let isWhole = false;
    while (length < largeBytes) {
      const { done, value } = await source.next();
      if (done === true) {
        isWhole = true;
        break;
      }
      head.push(value);
      length += value.byteLength;
    }
    if (isWhole) {
      this.#ahead += length;
      this.#push({ ...received, size: length, dataSet: () => listed(head) }, () => {
        this.#ahead -= length;
        for (const resolve of this.#room.splice(0)) resolve();
      });
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const dataSet = async function* (): AsyncGenerator<Uint8Array> {
        try {
          yield* head;
          for (let next = await source.next(); next.done !== true; next = await source.next())
            yield next.value;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          throw error;
        }
      };
      this.#push({ ...received, dataSet }, resolve);
    });
  }

  /** Nothing more comes. */
  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  /** Each instance is the consumer's until it asks for the next. @throws the error of {@link end}, after what came */
  async *[Symbol.asyncIterator](): AsyncGenerator<InstanceStream> {
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item !== undefined) {
          try {
            yield item.instance;
          } finally {
            item.done();
          }
          continue;
        }
        if (this.#ended !== undefined) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#ended.error !== undefined) throw this.#ended.error;
    } finally {
      this.#isAbandoned = true;
      for (const { done } of this.#items.splice(0)) done();
      for (const resolve of this.#room.splice(0)) resolve();
    }
  }

  #push(instance: InstanceStream, done: () => void): void {
    if (this.#isAbandoned) return done();
    this.#items.push({ instance, done });
    this.#wake?.();
  }
}

async function* listed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
