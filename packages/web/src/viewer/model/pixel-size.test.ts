import { describe, expect, it } from "vitest";
import type { DicomJson } from "../../api/types.ts";
import { Tag } from "../../dicom/attributes.ts";
import { pixelSizeOf } from "./pixel-size.ts";

const json = (values: Readonly<Record<string, unknown>>): DicomJson =>
  Object.fromEntries(
    Object.entries(values).map(([tag, value]) => [tag, { vr: "UN", Value: [value].flat() }]),
  ) as DicomJson;

describe("pixel sizes", () => {
  it("are the patient's in slices", () => {
    expect(pixelSizeOf({}, [0.7, 0.5], "CT")).toEqual({ basis: "patient", row: 0.7, column: 0.5 });
  });
  it("are never made up: without a spacing there is only an aspect", () => {
    expect(pixelSizeOf({}, [], "OT")).toEqual({ basis: "none", row: 1, column: 1 });
    expect(pixelSizeOf(json({ [Tag.PixelAspectRatio]: [2, 1] }), [], "OT")).toEqual({
      basis: "none",
      row: 2,
      column: 1,
    });
    expect(pixelSizeOf({}, [0, 0], "CT").basis).toBe("none");
  });
  it("are true at the detector only where a projection says no more", () => {
    const imager = json({ [Tag.ImagerPixelSpacing]: [0.2, 0.2] });
    expect(pixelSizeOf(imager, [], "DX")).toMatchObject({ basis: "detector", row: 0.2 });
    expect(pixelSizeOf(imager, [0.2, 0.2], "DX").basis).toBe("detector");
    expect(pixelSizeOf({}, [0.14, 0.14], "CR").basis).toBe("detector");
  });
  it("are calibrated where the spacing differs from the detector's, or says how it was found", () => {
    const imager = json({ [Tag.ImagerPixelSpacing]: [0.2, 0.2] });
    expect(pixelSizeOf(imager, [0.17, 0.17], "XA")).toMatchObject({ basis: "calibrated", row: 0.17 });
    const fiducial = json({ [Tag.PixelSpacingCalibrationType]: "FIDUCIAL" });
    expect(pixelSizeOf(fiducial, [0.2, 0.2], "CR").basis).toBe("calibrated");
    const magnified = json({
      [Tag.ImagerPixelSpacing]: [0.2, 0.2],
      [Tag.EstimatedRadiographicMagnificationFactor]: 1.25,
    });
    expect(pixelSizeOf(magnified, [], "XA")).toMatchObject({
      basis: "calibrated",
      row: 0.16,
      magnification: 1.25,
    });
  });
  it("of ultrasound are those of its regions, as far as these agree", () => {
    const region = (delta: number) =>
      json({
        [Tag.PhysicalUnitsXDirection]: 3,
        [Tag.PhysicalUnitsYDirection]: 3,
        [Tag.PhysicalDeltaX]: delta,
        [Tag.PhysicalDeltaY]: delta,
      });
    const one = json({ [Tag.SequenceOfUltrasoundRegions]: [region(0.05)] });
    expect(pixelSizeOf(one, [], "US")).toEqual({ basis: "regions", row: 0.5, column: 0.5 });
    const two = json({ [Tag.SequenceOfUltrasoundRegions]: [region(0.05), region(0.02)] });
    expect(pixelSizeOf(two, [], "US")).toEqual({ basis: "regions", row: 1, column: 1 });
  });
});
