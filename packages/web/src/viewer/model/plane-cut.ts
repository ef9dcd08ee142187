/** Where two slices cut each other. */
import type { Frame } from "./frame.ts";
import { cross, difference, dot, normalised, scaled, sum, type Vector } from "./geometry.ts";

/**
 * @returns the ends, in mm of the patient, of the line on `frame`'s image where `other`'s slice cuts it; undefined where
 * the two are parallel, apart, or of different frames of reference
 */
export function cutOf(frame: Frame, other: Frame): readonly [Vector, Vector] | undefined {
  const [plane, cutting] = [frame.plane, other.plane];
  if (plane === undefined || cutting === undefined) return undefined;
  if (frame.frameOfReferenceUid === undefined || frame.frameOfReferenceUid !== other.frameOfReferenceUid)
    return undefined;
  const direction = cross(plane.normal, cutting.normal);
  if (Math.hypot(...direction) < 0.05) return undefined;
  const width = (frame.columns - 1) * frame.pixelSize.column;
  const height = (frame.rows - 1) * frame.pixelSize.row;
  // In the image's own millimetres: x along rows, y along columns; the cut is a·x + b·y = c.
  const a = dot(plane.row, cutting.normal);
  const b = dot(plane.column, cutting.normal);
  const c = dot(difference(cutting.position, plane.position), cutting.normal);
  const ends: (readonly [number, number])[] = [];
  if (Math.abs(b) > 1e-6) ends.push([0, c / b], [width, (c - a * width) / b]);
  if (Math.abs(a) > 1e-6) ends.push([c / a, 0], [(c - b * height) / a, height]);
  const inside = ends.filter(([x, y]) => x >= -0.01 && x <= width + 0.01 && y >= -0.01 && y <= height + 0.01);
  const [first] = inside;
  if (first === undefined) return undefined;
  const last = inside.reduce((far, one) => (distance(one, first) > distance(far, first) ? one : far), first);
  if (distance(first, last) < 1e-6) return undefined;
  const at = ([x, y]: readonly [number, number]): Vector =>
    sum(plane.position, sum(scaled(normalised(plane.row), x), scaled(normalised(plane.column), y)));
  return [at(first), at(last)];
}

const distance = (a: readonly [number, number], b: readonly [number, number]): number =>
  Math.hypot(a[0] - b[0], a[1] - b[1]);
