/** A data set to send: encoded bytes, whole, as they come, or from where they can be read. */

/**
 * Bytes that are read into memory of the sender's, in order and once: a file. Nothing is allocated on the way, and each
 * PDU is filled where it lies.
 */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /**
   * Fills the views one after another with the bytes from `position` on.
   * @returns how many bytes that were; fewer than the views take only at the end
   */
  read(views: readonly Uint8Array[], position: number): number | Promise<number>;
  /** Called once, however the sending went. */
  close(): void | Promise<void>;
}

export type Outgoing = Uint8Array | AsyncIterable<Uint8Array> | ByteSource;

export const isByteSource = (outgoing: Outgoing): outgoing is ByteSource =>
  !(outgoing instanceof Uint8Array) && !(Symbol.asyncIterator in outgoing);

/** The same bytes in chunks, for who has to look at them. */
export async function* chunksOf(outgoing: Outgoing): AsyncGenerator<Uint8Array> {
  if (outgoing instanceof Uint8Array) yield outgoing;
  else if (!isByteSource(outgoing)) yield* outgoing;
  else {
    try {
      for (let at = 0; at < outgoing.size; ) {
        const chunk = new Uint8Array(Math.min(chunkBytes, outgoing.size - at));
        const count = await outgoing.read([chunk], at);
        if (count === 0) throw new Error("The source ended before its size.");
        yield chunk.subarray(0, count);
        at += count;
      }
    } finally {
      await outgoing.close();
    }
  }
}

const chunkBytes = 1 << 18;
