/** From an instance's header to its index rows: which values go to which column and which JSON. */
import { type DataSet, type DicomJsonObject, keywordOf, tagToHex, toDicomJson } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import { foldPersonName, foldText, fullTime, plainDate } from "./fold.ts";
import { levelAttributes } from "./keys.ts";
import type { InstanceTable, PatientTable, SeriesTable, StudyTable } from "./schema.ts";

export interface InstanceUids {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

export interface InstanceRows {
  readonly patient: Omit<PatientTable, "id">;
  readonly study: Omit<
    StudyTable,
    "id" | "patient" | "modalities" | "sop_classes" | "series_count" | "instance_count"
  >;
  readonly series: Omit<SeriesTable, "id" | "study" | "instance_count">;
  readonly instance: Pick<InstanceTable, "sop_uid" | "sop_class" | "instance_number" | "attributes">;
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
    return uid;
  };
  return {
    studyInstanceUid: need("StudyInstanceUID"),
    seriesInstanceUid: need("SeriesInstanceUID"),
    sopInstanceUid: need("SOPInstanceUID"),
    sopClassUid: need("SOPClassUID"),
  };
}

export function describe(header: DataSet, uids: InstanceUids): InstanceRows {
  const text = (keyword: string): string => header.string(keyword) ?? "";
  const json = toDicomJson(header, { bulkThreshold: inlineBinaryLimit });
  const [name, ideographic, phonetic] = foldPersonName(text("PatientName"));
  return {
    patient: {
      // Without a Patient ID nothing says that two studies are of one person: each study is then its own patient.
      patient_key:
        text("PatientID") === ""
          ? `\\study\\${uids.studyInstanceUid}`
          : `${text("PatientID")}\\${text("IssuerOfPatientID")}`,
      patient_id: text("PatientID"),
      name,
      name_ideographic: ideographic,
      name_phonetic: phonetic,
      birth_date: plainDate(text("PatientBirthDate")),
      sex: text("PatientSex"),
      attributes: attributesOfLevel("PATIENT", json),
    },
    study: {
      study_uid: uids.studyInstanceUid,
      study_date: plainDate(text("StudyDate")),
      study_time: fullTime(text("StudyTime"), "0"),
      accession_number: text("AccessionNumber"),
      study_id: text("StudyID"),
      description: foldText(text("StudyDescription")),
      referring_physician: foldPersonName(text("ReferringPhysicianName"))[0],
      attributes: attributesOfLevel("STUDY", json),
    },
    series: {
      series_uid: uids.seriesInstanceUid,
      modality: text("Modality"),
      series_number: text("SeriesNumber").trim(),
      description: foldText(text("SeriesDescription")),
      body_part: foldText(text("BodyPartExamined")),
      series_date: plainDate(text("SeriesDate")),
      attributes: attributesOfLevel("SERIES", json),
    },
    instance: {
      sop_uid: uids.sopInstanceUid,
      sop_class: uids.sopClassUid,
      instance_number: text("InstanceNumber").trim(),
      attributes: JSON.stringify(json),
    },
  };
}

function attributesOfLevel(level: keyof typeof levelAttributes, json: DicomJsonObject): string {
  const chosen: DicomJsonObject = {};
  for (const tag of levelAttributes[level]) {
    const hex = tagToHex(tag);
    const found = json[hex];
    if (found !== undefined) chosen[hex] = found;
  }
  return JSON.stringify(chosen);
}

/** Keywords that differ between two level JSONs, for a warning that names attributes and no values. */
export function differingKeywords(a: string, b: string): string[] {
  const [one, other] = [JSON.parse(a) as DicomJsonObject, JSON.parse(b) as DicomJsonObject];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((hex) => JSON.stringify(one[hex]) !== JSON.stringify(other[hex]))
    .map((hex) => keywordOf(Number.parseInt(hex, 16)) ?? hex);
}
