/**
 * Queries on the index: from a {@link Query} to answers, level by level, newest study first.
 *
 * Answers are read in pages by key, so the first match leaves before the last is looked at and memory stays flat.
 */
import { DataSet, type DicomJsonObject, fromDicomJson, type Tag, tagOf, tagToHex } from "@isocenter/dicom";
import { type RawBuilder, sql } from "kysely";
import { ArchiveError } from "../errors.ts";
import { type CallOptions, type Query, type QueryLevel, queryLevels } from "../image-source.ts";
import type { IndexDatabase } from "./database.ts";
import { computed, levelAttributes, type MatchingKey, matchingKeys } from "./keys.ts";
import { condition, matchesValue } from "./match.ts";

const pageSize = 200;

/** Tags that are part of the protocol, not of the match. */
const notKeys = new Set<Tag>(
  [
    "SpecificCharacterSet",
    "QueryRetrieveLevel",
    "TimezoneOffsetFromUTC",
    "RetrieveAETitle",
    "InstanceAvailability",
  ].map((keyword) => tagOf(keyword) ?? 0),
);

/** @throws ArchiveError `query-unsupported` for a level that does not exist */
export async function* findInIndex(
  database: IndexDatabase,
  query: Query,
  options: CallOptions = {},
): AsyncGenerator<DataSet> {
  if (!queryLevels.includes(query.level)) {
    throw new ArchiveError("query-unsupported", `There is no query level ${String(query.level)}.`);
  }
  const { conditions, residual } = plan(query);
  let after: Row | undefined;
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    options.signal?.throwIfAborted();
    const rows = await page(database, query.level, conditions, after);
    for (const row of rows) {
      const attributes = attributesOf(row, query.level);
      if (!residual.every((test) => test(attributes))) continue;
      yield answer(query, row, attributes);
      if (--left <= 0) return;
    }
    after = rows.at(-1);
    if (rows.length < pageSize || after === undefined) return;
  }
}

interface Row {
  readonly id: number;
  readonly sort_key: string;
  readonly patient_attributes: string;
  readonly study_attributes?: string | null;
  readonly series_attributes?: string | null;
  readonly instance_attributes?: string | null;
  readonly modalities?: string;
  readonly sop_classes?: string;
  readonly series_count?: number;
  readonly instance_count?: number;
  readonly patient_id_in_index: number;
  readonly patient_studies?: number;
  readonly patient_series?: number;
  readonly patient_instances?: number;
  readonly series_instances?: number;
}

type Residual = (attributes: DicomJsonObject) => boolean;

function plan(query: Query): { conditions: RawBuilder<boolean>[]; residual: Residual[] } {
  const conditions: RawBuilder<boolean>[] = [];
  const residual: Residual[] = [];
  for (const element of query.keys) {
    if (notKeys.has(element.tag) || element.vr === "SQ") continue;
    const values = query.keys.strings(element.tag);
    const key = keyAtLevel(element.tag, query.level);
    if (key !== undefined) {
      const one = condition(key, values);
      if (one !== undefined) conditions.push(one);
    } else if (values.some((value) => value !== "") && isKept(element.tag, query.level)) {
      const hex = tagToHex(element.tag);
      const matching = element.vr === "PN" ? "person-name" : "folded";
      residual.push((attributes) => matchesValue(matching, textsOf(attributes, hex), values));
    }
  }
  return { conditions, residual };
}

/**
 * A key at or above the level of the query. Many workstations ask for Modality at the study level and mean the
 * studies that have it; they are answered as (0008,0061) Modalities in Study.
 */
function keyAtLevel(tag: Tag, level: QueryLevel): MatchingKey | undefined {
  const key = matchingKeys.get(tag);
  if (key === undefined) return undefined;
  if (queryLevels.indexOf(key.level) <= queryLevels.indexOf(level)) return key;
  if (key.column === "series.modality" && level === "STUDY")
    return matchingKeys.get(computed.modalitiesInStudy);
  return undefined;
}

function isKept(tag: Tag, level: QueryLevel): boolean {
  if (level === "IMAGE") return true;
  return queryLevels
    .slice(0, queryLevels.indexOf(level) + 1)
    .some((above) => above !== "IMAGE" && levelAttributes[above].includes(tag));
}

function textsOf(attributes: DicomJsonObject, hex: string): string[] {
  const values: readonly unknown[] = attributes[hex]?.Value ?? [];
  return values.map((value) => {
    if (typeof value === "object" && value !== null && "Alphabetic" in value) return String(value.Alphabetic);
    return String(value);
  });
}

async function page(
  database: IndexDatabase,
  level: QueryLevel,
  conditions: readonly RawBuilder<boolean>[],
  after: Row | undefined,
): Promise<Row[]> {
  const { select, from, id, sortKey } = levelSql[level];
  const where = [...conditions];
  if (after !== undefined) {
    where.push(sql<boolean>`(${sortKey}, ${id}) < (${after.sort_key}, ${after.id})`);
  }
  const filter = where.length === 0 ? sql`` : sql`where ${sql.join(where, sql` and `)}`;
  const statement = sql<Row>`select ${id} as id, ${sortKey} as sort_key, patient.id as patient_id_in_index,
    patient.attributes as patient_attributes, ${select} from ${from} ${filter}
    order by ${sortKey} desc, ${id} desc limit ${sql.lit(pageSize)}`;
  return (await statement.execute(database)).rows;
}

const studyColumns = sql`study.attributes as study_attributes, study.modalities, study.sop_classes, study.series_count,
  study.instance_count`;
const seriesColumns = sql`series.attributes as series_attributes, series.instance_count as series_instances`;

const levelSql = {
  PATIENT: {
    select: sql`(select count(*) from study where study.patient = patient.id) as patient_studies,
      (select coalesce(sum(study.series_count), 0) from study where study.patient = patient.id) as patient_series,
      (select coalesce(sum(study.instance_count), 0) from study where study.patient = patient.id) as patient_instances`,
    from: sql`patient`,
    id: sql`patient.id`,
    sortKey: sql`patient.name`,
  },
  STUDY: {
    select: studyColumns,
    from: sql`study join patient on patient.id = study.patient`,
    id: sql`study.id`,
    sortKey: sql`study.study_date`,
  },
  SERIES: {
    select: sql`${studyColumns}, ${seriesColumns}`,
    from: sql`series join study on study.id = series.study join patient on patient.id = study.patient`,
    id: sql`series.id`,
    sortKey: sql`study.study_date`,
  },
  IMAGE: {
    select: sql`${studyColumns}, ${seriesColumns}, instance.attributes as instance_attributes`,
    from: sql`instance join series on series.id = instance.series join study on study.id = series.study
      join patient on patient.id = study.patient`,
    id: sql`instance.id`,
    sortKey: sql`study.study_date`,
  },
} as const;

/** Everything known at the row's level, with the levels above winning over what a single instance says. */
function attributesOf(row: Row, level: QueryLevel): DicomJsonObject {
  const all: DicomJsonObject = {};
  for (const json of [
    row.instance_attributes,
    row.series_attributes,
    row.study_attributes,
    row.patient_attributes,
  ]) {
    if (json !== null && json !== undefined) Object.assign(all, JSON.parse(json));
  }
  const put = (tag: Tag, vr: string, ...values: (string | number)[]): void => {
    all[tagToHex(tag)] = { vr, Value: values } as DicomJsonObject[string];
  };
  if (level === "PATIENT") {
    put(computed.numberOfPatientRelatedStudies, "IS", row.patient_studies ?? 0);
    put(computed.numberOfPatientRelatedSeries, "IS", row.patient_series ?? 0);
    put(computed.numberOfPatientRelatedInstances, "IS", row.patient_instances ?? 0);
    return all;
  }
  put(computed.modalitiesInStudy, "CS", ...members(row.modalities));
  put(computed.sopClassesInStudy, "UI", ...members(row.sop_classes));
  put(computed.numberOfStudyRelatedSeries, "IS", row.series_count ?? 0);
  put(computed.numberOfStudyRelatedInstances, "IS", row.instance_count ?? 0);
  if (level !== "STUDY") put(computed.numberOfSeriesRelatedInstances, "IS", row.series_instances ?? 0);
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

function answer(query: Query, _row: Row, attributes: DicomJsonObject): DataSet {
  const chosen: DicomJsonObject = {};
  for (const hex of uniqueKeys[query.level]) {
    const found = attributes[hex];
    if (found !== undefined) chosen[hex] = found;
  }
  for (const { tag, vr } of query.keys) {
    if (notKeys.has(tag)) continue;
    const hex = tagToHex(tag);
    chosen[hex] = attributes[hex] ?? { vr };
  }
  return fromDicomJson(chosen).merge(
    DataSet.of({ SpecificCharacterSet: "ISO_IR 192", QueryRetrieveLevel: query.level }),
  );
}
