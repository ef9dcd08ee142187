/**
 * Which attribute lives at which level, and which of them can be matched.
 *
 * The unique, required and useful optional keys of PS3.4 C.6.1.1 and C.6.2.1. Attributes of a level are answered from
 * the level's `attributes` JSON; those with a column are matched in the database.
 */
import { type Tag, tagOf } from "@isocenter/dicom";
import type { QueryLevel } from "../image-source.ts";

/** How a key's value is compared, PS3.4 C.2.2.2. */
export type Matching = "text" | "folded" | "person-name" | "date" | "time" | "uid" | "number-text" | "member";

export interface MatchingKey {
  readonly level: QueryLevel;
  /** `table.column` of the index. */
  readonly column: string;
  readonly matching: Matching;
}

/** Attributes kept in the `attributes` JSON of their level. */
export const levelAttributes: Readonly<Record<Exclude<QueryLevel, "IMAGE">, readonly Tag[]>> = {
  PATIENT: tags(
    "PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientNames EthnicGroup PatientComments",
  ),
  STUDY: tags(
    "StudyDate StudyTime AccessionNumber StudyID StudyInstanceUID ReferringPhysicianName StudyDescription NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory ProcedureCodeSequence IssuerOfAccessionNumberSequence TimezoneOffsetFromUTC",
  ),
  SERIES: tags(
    "Modality SeriesNumber SeriesInstanceUID SeriesDescription SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID RequestAttributesSequence OperatorsName PerformingPhysicianName InstitutionName StationName Manufacturer ManufacturerModelName FrameOfReferenceUID",
  ),
};

/** Computed by the archive, not read from an instance. */
export const computed = {
  modalitiesInStudy: tag("ModalitiesInStudy"),
  sopClassesInStudy: tag("SOPClassesInStudy"),
  numberOfPatientRelatedStudies: tag("NumberOfPatientRelatedStudies"),
  numberOfPatientRelatedSeries: tag("NumberOfPatientRelatedSeries"),
  numberOfPatientRelatedInstances: tag("NumberOfPatientRelatedInstances"),
  numberOfStudyRelatedSeries: tag("NumberOfStudyRelatedSeries"),
  numberOfStudyRelatedInstances: tag("NumberOfStudyRelatedInstances"),
  numberOfSeriesRelatedInstances: tag("NumberOfSeriesRelatedInstances"),
} as const;

export const matchingKeys: ReadonlyMap<Tag, MatchingKey> = new Map<Tag, MatchingKey>([
  key("PatientName", "PATIENT", "patient.name", "person-name"),
  key("PatientID", "PATIENT", "patient.patient_id", "text"),
  key("PatientBirthDate", "PATIENT", "patient.birth_date", "date"),
  key("PatientSex", "PATIENT", "patient.sex", "text"),
  key("StudyInstanceUID", "STUDY", "study.study_uid", "uid"),
  key("StudyDate", "STUDY", "study.study_date", "date"),
  key("StudyTime", "STUDY", "study.study_time", "time"),
  key("AccessionNumber", "STUDY", "study.accession_number", "text"),
  key("StudyID", "STUDY", "study.study_id", "text"),
  key("StudyDescription", "STUDY", "study.description", "folded"),
  key("ReferringPhysicianName", "STUDY", "study.referring_physician", "person-name"),
  key("ModalitiesInStudy", "STUDY", "study.modalities", "member"),
  key("SOPClassesInStudy", "STUDY", "study.sop_classes", "member"),
  key("SeriesInstanceUID", "SERIES", "series.series_uid", "uid"),
  key("Modality", "SERIES", "series.modality", "text"),
  key("SeriesNumber", "SERIES", "series.series_number", "number-text"),
  key("SeriesDescription", "SERIES", "series.description", "folded"),
  key("BodyPartExamined", "SERIES", "series.body_part", "folded"),
  key("SeriesDate", "SERIES", "series.series_date", "date"),
  key("SOPInstanceUID", "IMAGE", "instance.sop_uid", "uid"),
  key("SOPClassUID", "IMAGE", "instance.sop_class", "uid"),
  key("InstanceNumber", "IMAGE", "instance.instance_number", "number-text"),
]);

function key(keyword: string, level: QueryLevel, column: string, matching: Matching): [Tag, MatchingKey] {
  return [tag(keyword), { level, column, matching }];
}

function tag(keyword: string): Tag {
  const found = tagOf(keyword);
  if (found === undefined) throw new TypeError(`${keyword} is not in the dictionary`);
  return found;
}

function tags(keywords: string): Tag[] {
  return keywords.split(" ").map(tag);
}
