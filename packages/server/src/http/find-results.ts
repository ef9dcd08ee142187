/** Between the HTTP API's short names and DICOM: criteria to a C-FIND identifier, matches to results. */
import type { QueryLevel } from "@isocenter/archive";
import { DataSet, type DataSetInit, keywordOf, parseTag, toDicomJson } from "@isocenter/dicom";
import { HttpProblem } from "./problem.ts";

/** What each level is asked to return; a level also returns the keys of the levels above. */
const returnKeys: Readonly<Record<QueryLevel, readonly string[]>> = {
  PATIENT: [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "NumberOfPatientRelatedStudies",
    "NumberOfPatientRelatedInstances",
  ],
  STUDY: [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
    "ModalitiesInStudy",
    "StudyInstanceUID",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
  ],
  SERIES: [
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "SeriesDate",
    "SeriesTime",
    "BodyPartExamined",
    "NumberOfSeriesRelatedInstances",
  ],
  IMAGE: [
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "SOPClassUID",
    "InstanceNumber",
    "Rows",
    "Columns",
    "NumberOfFrames",
  ],
};

/** Friendlier than the keyword turned round. */
const shortNames: Readonly<Record<string, string>> = {
  ModalitiesInStudy: "modalities",
  NumberOfStudyRelatedSeries: "numberOfSeries",
  NumberOfStudyRelatedInstances: "numberOfInstances",
  NumberOfSeriesRelatedInstances: "numberOfInstances",
  NumberOfPatientRelatedStudies: "numberOfStudies",
  NumberOfPatientRelatedInstances: "numberOfInstances",
};

type Criterion = string | number | readonly string[] | null;

/**
 * The identifier of a C-FIND: return keys empty, criteria filled in.
 * @throws HttpProblem 400 `criterion-unknown`
 */
export function identifierFor(level: QueryLevel, criteria: Readonly<Record<string, Criterion>>): DataSet {
  const keys: Record<string, string | readonly string[]> = {};
  for (const keyword of returnKeys[level]) keys[keyword] = "";
  for (const [name, value] of Object.entries(criteria)) {
    const keyword = keywordFor(name, level);
    if (value === null) keys[keyword] = "";
    else keys[keyword] = typeof value === "number" ? String(value) : value;
  }
  return DataSet.of(keys as DataSetInit);
}

function keywordFor(name: string, level: QueryLevel): string {
  if (name === "modality" && level === "STUDY") return "ModalitiesInStudy";
  const short = Object.entries(shortNames).find(([, alias]) => alias === name)?.[0];
  // patientID, studyInstanceUID and sopInstanceUID are keywords with a small beginning.
  const guesses = [short, name, name.charAt(0).toUpperCase() + name.slice(1), name.replace(/^sop/, "SOP")];
  for (const guess of guesses) {
    const tag = guess === undefined ? undefined : parseTag(guess);
    const keyword = tag === undefined ? undefined : keywordOf(tag);
    if (keyword !== undefined) return keyword;
  }
  throw new HttpProblem(
    400,
    "criterion-unknown",
    "An unknown criterion",
    `"${name}" is not a short name, DICOM keyword or tag.`,
    "Use names such as patientName, patientID, studyDate, modality, or a keyword such as AccessionNumber.",
  );
}

export interface FindResult {
  readonly [name: string]: unknown;
  readonly dicom: Record<string, unknown>;
}

/** One match with short names for what has a value, and all of it as DICOM JSON. */
export function resultOf(match: DataSet): FindResult {
  const result: Record<string, unknown> = {};
  for (const { tag, vr } of match) {
    const keyword = keywordOf(tag);
    if (keyword === undefined || vr === "SQ") continue;
    const values = match.strings(tag).filter((value) => value !== "");
    const [first] = values;
    if (first === undefined) continue;
    const name = shortNames[keyword] ?? shortName(keyword);
    if (keyword === "ModalitiesInStudy") {
      result["modalities"] = values;
      result["modality"] ??= values.join("\\");
    } else if (vr === "IS" || vr === "US" || vr === "UL") {
      const number = Number(first);
      result[name] = Number.isFinite(number) ? number : first;
    } else {
      result[name] = values.length === 1 ? first : values.join("\\");
    }
  }
  if (result["modality"] !== undefined) result["modalities"] ??= [result["modality"]];
  return { ...result, dicom: toDicomJson(match) as Record<string, unknown> };
}

/** `PatientID` → `patientID`, `SOPInstanceUID` → `sopInstanceUID`. */
function shortName(keyword: string): string {
  return keyword.replace(/^(SOP|[A-Z])/, (start) => start.toLowerCase());
}
