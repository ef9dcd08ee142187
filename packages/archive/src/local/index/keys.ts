/**
 * Which attribute lives at which level, and which of them can be matched in the database.
 *
 * The unique, required and optional keys of PS3.4 C.6.1.1 and C.6.2.1, and those of PS3.18 10.6. Attributes of a level
 * are answered from the level's `attributes` JSON; those with a column are matched in the database, the others there.
 */
import { type Tag, tagOf } from "@isocenter/dicom";
import type { QueryLevel } from "../../image-source.ts";

/** How a key's value is compared, PS3.4 C.2.2.2. */
export type Matching = "text" | "folded" | "person-name" | "date" | "time" | "uid" | "number-text" | "member";

export interface MatchingKey {
  readonly level: QueryLevel;
  /** Columns of a patient are on its studies as well, by the same name. */
  readonly table: "patient" | "study" | "series" | "instance";
  readonly column: string;
  readonly matching: Matching;
}

/** Attributes kept in the `attributes` JSON of their level. */
export const levelAttributes: Readonly<Record<Exclude<QueryLevel, "IMAGE">, readonly Tag[]>> = {
  PATIENT: tags(
    `PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence ReferencedPatientSequence
    PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientIDsSequence OtherPatientNames
    EthnicGroup EthnicGroups PatientComments PatientSpeciesDescription PatientIdentityRemoved`,
  ),
  STUDY: tags(
    `StudyDate StudyTime AccessionNumber IssuerOfAccessionNumberSequence StudyID StudyInstanceUID
    AnatomicRegionsInStudyCodeSequence ReferringPhysicianName StudyDescription ProcedureCodeSequence
    NameOfPhysiciansReadingStudy PhysiciansOfRecord AdmittingDiagnosesDescription ReferencedStudySequence PatientAge
    PatientSize PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers InstitutionName
    InstitutionalDepartmentName RequestingService TimezoneOffsetFromUTC`,
  ),
  SERIES: tags(
    `Modality SeriesNumber SeriesInstanceUID SeriesDescription SeriesDescriptionCodeSequence SeriesDate SeriesTime
    BodyPartExamined Laterality ProtocolName PatientPosition PerformedProcedureStepStartDate
    PerformedProcedureStepStartTime PerformedProcedureStepID PerformedProcedureStepDescription
    RequestAttributesSequence OperatorsName PerformingPhysicianName InstitutionName StationName Manufacturer
    ManufacturerModelName DeviceSerialNumber SoftwareVersions FrameOfReferenceUID PresentationIntentType`,
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
  availableTransferSyntaxUid: tag("AvailableTransferSyntaxUID"),
} as const;

export const matchingKeys: ReadonlyMap<Tag, MatchingKey> = new Map<Tag, MatchingKey>([
  key("PatientName", "PATIENT", "patient_name", "person-name"),
  key("PatientID", "PATIENT", "patient_id", "text"),
  key("PatientBirthDate", "PATIENT", "patient_birth_date", "date"),
  key("PatientSex", "PATIENT", "patient_sex", "text"),
  key("StudyInstanceUID", "STUDY", "study_uid", "uid"),
  key("StudyDate", "STUDY", "study_date", "date"),
  key("StudyTime", "STUDY", "study_time", "time"),
  key("AccessionNumber", "STUDY", "accession_number", "text"),
  key("StudyID", "STUDY", "study_id", "text"),
  key("StudyDescription", "STUDY", "description", "folded"),
  key("ReferringPhysicianName", "STUDY", "referring_physician", "person-name"),
  key("ModalitiesInStudy", "STUDY", "modalities", "member"),
  key("SOPClassesInStudy", "STUDY", "sop_classes", "member"),
  key("SeriesInstanceUID", "SERIES", "series_uid", "uid"),
  key("Modality", "SERIES", "modality", "text"),
  key("SeriesNumber", "SERIES", "series_number", "number-text"),
  key("SeriesDescription", "SERIES", "description", "folded"),
  key("BodyPartExamined", "SERIES", "body_part", "folded"),
  key("SeriesDate", "SERIES", "series_date", "date"),
  key("SeriesTime", "SERIES", "series_time", "time"),
  key("PerformedProcedureStepStartDate", "SERIES", "performed_date", "date"),
  key("PerformedProcedureStepStartTime", "SERIES", "performed_time", "time"),
  key("SOPInstanceUID", "IMAGE", "sop_uid", "uid"),
  key("SOPClassUID", "IMAGE", "sop_class", "uid"),
  key("InstanceNumber", "IMAGE", "instance_number", "number-text"),
  key("AvailableTransferSyntaxUID", "IMAGE", "transfer_syntax", "uid"),
]);

/** Dates whose range together with the time beside them is one stretch of time, when asked so (PS3.4 C.2.2.2.5.4). */
export const dateTimePairs: readonly (readonly [date: Tag, time: Tag])[] = [
  [tag("StudyDate"), tag("StudyTime")],
  [tag("SeriesDate"), tag("SeriesTime")],
  [tag("PerformedProcedureStepStartDate"), tag("PerformedProcedureStepStartTime")],
];

function key(keyword: string, level: QueryLevel, column: string, matching: Matching): [Tag, MatchingKey] {
  const table = ({ PATIENT: "patient", STUDY: "study", SERIES: "series", IMAGE: "instance" } as const)[level];
  return [tag(keyword), { level, table, column, matching }];
}

function tag(keyword: string): Tag {
  const found = tagOf(keyword);
  if (found === undefined) throw new TypeError(`${keyword} is not in the dictionary`);
  return found;
}

function tags(keywords: string): Tag[] {
  return keywords.split(/\s+/).map(tag);
}
