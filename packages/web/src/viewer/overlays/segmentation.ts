/** Segmentation objects (PS3.3 A.51): masks by segment, on the slices they were drawn on or those at the same place. */
import { decodeFrame } from "@isocenter/codecs";
import { decodePart10, framesOf } from "@isocenter/dicom";
import type { DicomJson } from "../../api/types.ts";
import { items, number, numbers, Tag, text } from "../../dicom/attributes.ts";
import { type Frame, framesOfInstance } from "../model/frame.ts";
import { dot, isParallel } from "../model/geometry.ts";
import { colours, labToRgb, type Overlay } from "./overlay.ts";

interface Mask {
  readonly frame: Frame;
  readonly source: string | undefined;
  readonly canvas: OffscreenCanvas;
}

const opacity = 110;

/** @param file the whole instance @param metadata the same instance's attributes */
export async function segmentationOverlays(
  file: Uint8Array,
  metadata: DicomJson,
): Promise<readonly Overlay[]> {
  const { dataSet, transferSyntaxUid } = decodePart10(file);
  const frames = framesOf(dataSet, transferSyntaxUid);
  const places = framesOfInstance(metadata, "");
  const groups = items(metadata, Tag.PerFrameFunctionalGroupsSequence);
  const segments = items(metadata, Tag.SegmentSequence).map((segment, index) => {
    const lab = numbers(segment, Tag.RecommendedDisplayCIELabValue);
    return {
      number: number(segment, Tag.SegmentNumber) ?? index + 1,
      label: text(segment, Tag.SegmentLabel) ?? "",
      colour:
        lab.length === 3 ? labToRgb(lab) : (colours[index % colours.length] ?? ([255, 255, 255] as const)),
      masks: [] as Mask[],
    };
  });
  for (const [index, frame] of places.entries()) {
    const [identification] = items(groups[index], Tag.SegmentIdentificationSequence);
    const segment = segments.find(
      (one) => one.number === number(identification, Tag.ReferencedSegmentNumber),
    );
    if (segment === undefined) continue;
    const { bytes } = await decodeFrame(frames, transferSyntaxUid, index);
    const canvas = maskOf(bytes, frame.columns, frame.rows, segment.colour);
    segment.masks.push({ frame, source: sourceOf(groups[index]), canvas });
  }
  const uid = text(metadata, Tag.SOPInstanceUID) ?? "";
  return segments.map(
    ({ number: segment, label, colour, masks }): Overlay => ({
      id: `${uid}/${segment}`,
      label: label || `Segment ${segment}`,
      colour,
      draw(context, frame, placement) {
        for (const mask of masks) {
          if (!isOn(mask, frame)) continue;
          context.setTransform(...placement);
          context.imageSmoothingEnabled = false;
          context.drawImage(mask.canvas, 0, 0);
        }
        context.setTransform(1, 0, 0, 1, 0, 0);
      },
    }),
  );
}

function sourceOf(groups: DicomJson | undefined): string | undefined {
  const [derivation] = items(groups, Tag.DerivationImageSequence);
  const [source] = items(derivation, Tag.SourceImageSequence);
  return text(source, Tag.ReferencedSOPInstanceUID);
}

/** Of the same grid: a mask that would have to be resampled is not drawn where it may not be. */
function isOn({ frame: mask, source }: Mask, frame: Frame): boolean {
  if (mask.columns !== frame.columns || mask.rows !== frame.rows) return false;
  if (source !== undefined) return source === frame.sopInstanceUid;
  const [a, b] = [mask.plane, frame.plane];
  if (a === undefined || b === undefined || mask.frameOfReferenceUid !== frame.frameOfReferenceUid)
    return false;
  if (!isParallel(a.row, b.row) || !isParallel(a.column, b.column)) return false;
  const away = a.position.map((at, axis) => at - (b.position[axis] ?? 0)) as [number, number, number];
  return Math.abs(dot(away, b.normal)) < 0.5 && Math.hypot(dot(away, b.row), dot(away, b.column)) < 0.5;
}

function maskOf(
  samples: Uint8Array,
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  const { data } = image;
  for (let pixel = 0; pixel < width * height; pixel++) {
    if ((samples[pixel] ?? 0) === 0) continue;
    const at = pixel * 4;
    // Edges stronger than what is inside, so that the image stays readable.
    const column = pixel % width;
    const isEdge =
      column === 0 ||
      column === width - 1 ||
      !samples[pixel - 1] ||
      !samples[pixel + 1] ||
      !samples[pixel - width] ||
      !samples[pixel + width];
    data[at] = red;
    data[at + 1] = green;
    data[at + 2] = blue;
    data[at + 3] = isEdge ? 230 : opacity;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}
