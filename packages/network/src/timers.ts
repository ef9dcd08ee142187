/** Time as an argument: the real clock, or a test's. */

export interface Clock {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Milliseconds, monotonic. */
  now(): number;
}

export const systemClock: Clock = {
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  now: () => performance.now(),
};

/** Milliseconds; 0 means no limit. */
export interface Timeouts {
  /** Until the transport is connected. Default 10 s. */
  readonly connectMs?: number;
  /** Until the association request is answered. Default 15 s. */
  readonly associationMs?: number;
  /** Until the peer sends anything more for an operation. Default 60 s. */
  readonly dimseMs?: number;
  /** An acceptor ends an association that is idle for so long. Default 5 min. */
  readonly idleMs?: number;
  /** ARTIM, PS3.8 9.1.5: until a new connection sends its request, or a dying one closes. Default 30 s. */
  readonly artimMs?: number;
}

export const defaultTimeouts: Required<Timeouts> = {
  connectMs: 10_000,
  associationMs: 15_000,
  dimseMs: 60_000,
  idleMs: 300_000,
  artimMs: 30_000,
};
