/**
 * The server's own durable state beside the archive: peers that were added, jobs, and what is to be forwarded. One SQLite
 * file in the data folder, written as safely as the index (WAL, every commit synced), so that it survives a kill or a
 * power loss at any moment.
 *
 * It is in the data folder also where the index is in PostgreSQL: it belongs to this process.
 */
import { join } from "node:path";
import { IsocenterError } from "@isocenter/dicom";
import Sqlite from "better-sqlite3";

export type StateErrorCode = "state-unusable" | "state-too-new" | "state-full";

export class StateError extends IsocenterError {
  override readonly name = "StateError";
  declare readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}

export type SqlValue = string | number | null;

export interface StateDatabase {
  /** Rows of a query. */
  all<T>(sql: string, ...values: readonly SqlValue[]): T[];
  /** @returns how many rows were changed */
  run(sql: string, ...values: readonly SqlValue[]): number;
  /** All of it or nothing; on stable storage when it returns. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** @param folder of the data; in memory when left out @throws StateError */
export function openState(folder?: string): StateDatabase {
  const file = folder === undefined ? ":memory:" : join(folder, "server.sqlite");
  try {
    const database = new Sqlite(file, { timeout: 5000 });
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    migrate(database, file);
    return new OpenState(database);
  } catch (cause) {
    if (cause instanceof StateError) throw cause;
    throw new StateError("state-unusable", `The server's state ${file} cannot be opened.`, { cause });
  }
}

class OpenState implements StateDatabase {
  readonly #database: Sqlite.Database;
  readonly #statements = new Map<string, Sqlite.Statement>();

  constructor(database: Sqlite.Database) {
    this.#database = database;
  }

  all<T>(sql: string, ...values: readonly SqlValue[]): T[] {
    return this.#statement(sql).all(...values) as T[];
  }

  run(sql: string, ...values: readonly SqlValue[]): number {
    return told(() => this.#statement(sql).run(...values).changes);
  }

  transaction<T>(work: () => T): T {
    return told(() => this.#database.transaction(work).immediate());
  }

  close(): void {
    this.#database.close();
  }

  /** The texts are few: each is written in the code. */
  #statement(sql: string): Sqlite.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Sqlite.SqliteError)) throw cause;
    const isFull = cause.code === "SQLITE_FULL" || cause.code === "SQLITE_IOERR_WRITE";
    throw new StateError(
      isFull ? "state-full" : "state-unusable",
      isFull
        ? "The server's state cannot grow: the disk is full."
        : `The server's state cannot be written (${cause.code}).`,
      { cause },
    );
  }
}

/** Each is done once, in order; `user_version` counts them. */
const migrations: readonly string[] = [
  `create table peer (id text primary key, body text not null);
   create table job (id text primary key, created_at text not null, body text not null);
   create index job_created on job (created_at);
   create table setting (name text primary key, value text not null);
   create table forward (
     id integer primary key autoincrement,
     destination text not null,
     rule text not null,
     study_uid text not null,
     series_uid text not null,
     sop_uid text not null,
     state text not null default 'waiting',
     attempts integer not null default 0,
     next_at integer not null default 0,
     error text not null default '',
     created_at integer not null,
     unique (destination, sop_uid)
   );
   create index forward_due on forward (destination, state, next_at);`,
];

function migrate(database: Sqlite.Database, file: string): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version > migrations.length) {
    throw new StateError("state-too-new", `${file} was written by a newer version of Isocenter.`);
  }
  database
    .transaction(() => {
      for (const sql of migrations.slice(version)) database.exec(sql);
      database.pragma(`user_version = ${migrations.length}`);
    })
    .immediate();
}
