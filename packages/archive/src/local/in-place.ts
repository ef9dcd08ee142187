/**
 * Whether a call to the disk is made in place or on a thread. To hand a read of cached pages, or a sync of a quick disk,
 * to a thread and to be woken again takes longer than the call itself, and whoever waits for an answer waits for that
 * too. On slower disks the event loop must go on meanwhile. Which it is, is measured.
 */

/** Calls that usually take no longer are made in place. */
const quickMs = 0.5;
/** One that took very long says no more than this. */
const mostMs = 1;
/** So often a disk that was slow is tried again. */
const callsUntilTried = 50;
/** In one turn of the event loop no more than this is spent: a loop over many objects must not keep everyone out. */
const mostInTurnMs = 2;

export class InPlace {
  #calls = 0;
  /** What a call takes, smoothed. */
  #usualMs = 0;
  #inTurnMs = 0;

  /** Whether the next call is better made with {@link run}. */
  isBetter(): boolean {
    if (this.#inTurnMs > mostInTurnMs) return false;
    return this.#usualMs < quickMs || ++this.#calls % callsUntilTried === 0;
  }

  run<T>(call: () => T): T {
    const begin = performance.now();
    const result = call();
    const took = performance.now() - begin;
    this.#usualMs += (Math.min(mostMs, took) - this.#usualMs) / 5;
    if (this.#inTurnMs === 0) {
      setImmediate(() => {
        this.#inTurnMs = 0;
      });
    }
    this.#inTurnMs += Math.max(took, 0.001);
    return result;
  }
}
