/** Metadata of slices, for tests. */
import type { DicomJson } from "../api/types.ts";
import { Tag } from "../dicom/attributes.ts";

export interface SliceOptions {
  readonly sop?: string;
  readonly position?: readonly number[];
  readonly orientation?: readonly number[];
  readonly rows?: number;
  readonly number?: number;
  readonly frames?: number;
  readonly sopClass?: string;
  readonly frameOfReference?: string;
}

const element = (vr: string, ...Value: readonly (string | number)[]) => ({ vr, Value });

export function sliceJson({
  sop = "1.2.3.1",
  position = [0, 0, 0],
  orientation = [1, 0, 0, 0, 1, 0],
  rows = 64,
  number = 1,
  frames = 1,
  sopClass = "1.2.840.10008.5.1.4.1.1.2",
  frameOfReference = "1.2.3.9",
}: SliceOptions = {}): DicomJson {
  return {
    [Tag.SOPClassUID]: element("UI", sopClass),
    [Tag.SOPInstanceUID]: element("UI", sop),
    [Tag.StudyInstanceUID]: element("UI", "1.2.3"),
    [Tag.SeriesInstanceUID]: element("UI", "1.2.3.0"),
    [Tag.PatientName]: { vr: "PN", Value: [{ Alphabetic: "Doe^Jane" }] },
    [Tag.PatientID]: element("LO", "4711"),
    [Tag.Modality]: element("CS", "CT"),
    [Tag.InstanceNumber]: element("IS", number),
    [Tag.Rows]: element("US", rows),
    [Tag.Columns]: element("US", 64),
    [Tag.PixelSpacing]: element("DS", 0.5, 0.25),
    [Tag.NumberOfFrames]: element("IS", frames),
    [Tag.FrameOfReferenceUID]: element("UI", frameOfReference),
    [Tag.ImagePositionPatient]: element("DS", ...position),
    [Tag.ImageOrientationPatient]: element("DS", ...orientation),
  };
}

/** A stack along z, feet first. */
export const stackJson = (count: number, spacing = 2): DicomJson[] =>
  Array.from({ length: count }, (_, index) =>
    sliceJson({ sop: `1.2.3.1.${index}`, position: [0, 0, index * spacing], number: index + 1 }),
  );
