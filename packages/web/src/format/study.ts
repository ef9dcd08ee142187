/** A study of a list, from QIDO-RS. */
import type { DicomJson, FindResult } from "../api/types.ts";
import { number, Tag, text, texts } from "../dicom/attributes.ts";

export interface Study {
  /** Id of the peer that has it; undefined for this archive. */
  readonly source: string | undefined;
  readonly uid: string;
  readonly patientName: string | undefined;
  readonly patientId: string | undefined;
  readonly birthDate: string | undefined;
  readonly sex: string | undefined;
  readonly date: string | undefined;
  readonly time: string | undefined;
  readonly description: string | undefined;
  readonly accession: string | undefined;
  readonly referring: string | undefined;
  readonly modalities: readonly string[];
  readonly series: number | undefined;
  readonly images: number | undefined;
}

export function studyFromJson(json: DicomJson, source?: string): Study {
  return {
    source,
    uid: text(json, Tag.StudyInstanceUID) ?? "",
    patientName: text(json, Tag.PatientName),
    patientId: text(json, Tag.PatientID),
    birthDate: text(json, Tag.PatientBirthDate),
    sex: text(json, Tag.PatientSex),
    date: text(json, Tag.StudyDate),
    time: text(json, Tag.StudyTime),
    description: text(json, Tag.StudyDescription),
    accession: text(json, Tag.AccessionNumber),
    referring: text(json, Tag.ReferringPhysicianName),
    modalities: texts(json, Tag.ModalitiesInStudy).filter((one) => one !== ""),
    series: number(json, Tag.NumberOfStudyRelatedSeries),
    images: number(json, Tag.NumberOfStudyRelatedInstances),
  };
}

export const studyFromResult = (result: FindResult, source: string): Study =>
  studyFromJson(result.dicom, source);

const noPictures = new Set([
  "SR",
  "KO",
  "PR",
  "DOC",
  "ECG",
  "HD",
  "SEG",
  "RTSTRUCT",
  "RTPLAN",
  "REG",
  "AU",
  "EPS",
]);

/** Whether the study has something that a thumbnail can be made of. */
export const hasPictures = (modalities: readonly string[]): boolean =>
  modalities.length === 0 ? false : modalities.some((modality) => !noPictures.has(modality));
