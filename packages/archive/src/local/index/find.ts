/**
 * Queries on the index: from a {@link Query} to answers, level by level, newest study first.
 *
 * Answers are read in pages by key, so the first match leaves before the last is looked at and memory stays flat.
 */
import type { DicomJsonObject } from "@isocenter/dicom";
import { type RawBuilder, sql } from "kysely";
import { ArchiveError } from "../../errors.ts";
import { type CallOptions, type Query, queryLevels } from "../../image-source.ts";
import {
  attributesOf,
  type FoundRows,
  type InstanceFields,
  type PatientFields,
  type SeriesFields,
  type StudyFields,
} from "./answer.ts";
import { candidatePages } from "./candidates.ts";
import type { IndexDatabase } from "./database.ts";
import { type Plan, planOf, type StageCondition } from "./plan.ts";

/** The first page is small, because most who ask look at one; the others are larger. */
const firstPage = 100;
const furtherPage = 500;

/**
 * @param answer makes what is given from all that is known of a match
 * @throws ArchiveError `query-unsupported` for a level that does not exist
 */
export async function* findInIndex<T>(
  database: IndexDatabase,
  query: Query,
  answer: (query: Query, attributes: DicomJsonObject) => T,
  options: CallOptions = {},
): AsyncGenerator<T> {
  if (!queryLevels.includes(query.level)) {
    throw new ArchiveError("query-unsupported", `There is no query level ${String(query.level)}.`);
  }
  const plan = planOf(query);
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let skip = query.offset ?? 0;
  if (left <= 0) return;
  // Where the database sees all of the match and its rows are the answers, it can pass over the first ones itself.
  const skippable = plan.tests.length === 0 && (query.level === "PATIENT" || query.level === "STUDY");
  const first = Math.min(firstPage, left + 1);
  for await (const found of rowsOf(database, query, plan, { first, skip: skippable ? skip : 0 }, options)) {
    const attributes = attributesOf(query.level, found);
    if (!plan.tests.every((test) => test(attributes))) continue;
    if (!skippable && skip > 0) {
      skip--;
      continue;
    }
    yield answer(query, attributes);
    if (--left <= 0) return;
  }
}

interface Paging {
  readonly first: number;
  readonly skip: number;
}

async function* rowsOf(
  database: IndexDatabase,
  query: Query,
  plan: Plan,
  paging: Paging,
  options: CallOptions,
): AsyncGenerator<FoundRows> {
  if (query.level === "PATIENT") return yield* patientRows(database, plan, paging, options);
  const studyConditions = await narrowed(database, plan);
  const pages = await candidatePages(database, "study", studyConditions);
  let { skip } = paging;
  for (let limit = paging.first; ; limit = furtherPage) {
    options.signal?.throwIfAborted();
    const page = await pages.next(limit, skip);
    skip = 0;
    const studies = await studiesById(
      database,
      page.map(({ id }) => id),
    );
    if (query.level === "STUDY") yield* studies.map((study) => ({ study }));
    else yield* seriesRows(database, query, plan, studies, options);
    if (page.length < limit) return;
  }
}

async function* patientRows(
  database: IndexDatabase,
  plan: Plan,
  paging: Paging,
  options: CallOptions,
): AsyncGenerator<FoundRows> {
  const pages = await candidatePages(database, "patient", plan.patient);
  let { skip } = paging;
  for (let limit = paging.first; ; limit = furtherPage) {
    options.signal?.throwIfAborted();
    const page = await pages.next(limit, skip);
    skip = 0;
    const ids = page.map(({ id }) => id);
    const { rows } =
      ids.length === 0
        ? { rows: [] }
        : await sql<PatientFields>`select patient.id, patient.attributes, count(study.id) as studies,
            coalesce(sum(study.series_count), 0) as series, coalesce(sum(study.instance_count), 0) as instances
            from patient left join study on study.patient = patient.id where patient.id in (${sql.join(ids)})
            group by patient.id`.execute(database.db);
    yield* inOrder(rows, ids).map((patient) => ({ patient }));
    if (page.length < limit) return;
  }
}

async function studiesById(database: IndexDatabase, ids: readonly number[]): Promise<StudyFields[]> {
  if (ids.length === 0) return [];
  const { rows } =
    await sql<StudyFields>`select id, attributes, modalities, sop_classes, series_count, instance_count
    from study where id in (${sql.join(ids)})`.execute(database.db);
  return inOrder(rows, ids);
}

/** The series of a page of studies, study by study in its order. */
async function* seriesRows(
  database: IndexDatabase,
  query: Query,
  plan: Plan,
  studies: readonly StudyFields[],
  options: CallOptions,
): AsyncGenerator<FoundRows> {
  // Few at a time, so that the first answers do not wait for the series of a hundred studies.
  for (let at = 0; at < studies.length; at += 20) {
    options.signal?.throwIfAborted();
    const some = studies.slice(at, at + 20);
    const { rows } =
      await sql<SeriesFields>`select series.id, series.study, series.attributes, series.instance_count
      from series where series.study in (${sql.join(some.map(({ id }) => id))}) ${and(plan.series)}
      order by series.study, series.id`.execute(database.db);
    for (const study of some) {
      for (const series of rows.filter((one) => one.study === study.id)) {
        if (query.level === "SERIES") yield { study, series };
        else yield* instanceRows(database, plan, study, series, options);
      }
    }
  }
}

async function* instanceRows(
  database: IndexDatabase,
  plan: Plan,
  study: StudyFields,
  series: SeriesFields,
  options: CallOptions,
): AsyncGenerator<FoundRows> {
  for (let after = 0; ; ) {
    options.signal?.throwIfAborted();
    const { rows } =
      await sql<InstanceFields>`select instance.id, instance.attributes, instance.transfer_syntax
      from instance where instance.series = ${series.id} and instance.id > ${after} ${and(plan.instance)}
      order by instance.id limit ${sql.lit(furtherPage)}`.execute(database.db);
    for (const instance of rows) yield { study, series, instance };
    if (rows.length < furtherPage) return;
    after = rows.at(-1)?.id ?? after;
  }
}

function and(conditions: readonly StageCondition[]): RawBuilder<unknown> {
  return sql.join(
    conditions.map(({ where }) => sql` and ${where}`),
    sql``,
  );
}

/**
 * A query for series or instances by their own UIDs, without the study's (relational, PS3.4 C.4.1.2.2.1), is led to the
 * studies that have them; otherwise every study would be looked into.
 */
async function narrowed(database: IndexDatabase, plan: Plan): Promise<readonly StageCondition[]> {
  if (plan.study.some(({ key }) => key.column === "study_uid")) return plan.study;
  const bySop = plan.instance.find(({ key }) => key.column === "sop_uid");
  const bySeries = plan.series.find(({ key }) => key.column === "series_uid");
  const chosen = bySop ?? bySeries;
  if (chosen === undefined) return plan.study;
  const from = chosen === bySop ? sql`instance join series on series.id = instance.series` : sql`series`;
  const { rows } = await sql<{
    study: number;
  }>`select distinct series.study from ${from} where ${chosen.where}`.execute(database.db);
  const ids = rows.map(({ study }) => study);
  const where = ids.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`study.id in (${sql.join(ids)})`;
  const key = { level: "STUDY", table: "study", column: "study_uid", matching: "uid" } as const;
  return [...plan.study, { where, isRange: true, key }];
}

function inOrder<T extends { readonly id: number }>(rows: readonly T[], ids: readonly number[]): T[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}
