/** Answers the rendering library's questions about our frames. */
import { Enums, metaData } from "@cornerstonejs/core";
import { items, number, Tag, text } from "../../dicom/attributes.ts";
import type { Frame } from "../model/frame.ts";
import { frameOf } from "./frame-registry.ts";

export function addMetadataProvider(): void {
  metaData.addProvider(provide, 10_000);
}

function provide(type: string, imageId: unknown): unknown {
  if (typeof imageId !== "string") return undefined;
  const frame = frameOf(imageId);
  if (frame === undefined) return undefined;
  return answers[type]?.(frame);
}

const calibrations = new WeakMap<Frame, object>();

const answers: Readonly<Record<string, (frame: Frame) => unknown>> = {
  imagePlaneModule,
  imagePixelModule,
  generalSeriesModule: (frame) => ({
    modality: frame.modality,
    seriesInstanceUID: frame.seriesInstanceUid,
    studyInstanceUID: frame.studyInstanceUid,
    seriesNumber: number(frame.instance, Tag.SeriesNumber),
  }),
  generalImageModule: (frame) => ({
    sopInstanceUID: frame.sopInstanceUid,
    instanceNumber: number(frame.instance, Tag.InstanceNumber),
  }),
  sopCommonModule: (frame) => ({ sopInstanceUID: frame.sopInstanceUid, sopClassUID: frame.sopClassUid }),
  voiLutModule: (frame) => {
    const [window] = frame.windows;
    return window === undefined ? undefined : { windowCenter: [window.center], windowWidth: [window.width] };
  },
  modalityLutModule: ({ rescale }) => ({
    rescaleSlope: rescale.slope,
    rescaleIntercept: rescale.intercept,
  }),
  scalingModule: ({ suvFactor }) => (suvFactor === undefined ? undefined : { suvbw: suvFactor }),
  petSeriesModule: (frame) => ({ units: text(frame.instance, Tag.Units) }),
  calibratedPixelSpacing: calibration,
  // Asked for where WebGL does not draw.
  calibrationModule: calibration,
};

function imagePlaneModule(frame: Frame): object {
  const { plane, pixelSize, rows, columns } = frame;
  const row = plane?.row ?? [1, 0, 0];
  const column = plane?.column ?? [0, 1, 0];
  return {
    rows,
    columns,
    frameOfReferenceUID: frame.frameOfReferenceUid ?? frame.sopInstanceUid,
    imageOrientationPatient: [...row, ...column],
    rowCosines: row,
    columnCosines: column,
    imagePositionPatient: plane?.position ?? [0, 0, 0],
    pixelSpacing: [pixelSize.row, pixelSize.column],
    rowPixelSpacing: pixelSize.row,
    columnPixelSpacing: pixelSize.column,
    sliceThickness: frame.sliceThickness,
    // "Default values" is what the library calls a spacing that is none: its tools then measure in pixels.
    usingDefaultValues: pixelSize.basis === "none" || pixelSize.basis === "regions",
  };
}

function imagePixelModule({ instance }: Frame): object {
  const bitsAllocated = number(instance, Tag.BitsAllocated) ?? 8;
  return {
    bitsAllocated,
    bitsStored: number(instance, Tag.BitsStored) ?? bitsAllocated,
    highBit: number(instance, Tag.HighBit),
    samplesPerPixel: number(instance, Tag.SamplesPerPixel) ?? 1,
    pixelRepresentation: number(instance, Tag.PixelRepresentation) ?? 0,
    photometricInterpretation: text(instance, Tag.PhotometricInterpretation) ?? "MONOCHROME2",
  };
}

/** What the tools write behind a length: that it is true at the detector only, or by region. One object per frame. */
function calibration(frame: Frame): object | undefined {
  const known = calibrations.get(frame);
  if (known !== undefined) return known;
  const made = calibrationOf(frame);
  if (made !== undefined) calibrations.set(frame, made);
  return made;
}

function calibrationOf({ pixelSize, instance }: Frame): object | undefined {
  switch (pixelSize.basis) {
    case "detector":
    case "film":
      return { type: Enums.CalibrationTypes.PROJECTION };
    case "calibrated":
      return { type: Enums.CalibrationTypes.CALIBRATED };
    case "regions":
      return { sequenceOfUltrasoundRegions: ultrasoundRegions(instance) };
    case "none":
      return { type: Enums.CalibrationTypes.UNCALIBRATED };
    case "patient":
      return undefined;
  }
}

function ultrasoundRegions(instance: Frame["instance"]): readonly object[] {
  return items(instance, Tag.SequenceOfUltrasoundRegions).map((region) => ({
    regionLocationMinX0: number(region, Tag.RegionLocationMinX0),
    regionLocationMinY0: number(region, Tag.RegionLocationMinY0),
    regionLocationMaxX1: number(region, Tag.RegionLocationMaxX1),
    regionLocationMaxY1: number(region, Tag.RegionLocationMaxY1),
    regionDataType: number(region, Tag.RegionDataType),
    physicalUnitsXDirection: number(region, Tag.PhysicalUnitsXDirection),
    physicalUnitsYDirection: number(region, Tag.PhysicalUnitsYDirection),
    physicalDeltaX: number(region, Tag.PhysicalDeltaX),
    physicalDeltaY: number(region, Tag.PhysicalDeltaY),
    referencePixelX0: number(region, Tag.ReferencePixelX0),
    referencePixelY0: number(region, Tag.ReferencePixelY0),
  }));
}
