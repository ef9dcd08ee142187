/** Time that passes when it is told to. */
import type { Clock } from "../timers.ts";

export interface ManualClock extends Clock {
  /** Runs what falls due, in its order, also what that sets up. */
  pass(ms: number): void;
  /** Timers that run. */
  readonly pending: number;
}

export function manualClock(): ManualClock {
  let now = 0;
  const timers = new Map<object, { at: number; callback: () => void }>();
  const next = (until: number): [object, { at: number; callback: () => void }] | undefined =>
    [...timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
  return {
    now: () => now,
    setTimeout(callback, ms) {
      const handle = {};
      timers.set(handle, { at: now + ms, callback });
      return handle;
    },
    clearTimeout: (handle) => void timers.delete(handle as object),
    get pending() {
      return timers.size;
    },
    pass(ms) {
      const until = now + ms;
      for (let due = next(until); due !== undefined; due = next(until)) {
        const [handle, { at, callback }] = due;
        timers.delete(handle);
        now = at;
        callback();
      }
      now = until;
    },
  };
}
