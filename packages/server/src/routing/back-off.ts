/** How long to wait after a failure: longer each time, and not for everything at the same moment. */

export interface BackOff {
  readonly firstMs: number;
  readonly mostMs: number;
}

export const defaultBackOff: BackOff = { firstMs: 5000, mostMs: 3_600_000 };

/** @param failures from 1 @param random from 0 to 1 */
export function waitAfter(failures: number, { firstMs, mostMs }: BackOff, random = Math.random()): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(40, failures - 1));
  return Math.round(whole * (0.75 + random / 2));
}
