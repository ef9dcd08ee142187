/**
 * The index in SQLite, in WAL mode; `log-sync.ts` makes that a commit survives a power loss.
 *
 * One connection serves everything. A unit of work runs from BEGIN to COMMIT without giving the event loop a turn, so no
 * query of this process can see half of it.
 */
import Sqlite from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { ArchiveError } from "../../errors.ts";
import { type IndexDatabase, messageOf, migrate } from "./database.ts";
import { logPages, LogSync } from "./log-sync.ts";
import type { IndexSchema } from "./schema.ts";
import { marks, type Param, type Row, type Step, type Work } from "./steps.ts";

/** Compiled statements kept; the texts are few, but those with lists of values vary in length. */
const mostStatements = 400;

/** @throws ArchiveError `data-folder-too-new`, `data-folder-unusable` */
export async function openSqlite(file: string): Promise<IndexDatabase> {
  let sqlite: Sqlite.Database;
  try {
    sqlite = new Sqlite(file, { timeout: 5000 });
    sqlite.pragma("journal_mode = WAL");
    sqlite.pragma("synchronous = NORMAL");
    // LIKE as on other databases: the folded columns are lower case already, the others match exactly.
    sqlite.pragma("case_sensitive_like = ON");
    sqlite.pragma("cache_size = -65536");
    sqlite.pragma(`wal_autocheckpoint = ${logPages}`);
  } catch (cause) {
    throw new ArchiveError(
      "data-folder-unusable",
      `The index ${file} cannot be opened: ${messageOf(cause)}`,
      { cause },
    );
  }
  const db = new Kysely<IndexSchema>({ dialect: new SqliteDialect({ database: sqlite }) });
  try {
    await migrate(db, "sqlite", file);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return new SqliteIndex(sqlite, db);
}

class SqliteIndex implements IndexDatabase {
  readonly kind = "sqlite";
  readonly db: Kysely<IndexSchema>;
  readonly #sqlite: Sqlite.Database;
  readonly #log: LogSync;
  readonly #statements = new Map<string, Sqlite.Statement>();

  constructor(sqlite: Sqlite.Database, db: Kysely<IndexSchema>) {
    this.#sqlite = sqlite;
    this.db = db;
    this.#log = new LogSync(`${sqlite.name}-wal`);
  }

  async read<T>(work: () => Work<T>): Promise<T> {
    return this.#steps(work());
  }

  write<T>(work: () => Work<T>): Promise<T> {
    return this.writeThen(work, () => undefined);
  }

  async writeThen<T>(
    work: () => Work<T>,
    committed: (result: T, durable: Promise<void>) => void,
  ): Promise<T> {
    const result = this.#transaction(work);
    const durable = this.#log.durable();
    committed(result, durable);
    await durable;
    return result;
  }

  #transaction<T>(work: () => Work<T>): T {
    try {
      this.#statement("begin immediate").run();
      const result = this.#steps(work());
      this.#statement("commit").run();
      return result;
    } catch (error) {
      if (this.#sqlite.inTransaction) this.#statement("rollback").run();
      throw storageError(error);
    }
  }

  #steps<T>(work: Work<T>): T {
    let next = work.next();
    while (next.done !== true) {
      let rows: readonly Row[];
      try {
        rows = this.#step(next.value);
      } catch (error) {
        next = work.throw(error);
        continue;
      }
      next = work.next(rows);
    }
    return next.value;
  }

  #step({ sql, params = [], tuples, tail = "" }: Step): readonly Row[] {
    if (tuples === undefined) return this.#execute(this.#statement(sql), params);
    const statement = this.#statement(`${sql} (${marks(tuples[0]?.length ?? 0)}) ${tail}`);
    return tuples.flatMap((tuple) => this.#execute(statement, tuple));
  }

  #execute(statement: Sqlite.Statement, params: readonly Param[]): readonly Row[] {
    if (statement.reader) return statement.all(params) as Row[];
    statement.run(params);
    return [];
  }

  #statement(sql: string): Sqlite.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql);
      if (this.#statements.size >= mostStatements) {
        const [oldest] = this.#statements.keys();
        if (oldest !== undefined) this.#statements.delete(oldest);
      }
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  close(): Promise<void> {
    this.#log.close();
    return this.db.destroy();
  }
}

/** A full disk is told from other failures by its code: ENOSPC where the system said so. */
function storageError(error: unknown): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  const isFull = error.code === "SQLITE_FULL" || error.code === "SQLITE_IOERR_WRITE";
  return new ArchiveError(
    isFull ? "storage-full" : "storage-failed",
    isFull ? "The index cannot grow: the storage is full." : `The index cannot be written (${error.code}).`,
    { cause: error },
  );
}
