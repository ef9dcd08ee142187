/** Measurements and key images out of documents: our own, and others' as far as they say where on an image they are. */
import type { DicomJson } from "../../api/types.ts";
import { items, number, numbers, Tag, text } from "../../dicom/attributes.ts";
import { measureTools, type MeasureTool } from "../engine/tool-names.ts";
import type { ImagePoint } from "./measurement.ts";
import { codes } from "./sr-codes.ts";
import { trackingPrefix } from "./sr-document.ts";

export interface ReadMeasurement {
  readonly uid: string;
  readonly tool: MeasureTool;
  readonly label: string;
  readonly points: readonly ImagePoint[];
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
}

/** @returns none where the document is no measurement report */
export function measurementsIn(document: DicomJson): ReadMeasurement[] {
  if (!isConcept(document, codes.report.value)) return [];
  return contentOf(document)
    .filter((item) => isConcept(item, codes.measurements.value))
    .flatMap(contentOf)
    .filter((item) => isConcept(item, codes.group.value))
    .flatMap((group) => {
      const read = readGroup(group);
      return read === undefined ? [] : [read];
    });
}

/** SOP Instance UIDs that a Key Object Selection selects. */
export function keyImagesIn(document: DicomJson): string[] {
  return contentOf(document)
    .filter((item) => text(item, Tag.ValueType) === "IMAGE")
    .flatMap((item) => items(item, Tag.ReferencedSOPSequence))
    .flatMap((reference) => text(reference, Tag.ReferencedSOPInstanceUID) ?? []);
}

function readGroup(group: DicomJson): ReadMeasurement | undefined {
  const children = contentOf(group);
  const coordinates = find(group, (item) => text(item, Tag.ValueType) === "SCOORD");
  if (coordinates === undefined) return undefined;
  const image = contentOf(coordinates).find((item) => text(item, Tag.ValueType) === "IMAGE");
  const [reference] = items(image, Tag.ReferencedSOPSequence);
  const sopInstanceUid = text(reference, Tag.ReferencedSOPInstanceUID);
  if (sopInstanceUid === undefined) return undefined;
  const data = numbers(coordinates, Tag.GraphicData);
  const points = Array.from(
    { length: Math.floor(data.length / 2) },
    (_, at): ImagePoint => [(data[at * 2] ?? 0) - 0.5, (data[at * 2 + 1] ?? 0) - 0.5],
  );
  const valueOf = (concept: string, tag: string): string | undefined =>
    text(
      children.find((item) => isConcept(item, concept)),
      tag,
    );
  const tracking = valueOf(codes.trackingId.value, Tag.TextValue) ?? "";
  const graphic = text(coordinates, Tag.GraphicType) ?? "";
  const tool = toolOf(tracking, graphic, points);
  if (tool === undefined) return undefined;
  const isOurs = tracking.startsWith(trackingPrefix);
  return {
    uid: valueOf(codes.trackingUid.value, Tag.UID) ?? crypto.randomUUID(),
    tool,
    label: valueOf(codes.comment.value, Tag.TextValue) ?? (isOurs ? "" : tracking),
    points: undrawn(tool, points),
    sopInstanceUid,
    frameNumber: number(reference, Tag.ReferencedFrameNumber) ?? 1,
  };
}

/** By our own name, else by the kind of drawing. */
function toolOf(tracking: string, graphic: string, points: readonly ImagePoint[]): MeasureTool | undefined {
  const own = measureTools.find((tool) => tracking === `${trackingPrefix}${tool}`);
  if (own !== undefined) return own;
  if (graphic === "POINT") return "probe";
  if (graphic === "ELLIPSE") return "ellipse";
  if (graphic !== "POLYLINE") return undefined;
  if (points.length === 2) return "length";
  const [first, last] = [points[0], points.at(-1)];
  const isClosed =
    first !== undefined && last !== undefined && Math.hypot(first[0] - last[0], first[1] - last[1]) < 0.01;
  if (points.length === 3 && !isClosed) return "angle";
  return isClosed ? "freehand" : undefined;
}

/** The reverse of how outlines are written. */
function undrawn(tool: MeasureTool, points: readonly ImagePoint[]): readonly ImagePoint[] {
  const [a, b, d, c] = points;
  if (tool === "rectangle" && a !== undefined && b !== undefined && c !== undefined && d !== undefined)
    return [a, b, c, d];
  return tool === "freehand" ? points.slice(0, -1) : points;
}

export const contentOf = (item: DicomJson): readonly DicomJson[] => items(item, Tag.ContentSequence);

export function isConcept(item: DicomJson, value: string): boolean {
  return text(items(item, Tag.ConceptNameCodeSequence)[0], Tag.CodeValue) === value;
}

function find(item: DicomJson, test: (item: DicomJson) => boolean): DicomJson | undefined {
  for (const child of contentOf(item)) {
    if (test(child)) return child;
    const deeper = find(child, test);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}
