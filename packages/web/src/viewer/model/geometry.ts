/** Vectors in the patient (mm, LPS), and the letters of directions. */

export type Vector = readonly [number, number, number];

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export const scaled = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
export const sum = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const difference = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

export function normalised(a: Vector): Vector {
  const length = Math.hypot(...a);
  return length === 0 ? a : scaled(a, 1 / length);
}

export const isParallel = (a: Vector, b: Vector, tolerance = 0.01): boolean =>
  Math.abs(dot(a, b)) > 1 - tolerance;

/**
 * Letters of a direction, the strongest first: `L`, `PL`, `HPR` (PS3.3 C.7.6.1.1.1).
 * Parts below 12 % of the direction are left out, as readers do not care for a tilt of a few degrees.
 */
export function directionLetters(direction: Vector): string {
  const [x, y, z] = direction;
  const parts: readonly (readonly [number, string])[] = [
    [Math.abs(x), x > 0 ? "L" : "R"],
    [Math.abs(y), y > 0 ? "P" : "A"],
    [Math.abs(z), z > 0 ? "H" : "F"],
  ];
  return parts
    .filter(([strength]) => strength > 0.12)
    .toSorted(([a], [b]) => b - a)
    .map(([, letter]) => letter)
    .join("");
}
