/** Values out of DICOM JSON (PS3.18 F), by tag in hex. Missing and empty are the same: undefined, or no values. */
import type { DicomJson, DicomJsonElement } from "../api/types.ts";

export function text(json: DicomJson | undefined, tag: string): string | undefined {
  const [value] = json?.[tag]?.Value ?? [];
  if (value === null || value === undefined || value === "") return undefined;
  if (typeof value === "object") return personText(value);
  return String(value);
}

export function texts(json: DicomJson | undefined, tag: string): readonly string[] {
  return (json?.[tag]?.Value ?? []).map((value) =>
    typeof value === "object" && value !== null ? personText(value) : String(value ?? ""),
  );
}

export function number(json: DicomJson | undefined, tag: string): number | undefined {
  const [value] = json?.[tag]?.Value ?? [];
  const parsed = typeof value === "number" ? value : typeof value === "string" ? Number(value) : Number.NaN;
  return Number.isFinite(parsed) ? parsed : undefined;
}

/** All of them, or none where one is no number. */
export function numbers(json: DicomJson | undefined, tag: string): readonly number[] {
  const values = (json?.[tag]?.Value ?? []).map(Number);
  return values.every(Number.isFinite) ? values : [];
}

export function items(json: DicomJson | undefined, tag: string): readonly DicomJson[] {
  return (json?.[tag]?.Value ?? []).filter(
    (value): value is DicomJson => typeof value === "object" && value !== null,
  );
}

export function element(json: DicomJson | undefined, tag: string): DicomJsonElement | undefined {
  return json?.[tag];
}

/** The three groups of a name as DICOM writes them: `Alphabetic=Ideographic=Phonetic`. */
function personText(value: { readonly [key: string]: unknown }): string {
  const groups = ["Alphabetic", "Ideographic", "Phonetic"].map((group) => value[group]);
  return groups
    .map((group) => (typeof group === "string" ? group : ""))
    .join("=")
    .replace(/=+$/, "");
}

/** The tags that this page reads. */
export const Tag = {
  SpecificCharacterSet: "00080005",
  ImageType: "00080008",
  SOPClassUID: "00080016",
  SOPInstanceUID: "00080018",
  StudyDate: "00080020",
  SeriesDate: "00080021",
  ContentDate: "00080023",
  AcquisitionTime: "00080032",
  StudyTime: "00080030",
  SeriesTime: "00080031",
  ContentTime: "00080033",
  AccessionNumber: "00080050",
  Modality: "00080060",
  ModalitiesInStudy: "00080061",
  Manufacturer: "00080070",
  InstitutionName: "00080080",
  ReferringPhysicianName: "00080090",
  CodeValue: "00080100",
  CodingSchemeDesignator: "00080102",
  CodeMeaning: "00080104",
  StudyDescription: "00081030",
  SeriesDescription: "0008103E",
  ReferencedSeriesSequence: "00081115",
  ReferencedImageSequence: "00081140",
  ReferencedSOPClassUID: "00081150",
  ReferencedSOPInstanceUID: "00081155",
  ReferencedFrameNumber: "00081160",
  RetrieveURL: "00081190",
  FailedSOPSequence: "00081198",
  FailureReason: "00081197",
  ReferencedSOPSequence: "00081199",
  WarningReason: "00081196",
  DerivationImageSequence: "00089124",
  SourceImageSequence: "00082112",
  PatientName: "00100010",
  PatientID: "00100020",
  PatientBirthDate: "00100030",
  PatientSex: "00100040",
  PatientWeight: "00101030",
  BodyPartExamined: "00180015",
  SliceThickness: "00180050",
  KVP: "00180060",
  SpacingBetweenSlices: "00180088",
  FrameTime: "00181063",
  FrameTimeVector: "00181065",
  RadiopharmaceuticalStartTime: "00181072",
  RadionuclideTotalDose: "00181074",
  RadionuclideHalfLife: "00181075",
  RadiopharmaceuticalStartDateTime: "00181078",
  DistanceSourceToPatient: "00181111",
  EstimatedRadiographicMagnificationFactor: "00181114",
  ImagerPixelSpacing: "00181164",
  RecommendedDisplayFrameRate: "00082144",
  CineRate: "00180040",
  SequenceOfUltrasoundRegions: "00186011",
  RegionLocationMinX0: "00186018",
  RegionLocationMinY0: "0018601A",
  RegionLocationMaxX1: "0018601C",
  RegionLocationMaxY1: "0018601E",
  RegionSpatialFormat: "00186012",
  RegionDataType: "00186014",
  RegionFlags: "00186016",
  PhysicalUnitsXDirection: "00186024",
  PhysicalUnitsYDirection: "00186026",
  PhysicalDeltaX: "0018602C",
  PhysicalDeltaY: "0018602E",
  ReferencePixelX0: "00186020",
  ReferencePixelY0: "00186022",
  StudyInstanceUID: "0020000D",
  SeriesInstanceUID: "0020000E",
  StudyID: "00200010",
  SeriesNumber: "00200011",
  InstanceNumber: "00200013",
  ImagePositionPatient: "00200032",
  ImageOrientationPatient: "00200037",
  FrameOfReferenceUID: "00200052",
  PlanePositionSequence: "00209113",
  PlaneOrientationSequence: "00209116",
  NumberOfStudyRelatedSeries: "00201206",
  NumberOfStudyRelatedInstances: "00201208",
  NumberOfSeriesRelatedInstances: "00201209",
  SamplesPerPixel: "00280002",
  PhotometricInterpretation: "00280004",
  PlanarConfiguration: "00280006",
  NumberOfFrames: "00280008",
  Rows: "00280010",
  Columns: "00280011",
  PixelSpacing: "00280030",
  PixelAspectRatio: "00280034",
  CorrectedImage: "00280051",
  BitsAllocated: "00280100",
  BitsStored: "00280101",
  HighBit: "00280102",
  PixelRepresentation: "00280103",
  PixelPaddingValue: "00280120",
  PixelPaddingRangeLimit: "00280121",
  PixelSpacingCalibrationType: "00280A02",
  PixelSpacingCalibrationDescription: "00280A04",
  PixelMeasuresSequence: "00289110",
  FrameVOILUTSequence: "00289132",
  PixelValueTransformationSequence: "00289145",
  WindowCenter: "00281050",
  WindowWidth: "00281051",
  RescaleIntercept: "00281052",
  RescaleSlope: "00281053",
  RescaleType: "00281054",
  WindowCenterWidthExplanation: "00281055",
  VOILUTFunction: "00281056",
  ModalityLUTSequence: "00283000",
  VOILUTSequence: "00283010",
  LossyImageCompression: "00282110",
  LossyImageCompressionRatio: "00282112",
  NominalScannedPixelSpacing: "00182010",
  ContentSequence: "0040A730",
  ConceptNameCodeSequence: "0040A043",
  ConceptCodeSequence: "0040A168",
  CompletionFlag: "0040A491",
  VerificationFlag: "0040A493",
  RelationshipType: "0040A010",
  ValueType: "0040A040",
  TextValue: "0040A160",
  DateTime: "0040A120",
  Date: "0040A121",
  Time: "0040A122",
  PersonName: "0040A123",
  UID: "0040A124",
  MeasuredValueSequence: "0040A300",
  NumericValue: "0040A30A",
  MeasurementUnitsCodeSequence: "004008EA",
  CurrentRequestedProcedureEvidenceSequence: "0040A375",
  WaveformSequence: "54000100",
  Units: "00541001",
  DecayCorrection: "00541102",
  RadiopharmaceuticalInformationSequence: "00540016",
  DocumentTitle: "00420010",
  MIMETypeOfEncapsulatedDocument: "00420012",
  SegmentSequence: "00620002",
  SegmentNumber: "00620004",
  SegmentLabel: "00620005",
  SegmentationType: "00620001",
  RecommendedDisplayCIELabValue: "0062000D",
  SegmentIdentificationSequence: "0062000A",
  ReferencedSegmentNumber: "0062000B",
  StructureSetROISequence: "30060020",
  ROINumber: "30060022",
  ROIName: "30060026",
  ROIContourSequence: "30060039",
  ROIDisplayColor: "3006002A",
  ContourSequence: "30060040",
  ContourImageSequence: "30060016",
  ContourGeometricType: "30060042",
  ContourData: "30060050",
  ReferencedROINumber: "30060084",
  GraphicData: "00700022",
  GraphicType: "00700023",
  SharedFunctionalGroupsSequence: "52009229",
  PerFrameFunctionalGroupsSequence: "52009230",
  FloatPixelData: "7FE00008",
  DoubleFloatPixelData: "7FE00009",
  PixelData: "7FE00010",
} as const;
