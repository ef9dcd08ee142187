/**
 * From the keys of a query to conditions on the index, level by level, and tests on the stored attributes for the rest.
 */
import { type DataElement, type DicomJsonObject, type Tag, tagOf } from "@isocenter/dicom";
import { type RawBuilder, sql } from "kysely";
import { type Query, type QueryLevel, queryLevels } from "../../image-source.ts";
import { dateTimePairs, computed, levelAttributes, type MatchingKey, matchingKeys } from "./keys.ts";
import { type Condition, condition, dateTimeCondition } from "./match.ts";
import { isUniversal, valueTest } from "./match-value.ts";

/** A condition on the table that a stage of the query reads. */
export interface StageCondition extends Condition {
  readonly key: MatchingKey;
  /** For exact modalities of a study: what to look up in `study_modality`. */
  readonly modalities?: readonly string[];
  /** For a study's date: the same on `study_modality`, which repeats it. */
  readonly onModality?: RawBuilder<boolean>;
}

export interface Plan {
  readonly patient: readonly StageCondition[];
  readonly study: readonly StageCondition[];
  readonly series: readonly StageCondition[];
  readonly instance: readonly StageCondition[];
  /** What the database does not see; tried on each row's attributes. */
  readonly tests: readonly ((attributes: DicomJsonObject) => boolean)[];
}

/** Tags that are part of the protocol, or of the face that asks, and not of the match. */
export const notKeys: ReadonlySet<Tag> = new Set<Tag>(
  [
    "SpecificCharacterSet",
    "QueryRetrieveLevel",
    "TimezoneOffsetFromUTC",
    "RetrieveAETitle",
    "InstanceAvailability",
    "RetrieveURL",
    "RetrieveURI",
    "RetrieveLocationUID",
  ].map((keyword) => tagOf(keyword) ?? 0),
);

export function planOf(query: Query): Plan {
  const plan = {
    patient: [] as StageCondition[],
    study: [] as StageCondition[],
    series: [] as StageCondition[],
    instance: [] as StageCondition[],
    tests: [] as ((attributes: DicomJsonObject) => boolean)[],
  };
  const done = query.combinedDateTime === true ? combined(query, plan) : new Set<Tag>();
  for (const element of query.keys) {
    if (notKeys.has(element.tag) || done.has(element.tag) || isUniversal(query.keys, element)) continue;
    const key = matchingKeys.get(element.tag);
    if (key !== undefined) addKey(plan, query, element, key);
    else if (isKept(element.tag, query.level)) plan.tests.push(valueTest(query.keys, element));
  }
  return plan;
}

type Lists = { -readonly [stage in "patient" | "study" | "series" | "instance"]: StageCondition[] };

function addKey(plan: Lists, query: Query, element: DataElement, key: MatchingKey): void {
  const values = query.keys.strings(element.tag);
  const fuzzy = query.fuzzy === true;
  const stage = stageOf(key, query.level);
  if (isBelow(key.level, query.level)) {
    addBelow(plan, query, key, values);
    return;
  }
  const found = condition(key, stage, values, { fuzzy });
  if (found === undefined) return;
  const modalities = key.column === "modalities" ? exact(values) : undefined;
  const onModality =
    key.column === "study_date" ? condition(key, "study_modality", values)?.where : undefined;
  plan[stage].push({
    ...found,
    key,
    ...(modalities === undefined ? {} : { modalities }),
    ...(onModality === undefined ? {} : { onModality }),
  });
  // What is known of the series narrows the studies to look at.
  const wanted = key.table === "series" && key.column === "modality" ? exact(values) : undefined;
  const inStudy = matchingKeys.get(computed.modalitiesInStudy);
  if (wanted !== undefined && inStudy !== undefined) {
    const where = condition(inStudy, "study", wanted);
    if (where !== undefined) plan.study.push({ ...where, key: inStudy, modalities: wanted });
  }
}

/**
 * A key below the level of the query, as relational queries have (PS3.4 C.4.1.2.2.1) and many workstations send
 * without asking: it selects what has at least one such thing below it.
 */
function addBelow(plan: Lists, query: Query, key: MatchingKey, values: readonly string[]): void {
  const from = query.level === "PATIENT" ? "patient" : query.level === "STUDY" ? "study" : "series";
  const modalityKey = key.table === "series" && key.column === "modality";
  const inStudy = matchingKeys.get(computed.modalitiesInStudy);
  const wanted = modalityKey ? exact(values) : undefined;
  if (from === "study" && wanted !== undefined && inStudy !== undefined) {
    const where = condition(inStudy, "study", wanted);
    if (where !== undefined) plan.study.push({ ...where, key: inStudy, modalities: wanted });
    return;
  }
  const found = condition(key, key.table, values);
  if (found === undefined) return;
  plan[from].push({ where: exists(from, key.table, found.where), isRange: false, key });
}

function exists(from: string, table: string, where: RawBuilder<boolean>): RawBuilder<boolean> {
  const chain = ["patient", "study", "series", "instance"];
  const below = chain.slice(chain.indexOf(from) + 1, chain.indexOf(table) + 1);
  const joins = below.slice(1).map((name, index) => {
    const parent = below[index] ?? "";
    return sql` join ${sql.table(name)} on ${sql.ref(`${name}.${parent}`)} = ${sql.ref(`${parent}.id`)}`;
  });
  const [top = ""] = below;
  return sql<boolean>`exists (select 1 from ${sql.table(top)}${sql.join(joins, sql``)}
    where ${sql.ref(`${top}.${from}`)} = ${sql.ref(`${from}.id`)} and ${where})`;
}

/** Above the level of a patient query there is nothing; on studies a patient's columns are repeated. */
function stageOf(key: MatchingKey, level: QueryLevel): "patient" | "study" | "series" | "instance" {
  return key.table === "patient" && level !== "PATIENT" ? "study" : key.table;
}

function isBelow(one: QueryLevel, other: QueryLevel): boolean {
  return queryLevels.indexOf(one) > queryLevels.indexOf(other);
}

function exact(values: readonly string[]): string[] | undefined {
  const wanted = values.filter((value) => value !== "");
  return wanted.some((value) => /[*?]/.test(value)) ? undefined : wanted;
}

/** @returns the tags that were taken together */
function combined(query: Query, plan: Lists): Set<Tag> {
  const done = new Set<Tag>();
  for (const [dateTag, timeTag] of dateTimePairs) {
    const [date, time] = [matchingKeys.get(dateTag), matchingKeys.get(timeTag)];
    const [dateValue, timeValue] = [query.keys.string(dateTag), query.keys.string(timeTag)];
    if (date === undefined || time === undefined || dateValue === undefined || timeValue === undefined)
      continue;
    if (isBelow(date.level, query.level)) continue;
    const found = dateTimeCondition(date.table, [date.column, dateValue], [time.column, timeValue]);
    if (found === undefined || date.table === "instance") continue;
    plan[date.table].push({ ...found, key: date });
    done.add(dateTag).add(timeTag);
  }
  return done;
}

function isKept(tag: Tag, level: QueryLevel): boolean {
  if (level === "IMAGE") return true;
  if (computedAt[level].has(tag)) return true;
  return queryLevels
    .slice(0, queryLevels.indexOf(level) + 1)
    .some((above) => above !== "IMAGE" && levelAttributes[above].includes(tag));
}

const related = (...tags: Tag[]): ReadonlySet<Tag> => new Set(tags);
const ofStudies = [computed.numberOfStudyRelatedSeries, computed.numberOfStudyRelatedInstances];
const computedAt = {
  PATIENT: related(
    computed.numberOfPatientRelatedStudies,
    computed.numberOfPatientRelatedSeries,
    computed.numberOfPatientRelatedInstances,
  ),
  STUDY: related(...ofStudies),
  SERIES: related(...ofStudies, computed.numberOfSeriesRelatedInstances),
};
