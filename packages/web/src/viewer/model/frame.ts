/**
 * One frame of an instance as the viewer needs it: where it is, how it lies in the patient, how large its pixels are and
 * how sure that is, and how stored values become modality values.
 *
 * Enhanced images keep these in functional groups (PS3.3 C.7.6.16), others at the top level.
 */
import type { DicomJson } from "../../api/types.ts";
import { items, number, numbers, Tag, text } from "../../dicom/attributes.ts";
import { cross, normalised, type Vector } from "./geometry.ts";
import { type PixelSize, pixelSizeOf } from "./pixel-size.ts";

export interface Plane {
  /** Centre of the first pixel, mm, LPS. */
  readonly position: Vector;
  /** Direction of a row: towards higher columns. */
  readonly row: Vector;
  /** Direction of a column: towards higher rows. */
  readonly column: Vector;
  readonly normal: Vector;
}

export interface Window {
  readonly center: number;
  readonly width: number;
  readonly label?: string;
}

export interface Frame {
  readonly imageId: string;
  /** Of the frame resource, from this origin's root. */
  readonly url: string;
  readonly instance: DicomJson;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  /** From 1. */
  readonly frameNumber: number;
  readonly frameCount: number;
  readonly rows: number;
  readonly columns: number;
  readonly modality: string;
  readonly plane: Plane | undefined;
  readonly frameOfReferenceUid: string | undefined;
  readonly pixelSize: PixelSize;
  readonly sliceThickness: number | undefined;
  readonly rescale: { readonly slope: number; readonly intercept: number };
  /** Factor from modality values to SUV by body weight, of PET series that have what it takes. */
  readonly suvFactor: number | undefined;
  /** Modality values are no whole numbers. */
  readonly hasFractions: boolean;
  readonly windows: readonly Window[];
}

/** The scheme of the image ids that the loader of this page answers. */
export const imageScheme = "isocenter";

/**
 * @param instance metadata of one instance
 * @param base path of the DICOMweb service, as `/dicom-web`
 */
export function framesOfInstance(instance: DicomJson, base: string): Frame[] {
  const study = text(instance, Tag.StudyInstanceUID) ?? "";
  const series = text(instance, Tag.SeriesInstanceUID) ?? "";
  const sop = text(instance, Tag.SOPInstanceUID) ?? "";
  const rows = number(instance, Tag.Rows);
  const columns = number(instance, Tag.Columns);
  if (rows === undefined || columns === undefined) return [];
  const frameCount = number(instance, Tag.NumberOfFrames) ?? 1;
  const modality = text(instance, Tag.Modality) ?? "";
  const suvFactor = suvFactorOf(instance, modality);
  return Array.from({ length: frameCount }, (_, index): Frame => {
    const groups = functionalGroups(instance, index);
    const url = `${base}/studies/${study}/series/${series}/instances/${sop}/frames/${index + 1}`;
    const plane = planeOf(groups);
    const rescale = rescaleOf(groups);
    const measures = groups.find(Tag.PixelMeasuresSequence, Tag.PixelSpacing);
    return {
      imageId: `${imageScheme}:${url}`,
      url,
      instance,
      studyInstanceUid: study,
      seriesInstanceUid: series,
      sopInstanceUid: sop,
      sopClassUid: text(instance, Tag.SOPClassUID) ?? "",
      frameNumber: index + 1,
      frameCount,
      rows,
      columns,
      modality,
      plane,
      frameOfReferenceUid: text(instance, Tag.FrameOfReferenceUID),
      pixelSize: pixelSizeOf(instance, numbers(measures, Tag.PixelSpacing), modality),
      sliceThickness:
        number(groups.find(Tag.PixelMeasuresSequence, Tag.SliceThickness), Tag.SliceThickness) ?? undefined,
      rescale,
      suvFactor,
      hasFractions: hasFractions(instance, rescale, suvFactor),
      windows: windowsOf(groups.find(Tag.FrameVOILUTSequence, Tag.WindowCenter)),
    };
  });
}

interface Groups {
  /** The data set that holds an attribute of a macro: the frame's, the shared, or the instance itself. */
  find(macro: string, tag: string): DicomJson | undefined;
}

function functionalGroups(instance: DicomJson, index: number): Groups {
  const own = items(instance, Tag.PerFrameFunctionalGroupsSequence)[index];
  const [shared] = items(instance, Tag.SharedFunctionalGroupsSequence);
  return {
    find(macro, tag) {
      for (const groups of [own, shared]) {
        const [found] = items(groups, macro);
        if (found?.[tag] !== undefined) return found;
      }
      return instance[tag] === undefined ? undefined : instance;
    },
  };
}

function planeOf(groups: Groups): Plane | undefined {
  const position = numbers(
    groups.find(Tag.PlanePositionSequence, Tag.ImagePositionPatient),
    Tag.ImagePositionPatient,
  );
  const [rx, ry, rz, cx, cy, cz] = numbers(
    groups.find(Tag.PlaneOrientationSequence, Tag.ImageOrientationPatient),
    Tag.ImageOrientationPatient,
  );
  const [x, y, z] = position;
  if (x === undefined || y === undefined || z === undefined) return undefined;
  if (rx === undefined || ry === undefined || rz === undefined) return undefined;
  if (cx === undefined || cy === undefined || cz === undefined) return undefined;
  const row = normalised([rx, ry, rz]);
  const column = normalised([cx, cy, cz]);
  const normal = cross(row, column);
  // Files with zeros for cosines exist; they tell nothing.
  if (Math.hypot(...normal) < 0.5) return undefined;
  return { position: [x, y, z], row, column, normal: normalised(normal) };
}

function hasFractions(
  instance: DicomJson,
  { slope, intercept }: Frame["rescale"],
  suv: number | undefined,
): boolean {
  const isFloat =
    instance[Tag.FloatPixelData] !== undefined || instance[Tag.DoubleFloatPixelData] !== undefined;
  return isFloat || suv !== undefined || !Number.isInteger(slope) || !Number.isInteger(intercept);
}

function rescaleOf(groups: Groups): Frame["rescale"] {
  const transformation = groups.find(Tag.PixelValueTransformationSequence, Tag.RescaleSlope);
  const slope = number(transformation, Tag.RescaleSlope);
  const intercept = number(transformation, Tag.RescaleIntercept);
  return { slope: slope === undefined || slope === 0 ? 1 : slope, intercept: intercept ?? 0 };
}

export function windowsOf(json: DicomJson | undefined): Window[] {
  const centers = numbers(json, Tag.WindowCenter);
  const widths = numbers(json, Tag.WindowWidth);
  const labels = json?.[Tag.WindowCenterWidthExplanation]?.Value ?? [];
  return centers.flatMap((center, index) => {
    const width = widths[index];
    const label = labels[index];
    if (width === undefined || width <= 0) return [];
    return [{ center, width, ...(typeof label === "string" && label !== "" ? { label } : {}) }];
  });
}

/**
 * Standardised uptake value by body weight, from Bq/ml that were corrected for decay to the start of the series (the
 * QIBA way). Undefined where an attribute is missing: a value that may be wrong is not called SUV.
 */
export function suvFactorOf(instance: DicomJson, modality: string): number | undefined {
  if (modality !== "PT" || text(instance, Tag.Units) !== "BQML") return undefined;
  const corrections = instance[Tag.CorrectedImage]?.Value ?? [];
  if (!corrections.includes("DECY") || !corrections.includes("ATTN")) return undefined;
  const [dose] = items(instance, Tag.RadiopharmaceuticalInformationSequence);
  const weight = number(instance, Tag.PatientWeight);
  const injected = number(dose, Tag.RadionuclideTotalDose);
  const halfLife = number(dose, Tag.RadionuclideHalfLife);
  if (weight === undefined || injected === undefined || halfLife === undefined || injected <= 0)
    return undefined;
  const correction = text(instance, Tag.DecayCorrection);
  if (correction === "ADMIN") return (weight * 1000) / injected;
  if (correction !== "START") return undefined;
  const start = seconds(text(instance, Tag.SeriesTime));
  const stamp = text(dose, Tag.RadiopharmaceuticalStartDateTime);
  const injection = seconds(stamp?.slice(8) ?? text(dose, Tag.RadiopharmaceuticalStartTime));
  if (start === undefined || injection === undefined) return undefined;
  const elapsed = start >= injection ? start - injection : start + 86_400 - injection;
  return (weight * 1000) / (injected * 2 ** (-elapsed / halfLife));
}

function seconds(time: string | undefined): number | undefined {
  const match = /^(\d{2})(\d{2})(\d{2}(?:\.\d+)?)/.exec(time ?? "");
  return match === null ? undefined : Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}
