/** Attributes that a search answers at each level: PS3.18 Tables 10.6.3-3, -4 and -5, and the optional ones. */
import { type Tag, tagOf } from "@isocenter/dicom";

export type SearchLevel = "STUDY" | "SERIES" | "IMAGE";

const tags = (keywords: string): readonly Tag[] =>
  keywords.split(/\s+/).map((keyword) => {
    const tag = tagOf(keyword);
    if (tag === undefined) throw new TypeError(`${keyword} is not in the dictionary`);
    return tag;
  });

/** Answered always. The unique keys of the levels above belong to them: a client cannot go on without. */
export const requiredAttributes: Readonly<Record<SearchLevel, readonly Tag[]>> = {
  STUDY: tags(
    `StudyDate StudyTime AccessionNumber ModalitiesInStudy ReferringPhysicianName TimezoneOffsetFromUTC PatientName
    PatientID PatientBirthDate PatientSex StudyInstanceUID StudyID NumberOfStudyRelatedSeries
    NumberOfStudyRelatedInstances`,
  ),
  SERIES: tags(
    `Modality TimezoneOffsetFromUTC SeriesDescription StudyInstanceUID SeriesInstanceUID SeriesNumber
    NumberOfSeriesRelatedInstances PerformedProcedureStepStartDate PerformedProcedureStepStartTime
    RequestAttributesSequence`,
  ),
  IMAGE: tags(
    `SOPClassUID SOPInstanceUID TimezoneOffsetFromUTC StudyInstanceUID SeriesInstanceUID InstanceNumber Rows Columns
    BitsAllocated NumberOfFrames`,
  ),
};

/** `includefield=all` for sources that do not know it: optional keys of PS3.4 C.6.1.1 and C.6.2.1. */
export const optionalAttributes: Readonly<Record<SearchLevel, readonly Tag[]>> = {
  STUDY: tags(
    `StudyDescription SOPClassesInStudy NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ProcedureCodeSequence
    IssuerOfPatientID PatientBirthTime OtherPatientNames EthnicGroup PatientComments PatientAge PatientSize
    PatientWeight Occupation AdditionalPatientHistory NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries
    NumberOfPatientRelatedInstances`,
  ),
  SERIES: tags(
    `SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName OperatorsName PerformingPhysicianName
    InstitutionName StationName Manufacturer ManufacturerModelName FrameOfReferenceUID PerformedProcedureStepID`,
  ),
  IMAGE: tags(
    `ContentDate ContentTime AcquisitionDate AcquisitionTime AcquisitionNumber ImageType ImageComments
    ConceptNameCodeSequence SliceLocation ImagePositionPatient ImageOrientationPatient`,
  ),
};

/** `/series` and `/instances` answer the levels above as well (PS3.18 10.6.1.1). */
export const levelsAbove: Readonly<Record<SearchLevel, readonly SearchLevel[]>> = {
  STUDY: [],
  SERIES: ["STUDY"],
  IMAGE: ["STUDY", "SERIES"],
};
