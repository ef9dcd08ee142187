/** What stands over a pane's picture, read from its viewport after each rendering. */
import type { StackViewport } from "@cornerstonejs/core";
import { utilities } from "@cornerstonejs/core";
import { Tag, text } from "../../dicom/attributes.ts";
import { frameOf } from "../engine/frame-registry.ts";
import type { Frame } from "../model/frame.ts";
import { difference, directionLetters, normalised, type Vector } from "../model/geometry.ts";

export interface PaneView {
  readonly frame: Frame;
  readonly index: number;
  readonly count: number;
  readonly window: { readonly center: number; readonly width: number } | undefined;
  readonly isInverted: boolean;
  /** Screen pixels per image pixel. */
  readonly magnification: number;
  /** mm per CSS pixel; undefined where the size of a pixel is not known. */
  readonly millimetresPerPixel: number | undefined;
  readonly letters: {
    readonly left: string;
    readonly right: string;
    readonly top: string;
    readonly bottom: string;
  };
}

export function paneViewOf(viewport: StackViewport): PaneView | undefined {
  const frame = frameOf(viewport.getCurrentImageId());
  if (frame === undefined || viewport.getCornerstoneImage() === undefined) return undefined;
  const { clientWidth: width, clientHeight: height } = viewport.element;
  if (width === 0 || height === 0) return undefined;
  const at = (x: number, y: number): Vector => viewport.canvasToWorld([x, y]) as unknown as Vector;
  const middle = [width / 2, height / 2] as const;
  const across = difference(at(middle[0] + 50, middle[1]), at(middle[0] - 50, middle[1]));
  const down = difference(at(middle[0], middle[1] + 50), at(middle[0], middle[1] - 50));
  const millimetres = Math.hypot(...across) / 100;
  const { voiRange, invert } = viewport.getProperties();
  const isColour = viewport.getCornerstoneImage().color;
  const window =
    voiRange === undefined || isColour
      ? undefined
      : utilities.windowLevel.toWindowLevel(voiRange.lower, voiRange.upper);
  return {
    frame,
    index: viewport.getCurrentImageIdIndex(),
    count: viewport.getNumberOfSlices(),
    window: window === undefined ? undefined : { center: window.windowCenter, width: window.windowWidth },
    isInverted: invert === true,
    magnification: (frame.pixelSize.column / millimetres) * devicePixelRatio,
    millimetresPerPixel: frame.pixelSize.basis === "none" ? undefined : millimetres,
    letters:
      frame.plane === undefined
        ? projectionLetters(frame, normalised(across), normalised(down))
        : lettersOfView(viewport),
  };
}

/** Of projections, by Patient Orientation (0020,0020), which names rows' and columns' ends. */
function projectionLetters(frame: Frame, across: Vector, down: Vector): PaneView["letters"] {
  const [row = "", column = ""] = (frame.instance["00200020"]?.Value ?? []).map(String);
  const towards = ([x, y]: Vector): string => {
    if (Math.abs(Math.abs(x) - Math.abs(y)) < 0.3) return "";
    if (Math.abs(x) > Math.abs(y)) return x > 0 ? row : opposed(row);
    return y > 0 ? column : opposed(column);
  };
  const reverse = ([x, y, z]: Vector): Vector => [-x, -y, -z];
  return {
    right: towards(across),
    left: towards(reverse(across)),
    bottom: towards(down),
    top: towards(reverse(down)),
  };
}

const opposites: Readonly<Record<string, string>> = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

export const opposed = (letters: string): string =>
  Array.from(letters, (letter) => opposites[letter] ?? "").join("");

/** Of a plane through a volume, wherever it was turned to. */
export function lettersOfView(
  viewport: Pick<StackViewport, "element"> & { canvasToWorld(point: [number, number]): readonly number[] },
): PaneView["letters"] {
  const { clientWidth: width, clientHeight: height } = viewport.element;
  const at = (x: number, y: number): Vector => viewport.canvasToWorld([x, y]) as unknown as Vector;
  const [x, y] = [width / 2, height / 2];
  const across = normalised(difference(at(x + 50, y), at(x - 50, y)));
  const down = normalised(difference(at(x, y + 50), at(x, y - 50)));
  const opposite = ([a, b, c]: Vector): Vector => [-a, -b, -c];
  return {
    right: directionLetters(across),
    left: directionLetters(opposite(across)),
    bottom: directionLetters(down),
    top: directionLetters(opposite(down)),
  };
}

export interface PixelUnderPointer {
  readonly column: number;
  readonly row: number;
  /** Modality value, or red, green and blue. */
  readonly values: readonly number[];
}

export function pixelAt(
  viewport: StackViewport,
  canvas: readonly [number, number],
): PixelUnderPointer | undefined {
  const image = viewport.getCornerstoneImage();
  const frame = frameOf(viewport.getCurrentImageId());
  if (image === undefined || frame === undefined) return undefined;
  const world = viewport.canvasToWorld([canvas[0], canvas[1]]) as unknown as Vector;
  const { position, row, column } = frame.plane ?? {
    position: [0, 0, 0] as const,
    row: [1, 0, 0] as const,
    column: [0, 1, 0] as const,
  };
  const offset = difference(world, position);
  const along = (axis: Vector): number => offset[0] * axis[0] + offset[1] * axis[1] + offset[2] * axis[2];
  const x = Math.round(along(row) / frame.pixelSize.column);
  const y = Math.round(along(column) / frame.pixelSize.row);
  if (x < 0 || y < 0 || x >= frame.columns || y >= frame.rows) return undefined;
  const pixels = image.getPixelData();
  const components = image.color ? pixels.length / (frame.rows * frame.columns) : 1;
  const start = (y * frame.columns + x) * components;
  return { column: x, row: y, values: Array.from(pixels.subarray(start, start + Math.min(components, 3))) };
}

/** What modality values of an image are in. */
export function valueUnit({ modality, suvFactor, instance }: Frame): string {
  if (modality === "CT") return "HU";
  if (modality === "PT") return suvFactor === undefined ? (text(instance, Tag.Units) ?? "") : "SUV";
  const type = text(instance, Tag.RescaleType);
  return type === undefined || type === "US" ? "" : type;
}
