/**
 * The index in PostgreSQL, which several processes may share.
 *
 * A unit of work is a transaction on a connection of its own, and is done again when the database says that two got in
 * each other's way. A lost connection is an error of what ran on it and nothing else: the pool makes new ones.
 */
import { createHash } from "node:crypto";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import pg from "pg";
import { ArchiveError } from "../../errors.ts";
import { type IndexDatabase, messageOf, migrate } from "./database.ts";
import type { IndexSchema } from "./schema.ts";
import type { Param, Row, Step, Work } from "./steps.ts";

export interface PostgresOptions {
  /** Connections at most. Default 10. */
  readonly connections?: number | undefined;
}

/** Times that a unit of work is done again after a deadlock or a failed serialisation. */
const mostAttempts = 5;
/** Statements prepared on each connection; those with long lists are not worth it. */
const mostPreparedLength = 600;

/** @throws ArchiveError `storage-failed` when it cannot be reached, `data-folder-too-new`, `data-folder-unusable` */
export async function openPostgres(
  url: string,
  { connections = 10 }: PostgresOptions = {},
): Promise<IndexDatabase> {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new ArchiveError(
      "data-folder-unusable",
      "The index database is told by a URL like postgres://host/name.",
    );
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: "isocenter",
    types: { getTypeParser },
  });
  // An idle connection that breaks is replaced when the next is needed; without a listener it would end the process.
  pool.on("error", () => undefined);
  const db = new Kysely<IndexSchema>({
    dialect: new PostgresDialect({ pool: kyselyPool(pool) }),
  });
  try {
    await migrate(db, "postgres", withoutPassword(url));
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return new PostgresIndex(pool, db);
}

class PostgresIndex implements IndexDatabase {
  readonly kind = "postgres";
  readonly db: Kysely<IndexSchema>;
  readonly #pool: pg.Pool;
  readonly #numbered = new Map<string, string>();

  constructor(pool: pg.Pool, db: Kysely<IndexSchema>) {
    this.#pool = pool;
    this.db = db;
  }

  read<T>(work: () => Work<T>): Promise<T> {
    return this.#withClient((client) => this.#steps(client, work()));
  }

  write<T>(work: () => Work<T>): Promise<T> {
    return this.writeThen(work, () => undefined);
  }

  async writeThen<T>(
    work: () => Work<T>,
    committed: (result: T, durable: Promise<void>) => void,
  ): Promise<T> {
    const result = await this.#withClient((client) => this.#transaction(client, work));
    committed(result, Promise.resolve());
    return result;
  }

  async #transaction<T>(client: pg.PoolClient, work: () => Work<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.query("begin");
        const result = await this.#steps(client, work());
        await client.query("commit");
        return result;
      } catch (error) {
        if (isLostConnection(error)) throw error;
        await client.query("rollback");
        if (!isConflict(error) || attempt === mostAttempts) throw error;
      }
    }
  }

  async #withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw storageError(error);
    }
    // While it is ours, a broken connection is told by an event as well as by what was asked of it.
    const onError = (): void => undefined;
    client.on("error", onError);
    let broken = false;
    try {
      return await use(client);
    } catch (error) {
      broken = isLostConnection(error);
      throw storageError(error);
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }

  async #steps<T>(client: pg.PoolClient, work: Work<T>): Promise<T> {
    let next = work.next();
    while (next.done !== true) next = work.next(await this.#step(client, next.value));
    return next.value;
  }

  async #step(client: pg.PoolClient, { sql, params = [], tuples, tail = "" }: Step): Promise<readonly Row[]> {
    if (tuples === undefined) return this.#query(client, this.#number(sql), params);
    const width = tuples[0]?.length ?? 0;
    const values = tuples.map(
      (_, row) => `(${Array.from({ length: width }, (__, at) => `$${row * width + at + 1}`).join(", ")})`,
    );
    return this.#query(client, `${sql} ${values.join(", ")} ${tail}`, tuples.flat());
  }

  async #query(client: pg.PoolClient, text: string, params: readonly Param[]): Promise<readonly Row[]> {
    const values = params.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
    const name = text.length <= mostPreparedLength ? { name: nameOf(text) } : {};
    return (await client.query<Row>({ text, values, ...name })).rows;
  }

  /** `?` to `$1`, `$2` … */
  #number(sql: string): string {
    let text = this.#numbered.get(sql);
    if (text === undefined) {
      let count = 0;
      text = sql.replace(/\?/g, () => `$${++count}`);
      if (this.#numbered.size < 1000) this.#numbered.set(sql, text);
    }
    return text;
  }

  close(): Promise<void> {
    return this.db.destroy();
  }
}

function nameOf(text: string): string {
  return createHash("sha1").update(text).digest("base64url");
}

/** Counts and sums are numbers here: nothing in an archive is beyond 2^53. */
function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  const int8 = 20;
  const numeric = 1700;
  if (oid === int8 || oid === numeric) return Number;
  return pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown;
}

/** The pool as Kysely wants it, with errors as the archive's. */
function kyselyPool(pool: pg.Pool): PostgresPool {
  return {
    async connect() {
      try {
        return wrapped(await pool.connect());
      } catch (error) {
        throw storageError(error);
      }
    },
    end: () => pool.end(),
  } as PostgresPool;
}

function wrapped(client: pg.PoolClient): PostgresPoolClient {
  const onError = (): void => undefined;
  client.on("error", onError);
  let broken = false;
  return {
    query: (async (...args: unknown[]) => {
      try {
        return await (client.query as (...all: unknown[]) => Promise<unknown>).apply(client, args);
      } catch (error) {
        broken ||= isLostConnection(error);
        throw storageError(error);
      }
    }) as PostgresPoolClient["query"],
    release: () => {
      client.off("error", onError);
      client.release(broken);
    },
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** 40001 serialisation failure, 40P01 deadlock, 23505 and 23503: a key that two inserted, or one removed, at once. */
function isConflict(error: unknown): boolean {
  return ["40001", "40P01", "23505", "23503"].includes(codeOf(error));
}

/** Class 08 and 57P0x: connection exceptions and shutdown; the others are the socket's. */
function isLostConnection(error: unknown): boolean {
  const code = codeOf(error);
  if (/^(08|57P)/.test(code) || /^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|AI_AGAIN|NOTFOUND)/.test(code))
    return true;
  return /connection terminated|timeout exceeded when trying to connect|not queryable/i.test(
    messageOf(error),
  );
}

/** Nothing of the statement's values gets into the message: they hold patient data. */
function storageError(error: unknown): unknown {
  if (error instanceof ArchiveError) return error;
  if (isLostConnection(error) || error instanceof AggregateError)
    return new ArchiveError("storage-failed", "The index database cannot be reached; try again later.", {
      cause: error,
    });
  const code = codeOf(error);
  // Class 53: insufficient resources; 53100 is a full disk.
  if (code === "53100")
    return new ArchiveError("storage-full", "The index cannot grow: the storage is full.", { cause: error });
  if (/^[0-9A-Z]{5}$/.test(code))
    return new ArchiveError("storage-failed", `The index database refused (${code}).`, { cause: error });
  return error;
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
