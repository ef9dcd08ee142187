/**
 * Attributes of the modules that nearly every object has, by type (PS3.3 C.7, C.8, C.12): 1 must have a value, 2 must be
 * there. Conditional ones are not judged.
 */
export interface ModuleAttributes {
  readonly type1?: readonly string[];
  readonly type2?: readonly string[];
}

export const moduleAttributes: Readonly<Record<string, ModuleAttributes>> = {
  Patient: { type2: ["PatientName", "PatientID", "PatientBirthDate", "PatientSex"] },
  "General Study": {
    type1: ["StudyInstanceUID"],
    type2: ["StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"],
  },
  "General Series": { type1: ["Modality", "SeriesInstanceUID"], type2: ["SeriesNumber"] },
  "General Equipment": { type2: ["Manufacturer"] },
  "Enhanced General Equipment": {
    type1: ["Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions"],
  },
  "SOP Common": { type1: ["SOPClassUID", "SOPInstanceUID"] },
  "General Image": { type2: ["InstanceNumber"] },
  "Image Plane": {
    type1: ["PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient"],
    type2: ["SliceThickness"],
  },
  "Image Pixel": {
    type1: [
      "SamplesPerPixel",
      "PhotometricInterpretation",
      "Rows",
      "Columns",
      "BitsAllocated",
      "BitsStored",
      "HighBit",
      "PixelRepresentation",
    ],
  },
  "Frame of Reference": { type1: ["FrameOfReferenceUID"], type2: ["PositionReferenceIndicator"] },
  "CT Image": {
    type1: ["ImageType", "RescaleIntercept", "RescaleSlope"],
    type2: ["KVP", "AcquisitionNumber"],
  },
  "MR Image": {
    type1: ["ImageType", "ScanningSequence", "SequenceVariant"],
    type2: ["ScanOptions", "MRAcquisitionType", "EchoTime", "EchoTrainLength"],
  },
  "SC Equipment": { type1: ["ConversionType"] },
  "Multi-frame": { type1: ["NumberOfFrames"] },
  "Multi-frame Functional Groups": {
    type1: [
      "SharedFunctionalGroupsSequence",
      "PerFrameFunctionalGroupsSequence",
      "InstanceNumber",
      "ContentDate",
      "ContentTime",
      "NumberOfFrames",
    ],
  },
  "SR Document Series": {
    type1: ["Modality", "SeriesInstanceUID", "SeriesNumber"],
    type2: ["ReferencedPerformedProcedureStepSequence"],
  },
  "SR Document General": {
    type1: ["InstanceNumber", "CompletionFlag", "VerificationFlag", "ContentDate", "ContentTime"],
    type2: ["PerformedProcedureCodeSequence"],
  },
  "SR Document Content": { type1: ["ValueType"] },
  "Encapsulated Document": {
    type1: ["BurnedInAnnotation", "MIMETypeOfEncapsulatedDocument", "EncapsulatedDocument"],
    type2: ["DocumentTitle", "ConceptNameCodeSequence"],
  },
};
