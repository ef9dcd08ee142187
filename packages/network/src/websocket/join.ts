/** Two transports as one line: a relay. */
import type { Transport } from "../transport.ts";

export interface JoinHandlers {
  /** Something passes. */
  onBytes?(): void;
  /** One side ended, the first of them. Closing the other is left to this; without it, it is closed in order. */
  onEnd?(by: Transport, other: Transport, error: Error | undefined): void;
}

/** Passes bytes on, both ways, no faster than each side takes them. */
export function joinTransports(a: Transport, b: Transport, handlers: JoinHandlers = {}): void {
  let isOver = false;
  const pass = (from: Transport, to: Transport): void => {
    from.start({
      onData(chunk) {
        handlers.onBytes?.();
        if (!to.write([chunk])) from.pause();
      },
      onDrain: () => to.resume(),
      onClose(error) {
        if (isOver) return;
        isOver = true;
        if (handlers.onEnd === undefined) to.close();
        else handlers.onEnd(from, to, error);
      },
    });
  };
  pass(a, b);
  pass(b, a);
}
