/** From index rows to an answer: the attributes known at a level, and those of them that were asked for. */
import {
  type DataSet,
  type DicomJsonElement,
  type DicomJsonObject,
  fromDicomJson,
  type Tag,
  tagToHex,
} from "@isocenter/dicom";
import type { Query, QueryLevel } from "../../image-source.ts";
import { computed } from "./keys.ts";
import { notKeys } from "./plan.ts";

export interface PatientFields {
  readonly id: number;
  readonly attributes: string;
  readonly studies: number;
  readonly series: number;
  readonly instances: number;
}

export interface StudyFields {
  readonly id: number;
  readonly attributes: string;
  readonly modalities: string;
  readonly sop_classes: string;
  readonly series_count: number;
  readonly instance_count: number;
}

export interface SeriesFields {
  readonly id: number;
  readonly study: number;
  readonly attributes: string;
  readonly instance_count: number;
}

export interface InstanceFields {
  readonly id: number;
  readonly attributes: string;
  readonly transfer_syntax: string;
}

export interface FoundRows {
  readonly patient?: PatientFields;
  readonly study?: StudyFields;
  readonly series?: SeriesFields;
  readonly instance?: InstanceFields;
}

/** Everything known at the row's level, with the levels above winning over what a single instance says. */
export function attributesOf(
  level: QueryLevel,
  { patient, study, series, instance }: FoundRows,
): DicomJsonObject {
  const all: DicomJsonObject = {};
  const sources = [instance?.attributes, series?.attributes, study?.attributes];
  for (const json of [...sources, patient?.attributes])
    if (json !== undefined) Object.assign(all, JSON.parse(json));
  const put = (tag: Tag, vr: string, ...values: (string | number)[]): void => {
    all[tagToHex(tag)] = { vr, Value: values } as DicomJsonObject[string];
  };
  if (level === "PATIENT") {
    put(computed.numberOfPatientRelatedStudies, "IS", patient?.studies ?? 0);
    put(computed.numberOfPatientRelatedSeries, "IS", patient?.series ?? 0);
    put(computed.numberOfPatientRelatedInstances, "IS", patient?.instances ?? 0);
    return all;
  }
  put(computed.modalitiesInStudy, "CS", ...members(study?.modalities));
  put(computed.sopClassesInStudy, "UI", ...members(study?.sop_classes));
  put(computed.numberOfStudyRelatedSeries, "IS", study?.series_count ?? 0);
  put(computed.numberOfStudyRelatedInstances, "IS", study?.instance_count ?? 0);
  if (series !== undefined) put(computed.numberOfSeriesRelatedInstances, "IS", series.instance_count);
  if (instance !== undefined) put(computed.availableTransferSyntaxUid, "UI", instance.transfer_syntax);
  return all;
}

const members = (joined = ""): string[] => joined.split("\\").filter((member) => member !== "");

/** Unique keys of the levels above are always answered: without them a client cannot go on (PS3.4 C.4.1.1.3.2). */
const uniqueKeys: Readonly<Record<QueryLevel, readonly string[]>> = {
  PATIENT: ["00100020"],
  STUDY: ["00100020", "0020000D"],
  SERIES: ["00100020", "0020000D", "0020000E"],
  IMAGE: ["00100020", "0020000D", "0020000E", "00080018"],
};

/** What was asked for, as DICOM JSON. */
export function jsonAnswerOf(query: Query, attributes: DicomJsonObject): DicomJsonObject {
  const chosen: DicomJsonObject = { "00080005": utf8, "00080052": { vr: "CS", Value: [query.level] } };
  if (query.include === "all") {
    for (const [hex, element] of Object.entries(attributes))
      if (element.BulkDataURI === undefined) chosen[hex] = element;
  }
  for (const hex of uniqueKeys[query.level]) {
    const found = attributes[hex];
    if (found !== undefined) chosen[hex] = found;
  }
  for (const { tag, vr } of query.keys) {
    const hex = tagToHex(tag);
    const found = attributes[hex];
    if (notKeys.has(tag)) {
      if (tag === timezone && found !== undefined) chosen[hex] = found;
    } else chosen[hex] = found ?? { vr };
  }
  if (query.include !== undefined && query.include !== "all") {
    for (const tag of query.include) {
      const found = attributes[tagToHex(tag)];
      if (found !== undefined && !notKeys.has(tag)) chosen[tagToHex(tag)] = found;
    }
  }
  return chosen;
}

export function answerOf(query: Query, attributes: DicomJsonObject): DataSet {
  return fromDicomJson(jsonAnswerOf(query, attributes));
}

/** (0008,0201): no key to match, and part of what an answer's times mean (PS3.4 C.4.1.1.3.1). */
const timezone = 0x00080201;
const utf8: DicomJsonElement = { vr: "CS", Value: ["ISO_IR 192"] };
