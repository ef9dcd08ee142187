/** What can be drawn over an image. */
import type { Frame } from "../model/frame.ts";

/** From pixels of the image to those of the canvas, as `setTransform` takes it: corners of pixels are whole numbers. */
export type Placement = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Overlay {
  readonly id: string;
  readonly label: string;
  /** Red, green and blue, 0 to 255. */
  readonly colour: readonly [number, number, number];
  draw(context: CanvasRenderingContext2D, frame: Frame, placement: Placement): void;
}

/** Colours of segments that bring none: told apart by those who do not see red and green, too. */
export const colours: readonly (readonly [number, number, number])[] = [
  [86, 180, 233],
  [230, 159, 0],
  [0, 158, 115],
  [240, 228, 66],
  [204, 121, 167],
  [213, 94, 0],
  [0, 114, 178],
];

/** CIELab as DICOM packs it (PS3.3 C.10.7.1.1) to sRGB. */
export function labToRgb([l16 = 0, a16 = 0, b16 = 0]: readonly number[]): readonly [number, number, number] {
  const l = (l16 / 65_535) * 100;
  const a = (a16 / 65_535) * 255 - 128;
  const b = (b16 / 65_535) * 255 - 128;
  const fy = (l + 16) / 116;
  const inverse = (t: number): number => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
  const [x, y, z] = [0.9505 * inverse(fy + a / 500), inverse(fy), 1.089 * inverse(fy - b / 200)];
  const gamma = (linear: number): number => {
    const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.max(linear, 0) ** (1 / 2.4) - 0.055;
    return Math.round(Math.min(1, Math.max(0, value)) * 255);
  };
  return [
    gamma(3.2406 * x - 1.5372 * y - 0.4986 * z),
    gamma(-0.9689 * x + 1.8758 * y + 0.0415 * z),
    gamma(0.0557 * x - 0.204 * y + 1.057 * z),
  ];
}
