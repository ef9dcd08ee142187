/**
 * How large a pixel is, and what that is known from (PS3.3 10.7).
 *
 * A spacing is never made up: without one, lengths are in pixels. In projections a spacing may be true at the detector
 * only, where everything looks larger than it is in the patient; that is said wherever a length is.
 */
import type { DicomJson } from "../../api/types.ts";
import { items, number, numbers, Tag, text } from "../../dicom/attributes.ts";

export type PixelSizeBasis =
  /** Measured by the machine in the patient: CT, MR, PT. */
  | "patient"
  /** A projection, calibrated for the depth of what it shows. */
  | "calibrated"
  /** A projection, at the detector. */
  | "detector"
  /** Of a scanned film. */
  | "film"
  /** Differs by region of an ultrasound picture. */
  | "regions"
  | "none";

export interface PixelSize {
  readonly basis: PixelSizeBasis;
  /** Between centres of adjacent rows, mm; without a basis, relative to `column`. */
  readonly row: number;
  /** Between centres of adjacent columns, mm. */
  readonly column: number;
  /** Detector spacing was divided by this: EstimatedRadiographicMagnificationFactor. */
  readonly magnification?: number;
}

const projections = new Set(["CR", "DX", "MG", "RF", "XA", "PX", "IO", "RG", "RTIMAGE", "DR"]);

/** @param spacing (0028,0030), from wherever the instance keeps it */
export function pixelSizeOf(instance: DicomJson, spacing: readonly number[], modality: string): PixelSize {
  const pixel = pairOf(spacing);
  const imager = pairOf(numbers(instance, Tag.ImagerPixelSpacing));
  if (items(instance, Tag.SequenceOfUltrasoundRegions).length > 0) return ofRegions(instance, pixel);
  if (!projections.has(modality) && imager === undefined) {
    if (pixel !== undefined) return { basis: "patient", ...pixel };
    const film = pairOf(numbers(instance, Tag.NominalScannedPixelSpacing));
    return film === undefined ? { basis: "none", ...aspectOf(instance) } : { basis: "film", ...film };
  }
  const isCalibrated = text(instance, Tag.PixelSpacingCalibrationType) !== undefined;
  if (pixel !== undefined && (isCalibrated || (imager !== undefined && !isSame(pixel, imager))))
    return { basis: "calibrated", ...pixel };
  const detector = imager ?? pixel;
  if (detector === undefined) return { basis: "none", ...aspectOf(instance) };
  const magnification = number(instance, Tag.EstimatedRadiographicMagnificationFactor);
  if (magnification !== undefined && magnification > 1) {
    return {
      basis: "calibrated",
      row: detector.row / magnification,
      column: detector.column / magnification,
      magnification,
    };
  }
  return { basis: "detector", ...detector };
}

interface Pair {
  readonly row: number;
  readonly column: number;
}

function pairOf([row, column]: readonly number[]): Pair | undefined {
  if (row === undefined || column === undefined || !(row > 0) || !(column > 0)) return undefined;
  return { row, column };
}

const isSame = (a: Pair, b: Pair): boolean =>
  Math.abs(a.row - b.row) < a.row * 0.001 && Math.abs(a.column - b.column) < a.column * 0.001;

/** (0028,0034) is vertical over horizontal size. */
function aspectOf(instance: DicomJson): Pair {
  const [vertical, horizontal] = numbers(instance, Tag.PixelAspectRatio);
  if (vertical === undefined || horizontal === undefined || !(vertical > 0) || !(horizontal > 0))
    return { row: 1, column: 1 };
  return { row: vertical / horizontal, column: 1 };
}

const centimetres = 3;

/** One spatial calibration for all regions that have one is that of the picture. */
function ofRegions(instance: DicomJson, pixel: Pair | undefined): PixelSize {
  const spacings = items(instance, Tag.SequenceOfUltrasoundRegions).flatMap((region) => {
    const isSpatial =
      number(region, Tag.PhysicalUnitsXDirection) === centimetres &&
      number(region, Tag.PhysicalUnitsYDirection) === centimetres;
    const pair = pairOf([
      Math.abs(number(region, Tag.PhysicalDeltaY) ?? 0) * 10,
      Math.abs(number(region, Tag.PhysicalDeltaX) ?? 0) * 10,
    ]);
    return isSpatial && pair !== undefined ? [pair] : [];
  });
  const [first] = spacings;
  if (first !== undefined && spacings.every((one) => isSame(one, first)))
    return { basis: "regions", ...first };
  if (pixel !== undefined && spacings.length === 0) return { basis: "patient", ...pixel };
  return { basis: spacings.length > 0 ? "regions" : "none", row: 1, column: 1 };
}
