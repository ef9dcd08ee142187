/**
 * Units of work on the index as generators of steps: `const rows = yield* all(sql, ...)`.
 *
 * The same work then runs on SQLite in one go, with nothing in between, and on PostgreSQL with a turn of the network per
 * step. A work function may be run again from its start, when the database asks for it, so it must not touch anything
 * else.
 */
export type Param = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, unknown>>;

export interface Step {
  /** With `?` for each parameter. No other question mark may stand in it. */
  readonly sql: string;
  readonly params?: readonly Param[];
  /** For `insert into … values`: the rows, each as many as there are columns; `sql` ends before them. */
  readonly tuples?: readonly (readonly Param[])[];
  /** What follows the rows. */
  readonly tail?: string;
}

export type Work<T> = Generator<Step, T, readonly Row[]>;

export function* all<R>(sql: string, ...params: Param[]): Work<readonly R[]> {
  return (yield { sql, params }) as readonly R[];
}

export function* first<R>(sql: string, ...params: Param[]): Work<R | undefined> {
  return ((yield { sql, params }) as readonly R[])[0];
}

export function* run(sql: string, ...params: Param[]): Work<void> {
  yield { sql, params };
}

/** @returns what `tail` says to return */
export function* insert<R>(
  sql: string,
  tuples: readonly (readonly Param[])[],
  tail = "",
): Work<readonly R[]> {
  if (tuples.length === 0) return [];
  return (yield { sql, tuples, tail }) as readonly R[];
}

/** `?, ?, ?` */
export function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}

/** More than this in one statement gains nothing, and databases have limits. */
export const mostMarks = 500;

export function chunked<T>(list: readonly T[], size = mostMarks): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < list.length; at += size) chunks.push(list.slice(at, at + size));
  return chunks;
}
