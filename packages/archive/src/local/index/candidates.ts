/**
 * Which patients or studies match, in pages by key: the newest study first, patients by name.
 *
 * The order is always the same, so pages by offset are stable. How the matches are found is not: when some key matches
 * few rows, those are read by its index and sorted; otherwise the rows are walked in order, because then a page is full
 * soon. Counting with a limit, on indexes alone, tells which. Databases left to themselves guess this wrong at either end.
 */
import { type RawBuilder, sql } from "kysely";
import type { IndexDatabase } from "./database.ts";
import type { StageCondition } from "./plan.ts";

/** Matches of one key up to which reading and sorting all of them is quicker than walking. */
const fewEnough = 10_000;

export interface Candidate {
  readonly id: number;
  readonly sort_key: string;
}

interface Ranking {
  readonly table: "patient" | "study";
  readonly order: "patient_name" | "study_date";
  readonly direction: "asc" | "desc";
  /** Columns with an index of their own. */
  readonly indexed: ReadonlySet<string>;
  readonly unique: string;
}

const byName: Ranking = {
  table: "patient",
  order: "patient_name",
  direction: "asc",
  indexed: new Set(["patient_id", "patient_birth_date"]),
  unique: "patient_key",
};

const newestFirst: Ranking = {
  table: "study",
  order: "study_date",
  direction: "desc",
  indexed: new Set([
    "patient_name",
    "patient_id",
    "patient_birth_date",
    "accession_number",
    "description",
    "referring_physician",
  ]),
  unique: "study_uid",
};

export interface CandidatePages {
  next(limit: number, skip?: number): Promise<readonly Candidate[]>;
}

export async function candidatePages(
  database: IndexDatabase,
  table: "patient" | "study",
  conditions: readonly StageCondition[],
): Promise<CandidatePages> {
  const ranking = table === "patient" ? byName : newestFirst;
  const driver = await chooseDriver(database, ranking, conditions);
  const source = sourceOf(ranking, conditions, driver);
  let after: Candidate | undefined;
  return {
    async next(limit, skip = 0) {
      const page = await readPage(database, ranking, source, after, limit, skip);
      after = page.at(-1) ?? after;
      return page;
    },
  };
}

async function chooseDriver(
  database: IndexDatabase,
  ranking: Ranking,
  conditions: readonly StageCondition[],
): Promise<StageCondition | undefined> {
  const unique = conditions.find(({ key }) => key.column === ranking.unique);
  if (unique !== undefined) return unique;
  let best: { readonly condition: StageCondition; readonly count: number } | undefined;
  const byOrder = (one: StageCondition): number => (one.key.column === ranking.order ? 0 : 1);
  for (const condition of conditions.toSorted((a, b) => byOrder(a) - byOrder(b))) {
    // One modality is walked along in order, which is never worse.
    const isIndexed =
      condition.modalities === undefined
        ? condition.isRange && (ranking.indexed.has(condition.key.column) || byOrder(condition) === 0)
        : condition.modalities.length > 1;
    if (!isIndexed) continue;
    const count = await countUpTo(database, ranking, condition, best?.count ?? fewEnough);
    if (best === undefined || count < best.count) best = { condition, count };
    if (count < 200) break;
  }
  // Few of the order's own key are walked as well as anything.
  const isWalked = best !== undefined && byOrder(best.condition) === 0;
  return best === undefined || best.count >= fewEnough || isWalked ? undefined : best.condition;
}

async function countUpTo(
  database: IndexDatabase,
  { table }: Ranking,
  { modalities, where }: StageCondition,
  limit: number,
): Promise<number> {
  const rows =
    modalities === undefined
      ? sql`from ${sql.table(table)} where ${where}`
      : sql`from study_modality where ${oneOf(modalities)}`;
  const counted = sql<{
    n: number;
  }>`select count(*) as n from (select 1 ${rows} limit ${sql.lit(limit)}) few`;
  return (await counted.execute(database.db)).rows[0]?.n ?? 0;
}

/** Where a page is read from: rows with their place in the order. */
interface Source {
  readonly from: RawBuilder<unknown>;
  readonly id: RawBuilder<unknown>;
  readonly key: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<boolean>[];
  /** The rows are few and in no order: they are collected before they are sorted. */
  readonly isFew: boolean;
}

function sourceOf(
  ranking: Ranking,
  conditions: readonly StageCondition[],
  driver: StageCondition | undefined,
): Source {
  const { table, order } = ranking;
  const id = sql.ref(`${table}.id`);
  const key = sql.ref(`${table}.${order}`);
  // "is true" keeps the database from using another index than the one that was chosen.
  const filters = (chosen: StageCondition | undefined): RawBuilder<boolean>[] =>
    conditions
      .filter((one) => one !== chosen)
      .map(({ where, modalities }) =>
        modalities === undefined || table === "patient"
          ? sql<boolean>`(${where}) is true`
          : // Not "exists", which PostgreSQL may answer by reading all studies of the modality.
            sql<boolean>`(select 1 from study_modality its where its.modality in (${sql.join(modalities)})
              and its.study_date = study.study_date and its.study = study.id limit 1) is not null`,
      );
  const joined = sql`from study_modality join study on study.id = study_modality.study`;
  if (driver?.modalities !== undefined)
    return { from: joined, id, key, where: [oneOf(driver.modalities), ...filters(driver)], isFew: true };
  const from = sql`from ${sql.table(table)}`;
  if (driver !== undefined) return { from, id, key, where: [driver.where, ...filters(driver)], isFew: true };
  const modality = conditions.find(({ modalities }) => modalities?.length === 1);
  if (modality?.modalities !== undefined) {
    const alone = conditions.every((one) => one === modality || one.onModality !== undefined);
    const dates = conditions.flatMap(({ onModality }) => onModality ?? []);
    return {
      from: alone ? sql`from study_modality` : joined,
      id: sql.ref("study_modality.study"),
      key: sql.ref("study_modality.study_date"),
      where: [oneOf(modality.modalities), ...dates, ...(alone ? [] : filters(modality))],
      isFew: false,
    };
  }
  const range = conditions.find((one) => one.key.column === order && one.isRange);
  return {
    from,
    id,
    key,
    where: [...(range === undefined ? [] : [range.where]), ...filters(range)],
    isFew: false,
  };
}

function oneOf(modalities: readonly string[]): RawBuilder<boolean> {
  return sql<boolean>`study_modality.modality in (${sql.join(modalities)})`;
}

async function readPage(
  database: IndexDatabase,
  { direction }: Ranking,
  { from, id, key, where, isFew }: Source,
  after: Candidate | undefined,
  limit: number,
  skip: number,
): Promise<readonly Candidate[]> {
  const sense = sql.raw(direction);
  const beyond = sql.raw(direction === "asc" ? ">" : "<");
  const tail = sql`limit ${sql.lit(limit)} ${skip > 0 ? sql`offset ${sql.lit(skip)}` : sql``}`;
  const conjunction = (parts: readonly RawBuilder<boolean>[]): RawBuilder<unknown> =>
    parts.length === 0 ? sql`` : sql`where ${sql.join(parts, sql` and `)}`;
  const follows = (k: RawBuilder<unknown>, i: RawBuilder<unknown>): RawBuilder<boolean>[] =>
    after === undefined ? [] : [sql<boolean>`(${k}, ${i}) ${beyond} (${after.sort_key}, ${after.id})`];
  const statement = isFew
    ? sql<Candidate>`with few as materialized (select distinct ${id} as id, ${key} as sort_key ${from} ${conjunction(where)})
        select id, sort_key from few ${conjunction(follows(sql.ref("sort_key"), sql.ref("id")))}
        order by sort_key ${sense}, id ${sense} ${tail}`
    : sql<Candidate>`select ${id} as id, ${key} as sort_key ${from} ${conjunction([...where, ...follows(key, id)])}
        order by ${key} ${sense}, ${id} ${sense} ${tail}`;
  return (await statement.execute(database.db)).rows;
}
