/** From stored values to shades of grey: modality LUT, VOI LUT or window, presentation LUT shape (PS3.3 C.11). */
import type { DataSet } from "@isocenter/dicom";

export interface Window {
  readonly center: number;
  readonly width: number;
}

export interface Lookup {
  readonly firstMapped: number;
  readonly bits: number;
  readonly data: ArrayLike<number>;
}

/** A LUT of a sequence's first item, PS3.3 C.11.1.1 and C.11.2.1.1. */
export function lookupOf(item: DataSet | undefined, isSigned: boolean): Lookup | undefined {
  const [entries = 0, first = 0, bits = 16] = item?.numbers("LUTDescriptor") ?? [];
  const data = item?.numbers("LUTData") ?? [];
  if (item === undefined || data.length === 0) return undefined;
  // 0 entries mean 65,536; the first value mapped is signed where pixels are.
  const count = entries === 0 ? 65_536 : entries;
  const firstMapped = isSigned && first > 32_767 ? first - 65_536 : first;
  return { firstMapped, bits, data: data.slice(0, count) };
}

export function lookUp({ firstMapped, data }: Lookup, value: number): number {
  const index = Math.min(Math.max(Math.round(value) - firstMapped, 0), data.length - 1);
  return data[index] ?? 0;
}

/** Stored value to modality value: by LUT, or slope and intercept (C.11.1). */
export function modalityTransform(dataSet: DataSet, isSigned: boolean): (value: number) => number {
  const lookup = lookupOf(dataSet.items("ModalityLUTSequence")[0], isSigned);
  if (lookup !== undefined) return (value) => lookUp(lookup, value);
  const slope = functionalNumber(dataSet, "PixelValueTransformationSequence", "RescaleSlope") ?? 1;
  const intercept = functionalNumber(dataSet, "PixelValueTransformationSequence", "RescaleIntercept") ?? 0;
  return slope === 1 && intercept === 0 ? (value) => value : (value) => value * slope + intercept;
}

/** The image's first window, wherever it stands. */
export function windowOf(dataSet: DataSet): Window | undefined {
  const center = functionalNumber(dataSet, "FrameVOILUTSequence", "WindowCenter");
  const width = functionalNumber(dataSet, "FrameVOILUTSequence", "WindowWidth");
  return center === undefined || width === undefined || width <= 0 ? undefined : { center, width };
}

/** At the top level, or in the functional groups of an enhanced image (C.7.6.16). */
function functionalNumber(dataSet: DataSet, macro: string, keyword: string): number | undefined {
  const direct = dataSet.number(keyword);
  if (direct !== undefined) return direct;
  for (const groups of ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"]) {
    const found = dataSet.items(groups)[0]?.items(macro)[0]?.number(keyword);
    if (found !== undefined) return found;
  }
  return undefined;
}

export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/** @returns 0 to 1 for a modality value (C.11.2.1.2 and C.11.2.1.3) */
export function windowTransform({ center, width }: Window, shape: VoiFunction): (value: number) => number {
  if (shape === "SIGMOID") return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (shape === "LINEAR_EXACT") return (value) => clamp01((value - center) / width + 0.5);
  if (width <= 1) return (value) => (value > center - 0.5 ? 1 : 0);
  return (value) => clamp01((value - (center - 0.5)) / (width - 1) + 0.5);
}

export const clamp01 = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);
