/** Measurements as this page thinks of them: a tool, points on an image, values with their units. */
import { measureToolOf, type MeasureTool } from "../engine/tool-names.ts";
import type { Frame } from "../model/frame.ts";
import { difference, dot, scaled, sum, type Vector } from "../model/geometry.ts";

export type ValueName =
  | "length"
  | "angle"
  | "longAxis"
  | "shortAxis"
  | "area"
  | "mean"
  | "deviation"
  | "maximum"
  | "minimum"
  | "value";

export interface MeasuredValue {
  readonly name: ValueName;
  readonly value: number;
  /** As shown: `mm`, `mm²`, `°`, `HU`, `px`. */
  readonly unit: string;
}

/** Column and row; whole numbers are centres of pixels. */
export type ImagePoint = readonly [column: number, row: number];

export interface Measurement {
  readonly uid: string;
  readonly tool: MeasureTool;
  readonly frame: Frame;
  readonly label: string;
  readonly points: readonly ImagePoint[];
  readonly values: readonly MeasuredValue[];
  /** SOP Instance UID of the report that it was read from, or saved in. */
  readonly reportUid: string | undefined;
}

const noPlane = { position: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0] } as const;

export function imagePointOf(world: Vector, { plane, pixelSize }: Frame): ImagePoint {
  const { position, row, column } = plane ?? noPlane;
  const offset = difference(world, position);
  return [dot(offset, row) / pixelSize.column, dot(offset, column) / pixelSize.row];
}

export function worldPointOf([x, y]: ImagePoint, { plane, pixelSize }: Frame): Vector {
  const { position, row, column } = plane ?? noPlane;
  return sum(position, sum(scaled(row, x * pixelSize.column), scaled(column, y * pixelSize.row)));
}

/** What of the rendering library's annotations is read here. */
export interface LibraryAnnotation {
  readonly annotationUID?: string;
  readonly metadata?: { readonly toolName?: string; readonly referencedImageId?: string };
  readonly data: {
    readonly label?: string;
    readonly text?: string;
    readonly handles?: { readonly points?: readonly (readonly number[])[] };
    readonly contour?: { readonly polyline?: readonly (readonly number[])[] };
    readonly cachedStats?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}

export function measurementOf(
  annotation: LibraryAnnotation,
  frame: Frame,
  reportUid: string | undefined,
): Measurement | undefined {
  const { annotationUID: uid, metadata, data } = annotation;
  const tool = measureToolOf(metadata?.toolName ?? "");
  if (uid === undefined || tool === undefined) return undefined;
  const world = (tool === "freehand" ? data.contour?.polyline : data.handles?.points) ?? [];
  return {
    uid,
    tool,
    frame,
    label: data.text ?? data.label ?? "",
    points: world.map((point) => imagePointOf([point[0] ?? 0, point[1] ?? 0, point[2] ?? 0], frame)),
    values: valuesOf(tool, Object.values(data.cachedStats ?? {})[0] ?? {}),
    reportUid,
  };
}

function valuesOf(tool: MeasureTool, stats: Readonly<Record<string, unknown>>): MeasuredValue[] {
  const one = (name: ValueName, key: string, unit: unknown): MeasuredValue[] => {
    const given = stats[key];
    const value = Array.isArray(given) && given.length === 1 ? Number(given[0]) : given;
    if (typeof value !== "number" || !Number.isFinite(value)) return [];
    return [{ name, value, unit: typeof unit === "string" ? unit : "" }];
  };
  switch (tool) {
    case "length":
      return one("length", "length", stats["unit"]);
    case "angle":
    case "cobb":
      return one("angle", "angle", "°");
    case "bidirectional":
      return [...one("longAxis", "length", stats["unit"]), ...one("shortAxis", "width", stats["unit"])];
    case "probe":
      return one("value", "value", stats["modalityUnit"]);
    case "arrow":
      return [];
    default:
      return [
        ...one("area", "area", stats["areaUnit"]),
        ...one("mean", "mean", stats["modalityUnit"]),
        ...one("deviation", "stdDev", stats["modalityUnit"]),
        ...one("minimum", "min", stats["modalityUnit"]),
        ...one("maximum", "max", stats["modalityUnit"]),
      ];
  }
}

/** `42.3 mm`: one decimal for lengths and angles, two below ten. */
export function valueText({ value, unit }: MeasuredValue, language: string): string {
  const digits = Math.abs(value) < 10 ? 2 : 1;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  return `${number}${unit === "" ? "" : unit === "°" ? "°" : ` ${unit}`}`;
}
