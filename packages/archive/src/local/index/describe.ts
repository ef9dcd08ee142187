/** From an instance's header to its index rows: which values go to which column and which JSON. */
import {
  type DataElement,
  type DataSet,
  type DicomJsonObject,
  type Tag,
  tagToHex,
  toDicomJson,
  type Vr,
} from "@isocenter/dicom";
import { ArchiveError } from "../../errors.ts";
import { columnText, foldPersonName, foldText, fullTime, nameSounds, plainDate } from "./fold.ts";
import { levelAttributes } from "./keys.ts";
import { plainNumber } from "./match-text.ts";
import type { InstanceTable, PatientColumns, SeriesTable, StudyTable } from "./schema.ts";

export interface InstanceUids {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

export interface PatientRow extends PatientColumns {
  readonly patient_key: string;
  readonly attributes: string;
}

export type StudyRow = Pick<
  StudyTable,
  | "study_uid"
  | "study_date"
  | "study_time"
  | "accession_number"
  | "study_id"
  | "description"
  | "referring_physician"
  | "attributes"
>;

export type SeriesRow = Omit<SeriesTable, "id" | "study" | "instance_count">;

export type InstanceRow = Pick<InstanceTable, "sop_uid" | "sop_class" | "instance_number" | "attributes">;

/** The rows of one instance. Those above it are only made where they are needed: mostly they are there already. */
export interface InstanceRows {
  readonly uids: InstanceUids;
  readonly modality: string;
  readonly instance: InstanceRow;
  patient(): PatientRow;
  study(): StudyRow;
  series(): SeriesRow;
}

/** Where the pixels begin that the header was read up to. */
export interface PixelElement {
  readonly tag: Tag;
  readonly vr: Vr;
}

/** Binary values up to this many bytes stay in the index; longer ones are read from the object. */
const inlineBinaryLimit = 64;

/** @throws ArchiveError `instance-not-identifiable` naming the UID that is missing */
export function uidsOf(header: DataSet): InstanceUids {
  const need = (
    keyword: "StudyInstanceUID" | "SeriesInstanceUID" | "SOPInstanceUID" | "SOPClassUID",
  ): string => {
    const uid = header.string(keyword);
    if (uid === undefined || uid === "") {
      throw new ArchiveError(
        "instance-not-identifiable",
        `The instance has no ${keyword}, so it cannot be filed.`,
      );
    }
    return columnText(uid);
  };
  return {
    studyInstanceUid: need("StudyInstanceUID"),
    seriesInstanceUid: need("SeriesInstanceUID"),
    sopInstanceUid: need("SOPInstanceUID"),
    sopClassUid: need("SOPClassUID"),
  };
}

export function describe(header: DataSet, uids: InstanceUids, pixels?: PixelElement): InstanceRows {
  const text = (keyword: string): string => columnText(header.string(keyword) ?? "");
  const json = toDicomJson(header, { bulkThreshold: inlineBinaryLimit, bulkDataUri });
  // PS3.18 F.2: JSON is UTF-8, and says so where it says anything.
  json["00080005"] = { vr: "CS", Value: ["ISO_IR 192"] };
  if (pixels !== undefined) {
    const hex = tagToHex(pixels.tag);
    json[hex] = { vr: pixels.vr, BulkDataURI: bulkDataUri([hex]) };
  }
  return {
    uids,
    modality: text("Modality"),
    patient: () => patientRow(text, uids, json),
    study: () => studyRow(text, uids, json),
    series: () => seriesRow(text, uids, json),
    instance: {
      sop_uid: uids.sopInstanceUid,
      sop_class: uids.sopClassUid,
      instance_number: plainNumber(text("InstanceNumber")),
      attributes: JSON.stringify(json),
    },
  };
}

/** Relative to the instance: `bulkdata/7FE00010`, `bulkdata/54000100/0/54001010`. */
function bulkDataUri(path: readonly (string | number)[], _element?: DataElement): string {
  return `bulkdata/${path.join("/")}`;
}

type Text = (keyword: string) => string;

function patientRow(text: Text, uids: InstanceUids, json: DicomJsonObject): PatientRow {
  const [name, ideographic, phonetic] = foldPersonName(text("PatientName"));
  const id = text("PatientID");
  return {
    // Without a Patient ID nothing says that two studies are of one person: each study is then its own patient.
    patient_key: id === "" ? `\\study\\${uids.studyInstanceUid}` : `${id}\\${text("IssuerOfPatientID")}`,
    patient_id: id,
    patient_name: name,
    patient_name_ideographic: ideographic,
    patient_name_phonetic: phonetic,
    patient_name_sounds: nameSounds(name),
    patient_birth_date: plainDate(text("PatientBirthDate")),
    patient_sex: text("PatientSex"),
    attributes: attributesOf(json, "PATIENT"),
  };
}

function studyRow(text: Text, uids: InstanceUids, json: DicomJsonObject): StudyRow {
  return {
    study_uid: uids.studyInstanceUid,
    study_date: plainDate(text("StudyDate")),
    study_time: fullTime(text("StudyTime"), "0"),
    accession_number: text("AccessionNumber"),
    study_id: text("StudyID"),
    description: foldText(text("StudyDescription")),
    referring_physician: foldPersonName(text("ReferringPhysicianName"))[0],
    // With the patient's, as the objects of this study have them: another study of the patient may have others.
    attributes: attributesOf(json, "PATIENT", "STUDY"),
  };
}

function seriesRow(text: Text, uids: InstanceUids, json: DicomJsonObject): SeriesRow {
  return {
    series_uid: uids.seriesInstanceUid,
    modality: text("Modality"),
    series_number: plainNumber(text("SeriesNumber")),
    description: foldText(text("SeriesDescription")),
    body_part: foldText(text("BodyPartExamined")),
    series_date: plainDate(text("SeriesDate")),
    series_time: fullTime(text("SeriesTime"), "0"),
    performed_date: plainDate(text("PerformedProcedureStepStartDate")),
    performed_time: fullTime(text("PerformedProcedureStepStartTime"), "0"),
    attributes: attributesOf(json, "SERIES"),
  };
}

function attributesOf(json: DicomJsonObject, ...levels: (keyof typeof levelAttributes)[]): string {
  const chosen: DicomJsonObject = {};
  for (const level of levels) {
    for (const tag of levelAttributes[level]) {
      const hex = tagToHex(tag);
      const found = json[hex];
      if (found !== undefined) chosen[hex] = found;
    }
  }
  return JSON.stringify(chosen);
}
