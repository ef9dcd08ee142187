/** Between web streams and iterations: where they meet, backpressure and cancelling must go through. */

/** Enough that a server reads the next instances while the last is on its way. */
const readAhead = 2 << 20;

/** Not every runtime's streams are iterable. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // it has ended, or was broken off
  }
}

/**
 * A stream that pulls from an iteration and ends it when nobody reads any more. An error on the way breaks the
 * connection off: a body that ends as if it were complete would be a lie.
 */
export function streamOf(
  source: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void = () => undefined,
): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          onError(error);
          controller.error(error);
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    // The next chunk is read while the last is on its way.
    new ByteLengthQueuingStrategy({ highWaterMark: readAhead }),
  );
}

/**
 * An iteration with a `close` that runs once when it ends in whichever way, also when it is given up before its first
 * step, where a generator's own `finally` would not run.
 */
export function ensuring<T>(source: AsyncIterable<T>, close: () => Promise<unknown>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]();
      let isClosed = false;
      const closeOnce = async (): Promise<void> => {
        if (isClosed) return;
        isClosed = true;
        await close();
      };
      return {
        async next() {
          try {
            const next = await iterator.next();
            if (next.done === true) await closeOnce();
            return next;
          } catch (error) {
            await closeOnce();
            throw error;
          }
        },
        async return() {
          try {
            await iterator.return?.();
          } finally {
            await closeOnce();
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}
