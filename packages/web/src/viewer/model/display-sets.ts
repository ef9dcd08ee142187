/**
 * What can be put into a viewport: the images of a series as one stack, each multi-frame instance as a stack of its own,
 * and documents. Images that cannot stand in one stack (of another size) are apart.
 */
import type { DicomJson } from "../../api/types.ts";
import { number, Tag, text } from "../../dicom/attributes.ts";
import { type Frame, framesOfInstance } from "./frame.ts";
import { dot, isParallel, type Vector } from "./geometry.ts";

export type DisplaySetKind = "images" | "pdf" | "report" | "key-objects" | "waveform" | "overlay" | "other";

export interface DisplaySet {
  /** Series UID, or series and SOP Instance UID where a series gives several. */
  readonly id: string;
  readonly kind: DisplaySetKind;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly description: string;
  readonly seriesNumber: number | undefined;
  /** In the order in which they are looked at; empty for documents. */
  readonly frames: readonly Frame[];
  /** Of documents: the instance. */
  readonly instance: DicomJson | undefined;
  /** Frames follow each other in time. */
  readonly isCine: boolean;
  /** Frames per second that the images ask for. */
  readonly frameRate: number | undefined;
  /** Parallel slices at even distances in one frame of reference: what a volume is made of. */
  readonly isVolume: boolean;
}

const multiFrameSpatial = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(2\.1|2\.2|4\.1|4\.3|128\.1|130|20)$/;

export function displaySetsOf(instances: readonly DicomJson[], base: string): DisplaySet[] {
  const stacks = new Map<string, Frame[]>();
  const sets: DisplaySet[] = [];
  for (const instance of instances) {
    const kind = kindOf(text(instance, Tag.SOPClassUID) ?? "", instance);
    if (kind !== "images") {
      sets.push(documentSet(instance, kind));
      continue;
    }
    const frames = framesOfInstance(instance, base);
    const [first] = frames;
    if (first === undefined) continue;
    if (first.frameCount > 1) {
      sets.push(imageSet(`${first.seriesInstanceUid}/${first.sopInstanceUid}`, spatiallySorted(frames)));
      continue;
    }
    const key = `${first.rows}x${first.columns}`;
    const stack = stacks.get(key);
    if (stack === undefined) stacks.set(key, frames);
    else stack.push(...frames);
  }
  const single = [...stacks.values()].map((frames, index) => {
    const [first] = frames;
    const series = first?.seriesInstanceUid ?? "";
    return imageSet(index === 0 ? series : `${series}/${first?.sopInstanceUid}`, sortedStack(frames));
  });
  const all = [...single, ...sets];
  // A series that is one instance goes by its own name.
  const [only] = all;
  return all.length === 1 && only !== undefined ? [{ ...only, id: only.seriesInstanceUid }] : all;
}

function kindOf(sopClass: string, instance: DicomJson): DisplaySetKind {
  const storage = "1.2.840.10008.5.1.4.1.1.";
  if (sopClass === `${storage}104.1`) return "pdf";
  if (sopClass === `${storage}88.59`) return "key-objects";
  if (sopClass.startsWith(`${storage}88.`)) return "report";
  if (sopClass.startsWith(`${storage}9.`)) return "waveform";
  if (sopClass === `${storage}66.4` || sopClass === `${storage}481.3`) return "overlay";
  return number(instance, Tag.Rows) === undefined ? "other" : "images";
}

function documentSet(instance: DicomJson, kind: DisplaySetKind): DisplaySet {
  const series = text(instance, Tag.SeriesInstanceUID) ?? "";
  return {
    id: `${series}/${text(instance, Tag.SOPInstanceUID) ?? ""}`,
    kind,
    studyInstanceUid: text(instance, Tag.StudyInstanceUID) ?? "",
    seriesInstanceUid: series,
    modality: text(instance, Tag.Modality) ?? "",
    description: text(instance, Tag.DocumentTitle) ?? text(instance, Tag.SeriesDescription) ?? "",
    seriesNumber: number(instance, Tag.SeriesNumber),
    frames: [],
    instance,
    isCine: false,
    frameRate: undefined,
    isVolume: false,
  };
}

function imageSet(id: string, frames: readonly Frame[]): DisplaySet {
  const [first] = frames;
  const instance = first?.instance;
  const isCine = (first?.frameCount ?? 1) > 1 && !multiFrameSpatial.test(first?.sopClassUid ?? "");
  return {
    id,
    kind: "images",
    studyInstanceUid: first?.studyInstanceUid ?? "",
    seriesInstanceUid: first?.seriesInstanceUid ?? "",
    modality: first?.modality ?? "",
    description: text(instance, Tag.SeriesDescription) ?? "",
    seriesNumber: number(instance, Tag.SeriesNumber),
    frames,
    instance,
    isCine,
    frameRate: isCine ? frameRateOf(instance) : undefined,
    isVolume: !isCine && isVolume(frames),
  };
}

/** By recommendation, else by the time between frames; nothing is made up. */
function frameRateOf(instance: DicomJson | undefined): number | undefined {
  const recommended = number(instance, Tag.RecommendedDisplayFrameRate) ?? number(instance, Tag.CineRate);
  if (recommended !== undefined && recommended > 0) return recommended;
  const frameTime = number(instance, Tag.FrameTime);
  return frameTime !== undefined && frameTime > 0 ? 1000 / frameTime : undefined;
}

/** Along the normal where all slices share one; else by instance number, as the machine numbered them. */
function sortedStack(frames: readonly Frame[]): Frame[] {
  const normal = commonNormal(frames);
  if (normal !== undefined) return byPosition(frames, normal);
  return frames.toSorted(
    (a, b) =>
      (number(a.instance, Tag.InstanceNumber) ?? 0) - (number(b.instance, Tag.InstanceNumber) ?? 0) ||
      a.sopInstanceUid.localeCompare(b.sopInstanceUid),
  );
}

function spatiallySorted(frames: readonly Frame[]): readonly Frame[] {
  if (!multiFrameSpatial.test(frames[0]?.sopClassUid ?? "")) return frames;
  const normal = commonNormal(frames);
  return normal === undefined ? frames : byPosition(frames, normal);
}

/**
 * Axial stacks begin at the head, as films are hung; others as the normal goes. Slices at one place (phases, echoes) keep
 * the order of their numbers.
 */
function byPosition(frames: readonly Frame[], normal: Vector): Frame[] {
  const isAxial = Math.abs(normal[2]) > 0.7;
  const sign = isAxial && normal[2] > 0 ? -1 : 1;
  const place = (frame: Frame): number => (frame.plane === undefined ? 0 : dot(frame.plane.position, normal));
  return frames.toSorted(
    (a, b) =>
      sign * (place(a) - place(b)) ||
      (number(a.instance, Tag.InstanceNumber) ?? 0) - (number(b.instance, Tag.InstanceNumber) ?? 0),
  );
}

function commonNormal(frames: readonly Frame[]): Vector | undefined {
  const normal = frames[0]?.plane?.normal;
  if (normal === undefined) return undefined;
  return frames.every(({ plane }) => plane !== undefined && dot(plane.normal, normal) > 0.999)
    ? normal
    : undefined;
}

/** Distances between slices may differ by this part of their mean: rounding of positions, not missing slices. */
const unevenness = 0.05;

export function isVolume(frames: readonly Frame[]): boolean {
  const [first] = frames;
  const normal = commonNormal(frames);
  if (first?.plane === undefined || normal === undefined || frames.length < 5) return false;
  const { row, column } = first.plane;
  const places = frames.map(({ plane }) => plane?.position ?? first.plane?.position ?? ([0, 0, 0] as const));
  const isOne = frames.every(
    (frame) =>
      frame.frameOfReferenceUid === first.frameOfReferenceUid &&
      frame.plane !== undefined &&
      isParallel(frame.plane.row, row, 0.001),
  );
  if (!isOne || first.pixelSize.basis === "none") return false;
  const along = places.map((place) => dot(place, normal));
  const mean = ((along.at(-1) ?? 0) - (along[0] ?? 0)) / (along.length - 1);
  if (Math.abs(mean) < 0.001) return false;
  const start = places[0] ?? [0, 0, 0];
  return along.every((at, index) => {
    const place = places[index] ?? start;
    // A tilted gantry shifts each slice within its plane: its stack is no box.
    const shift: Vector = [place[0] - start[0], place[1] - start[1], place[2] - start[2]];
    const isStraight = Math.hypot(dot(shift, row), dot(shift, column)) < Math.abs(mean) * 0.5;
    const isEven = Math.abs(at - (along[0] ?? 0) - mean * index) < Math.abs(mean) * unevenness * 2;
    return isEven && isStraight;
  });
}
