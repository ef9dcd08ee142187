/** Work on many things with several at a time, as one stream of results. */

/**
 * Results as they come, not in the order of the source. Nothing is taken from the source before there is somebody to
 * work on it; leaving the loop early takes no more, and waits for what is under way.
 * @throws the first failure of the source or of the work, after what was under way has ended
 */
export async function* mapConcurrently<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  if (concurrency <= 1) {
    for await (const item of source) yield await work(item);
    return;
  }
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const results = new ResultQueue<R>();
  let isStopped = false;
  let turn: Promise<unknown> = Promise.resolve();
  /** One at a time: generators answer overlapping calls in order, plain iterators need not. */
  const take = (): Promise<IteratorResult<T>> => {
    const taken = turn.then(() => iterator.next());
    turn = taken.catch(() => undefined); // who took it gets the error
    return taken;
  };
  const worker = async (): Promise<void> => {
    while (!isStopped) {
      const { done, value } = await take();
      if (done === true) return;
      results.push(await work(value));
    }
  };
  const workers = Array.from({ length: concurrency }, () =>
    worker().catch((error: unknown) => {
      isStopped = true;
      results.fail(error);
    }),
  );
  const finished = Promise.all(workers).then(() => results.end());
  try {
    yield* results;
  } finally {
    isStopped = true;
    await finished;
    await iterator.return?.();
  }
}

/** Results from several producers for one consumer. */
export class ResultQueue<R> implements AsyncIterable<R> {
  readonly #results: R[] = [];
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(result: R): void {
    this.#results.push(result);
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Results that came before a failure are given out first. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R> {
    for (;;) {
      while (this.#results.length > 0) yield this.#results.shift() as R;
      if (this.#isEnded || this.#failure !== undefined) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
