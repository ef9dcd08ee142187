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
const fewEnough = 20_000;

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
  let after: Candidate | undefined;
  return {
    async next(limit, skip = 0) {
      const page = await readPage(database, ranking, conditions, driver, after, limit, skip);
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
  const indexed = conditions.filter(
    (one) => one.modalities !== undefined || (one.isRange && ranking.indexed.has(one.key.column)),
  );
  let best: { readonly condition: StageCondition; readonly count: number } | undefined;
  for (const condition of indexed) {
    const count = await countUpTo(database, source(ranking, condition), best?.count ?? fewEnough);
    if (best === undefined || count < best.count) best = { condition, count };
    if (count < 200) break;
  }
  return best === undefined || best.count >= fewEnough ? undefined : best.condition;
}

async function countUpTo(database: IndexDatabase, rows: RawBuilder<unknown>, limit: number): Promise<number> {
  const counted = sql<{
    n: number;
  }>`select count(*) as n from (select 1 ${rows} limit ${sql.lit(limit)}) few`;
  return (await counted.execute(database.db)).rows[0]?.n ?? 0;
}

/** `from … where …` of the rows that one condition finds by its index. */
function source({ table }: Ranking, { modalities, where }: StageCondition): RawBuilder<unknown> {
  if (modalities !== undefined)
    return sql`from study_modality where study_modality.modality in (${sql.join(modalities)})`;
  return sql`from ${sql.table(table)} where ${where}`;
}

async function readPage(
  database: IndexDatabase,
  ranking: Ranking,
  conditions: readonly StageCondition[],
  driver: StageCondition | undefined,
  after: Candidate | undefined,
  limit: number,
  skip: number,
): Promise<readonly Candidate[]> {
  const { table, order, direction } = ranking;
  const id = sql.ref(`${table}.id`);
  const key = sql.ref(`${table}.${order}`);
  const sense = sql.raw(direction);
  const beyond = sql.raw(direction === "asc" ? ">" : "<");
  const rest = conditions
    .filter((one) => one !== driver)
    // "is true" keeps the database from using another index for it; walking in order may use the one it walks by.
    .map((one) =>
      driver === undefined && one.key.column === order && one.isRange
        ? one.where
        : sql<boolean>`(${one.where}) is true`,
    );
  const tail = sql`limit ${sql.lit(limit)} ${skip > 0 ? sql`offset ${sql.lit(skip)}` : sql``}`;
  const conjunction = (parts: readonly RawBuilder<boolean>[]): RawBuilder<unknown> =>
    parts.length === 0 ? sql`` : sql`where ${sql.join(parts, sql` and `)}`;
  if (driver === undefined) {
    const parts =
      after === undefined
        ? rest
        : [...rest, sql<boolean>`(${key}, ${id}) ${beyond} (${after.sort_key}, ${after.id})`];
    const walk = sql<Candidate>`select ${id} as id, ${key} as sort_key from ${sql.table(table)} ${conjunction(parts)}
      order by ${key} ${sense}, ${id} ${sense} ${tail}`;
    return (await walk.execute(database.db)).rows;
  }
  const found =
    driver.modalities === undefined
      ? sql`select ${id} as id, ${key} as sort_key from ${sql.table(table)}
          ${conjunction([driver.where, ...rest])}`
      : sql`select distinct study.id as id, study.study_date as sort_key from study_modality
          join study on study.id = study_modality.study
          ${conjunction([sql<boolean>`study_modality.modality in (${sql.join(driver.modalities)})`, ...rest])}`;
  const parts =
    after === undefined ? [] : [sql<boolean>`(sort_key, id) ${beyond} (${after.sort_key}, ${after.id})`];
  const few = sql<Candidate>`with few as materialized (${found}) select id, sort_key from few ${conjunction(parts)}
    order by sort_key ${sense}, id ${sense} ${tail}`;
  return (await few.execute(database.db)).rows;
}
