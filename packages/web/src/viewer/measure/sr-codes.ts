/** Codes of measurement reports (PS3.16 TID 1500), and the units that go with them. */
import type { MeasuredValue, Measurement } from "./measurement.ts";

export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

const code = (value: string, scheme: string, meaning: string): Code => ({ value, scheme, meaning });

export const codes = {
  report: code("126000", "DCM", "Imaging Measurement Report"),
  language: code("121049", "DCM", "Language of Content Item and Descendants"),
  english: code("en", "RFC5646", "English"),
  observerType: code("121005", "DCM", "Observer Type"),
  device: code("121007", "DCM", "Device"),
  deviceUid: code("121012", "DCM", "Device Observer UID"),
  deviceName: code("121013", "DCM", "Device Observer Name"),
  procedure: code("121058", "DCM", "Procedure reported"),
  imaging: code("363679005", "SCT", "Imaging procedure"),
  imageLibrary: code("111028", "DCM", "Image Library"),
  libraryGroup: code("126200", "DCM", "Image Library Group"),
  measurements: code("126010", "DCM", "Imaging Measurements"),
  group: code("125007", "DCM", "Measurement Group"),
  trackingId: code("112039", "DCM", "Tracking Identifier"),
  trackingUid: code("112040", "DCM", "Tracking Unique Identifier"),
  comment: code("121106", "DCM", "Comment"),
  derivation: code("121401", "DCM", "Derivation"),
  imageRegion: code("111030", "DCM", "Image Region"),
  keyObjects: code("113000", "DCM", "Of Interest"),
  mean: code("373098007", "SCT", "Mean"),
  deviation: code("386136009", "SCT", "Standard Deviation"),
  maximum: code("56851009", "SCT", "Maximum"),
  minimum: code("255605001", "SCT", "Minimum"),
} as const;

const concepts = {
  length: code("410668003", "SCT", "Length"),
  angle: code("1483009", "SCT", "Angle"),
  cobb: code("285285000", "SCT", "Cobb angle"),
  longAxis: code("103339001", "SCT", "Long Axis"),
  shortAxis: code("103340004", "SCT", "Short Axis"),
  area: code("42798000", "SCT", "Area"),
} as const;

/** What pixel values of the modality are. */
function pixelConcept({ frame }: Measurement): Code {
  if (frame.modality === "CT") return code("112031", "DCM", "Attenuation Coefficient");
  if (frame.modality === "MR") return code("110852", "DCM", "MR signal intensity");
  if (frame.suvFactor !== undefined) return code("126401", "DCM", "SUVbw");
  return code("pixel-value", "99ISOCENTER", "Pixel value");
}

/** @returns the concept, and how it was derived from pixels where it was */
export function conceptOf(
  measurement: Measurement,
  { name }: MeasuredValue,
): readonly [Code, Code | undefined] {
  switch (name) {
    case "angle":
      return [measurement.tool === "cobb" ? concepts.cobb : concepts.angle, undefined];
    case "mean":
    case "deviation":
    case "maximum":
    case "minimum":
      return [pixelConcept(measurement), codes[name]];
    case "value":
      return [pixelConcept(measurement), undefined];
    default:
      return [concepts[name], undefined];
  }
}

/** Shown units begin with these; what follows tells how the length was calibrated. */
const units: readonly (readonly [string, Code])[] = [
  ["mm²", code("mm2", "UCUM", "mm2")],
  ["mm\u00b2", code("mm2", "UCUM", "mm2")],
  ["cm²", code("cm2", "UCUM", "cm2")],
  ["px²", code("{pixels}2", "UCUM", "square pixels")],
  ["mm", code("mm", "UCUM", "mm")],
  ["cm", code("cm", "UCUM", "cm")],
  ["px", code("{pixels}", "UCUM", "pixels")],
  ["°", code("deg", "UCUM", "degree")],
  ["HU", code("[hnsf'U]", "UCUM", "Hounsfield unit")],
  ["SUV", code("g/ml{SUVbw}", "UCUM", "Standardized Uptake Value body weight")],
];

export function unitCode(unit: string): Code {
  return units.find(([start]) => unit.startsWith(start))?.[1] ?? code("1", "UCUM", "no units");
}
