/** Work that must go one at a time, by name. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Resolves when it is the caller's turn, with what ends it.
   * @throws the signal's reason, when that is aborted while it waits
   */
  async take(name: string, signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const before = this.#last.get(name) ?? Promise.resolve();
    let end = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      end = resolve;
    });
    const turn = before.then(() => mine);
    this.#last.set(name, turn);
    void turn.then(() => {
      if (this.#last.get(name) === turn) this.#last.delete(name);
    });
    const aborted = abortOf(signal);
    try {
      await Promise.race([before, aborted.promise]);
      signal?.throwIfAborted();
      return end;
    } catch (error) {
      end();
      throw error;
    } finally {
      aborted.forget();
    }
  }
}

function abortOf(signal: AbortSignal | undefined): { readonly promise: Promise<void>; forget(): void } {
  let onAbort = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    onAbort = () => resolve();
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  return { promise, forget: () => signal?.removeEventListener("abort", onAbort) };
}
