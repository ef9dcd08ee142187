/**
 * `LocalArchive`: an {@link ImageSource} on this machine's disk, an index in SQLite beside plain DICOM files.
 *
 * What it promises (docs/architecture.md): durable before success, visible to the
 * next query, rebuildable from its objects.
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { DataSet } from "@isocenter/dicom";
import Sqlite from "better-sqlite3";
import { sql } from "kysely";
import { ArchiveError } from "../errors.ts";
import {
  type CallOptions,
  type ImageSource,
  type InstanceStream,
  type Query,
  queryLevels,
  type Selection,
  type SourceCapabilities,
  type StoreOutcome,
} from "../image-source.ts";
import { type IndexDatabase, openDatabase } from "./database.ts";
import { findInIndex } from "./find.ts";
import { Ingest } from "./ingest.ts";
import { clearIncoming, type DataFolders, dataFolders, makeFolder } from "./objects.ts";
import { type Reconciled, reconcile } from "./reconcile.ts";

export interface ArchiveCounts {
  readonly patients: number;
  readonly studies: number;
  readonly series: number;
  readonly instances: number;
}

export class LocalArchive implements ImageSource, AsyncDisposable {
  readonly #folders: DataFolders;
  readonly #database: IndexDatabase;
  readonly #lock: Sqlite.Database;
  readonly #ingest: Ingest;
  /** What the start had to repair after an unclean end; undefined after a clean one. */
  readonly repaired: Reconciled | undefined;

  private constructor(
    folders: DataFolders,
    database: IndexDatabase,
    lock: Sqlite.Database,
    repaired: Reconciled | undefined,
  ) {
    this.#folders = folders;
    this.#database = database;
    this.#lock = lock;
    this.#ingest = new Ingest(folders, database);
    this.repaired = repaired;
  }

  /**
   * Opens the archive in a folder, which is made when it is not there.
   * @throws ArchiveError `data-folder-unusable`, `data-folder-in-use`, `data-folder-too-new`
   */
  static async open(folder: string): Promise<LocalArchive> {
    const folders = dataFolders(folder);
    try {
      for (const one of [folders.objects, folders.incoming]) await makeFolder(one);
    } catch (cause) {
      throw new ArchiveError("data-folder-unusable", `The data folder ${folder} cannot be written.`, {
        cause,
      });
    }
    const lock = takeLock(folder);
    try {
      const database = await openDatabase(join(folder, "index.sqlite"));
      await clearIncoming(folders);
      // No mark at all: a new folder, or one whose index was lost and has to be made again from the objects.
      const clean = await readSetting(database, "closed-cleanly");
      const repaired = clean !== "yes" ? await reconcile(folders, database) : undefined;
      await writeSetting(database, "closed-cleanly", "no");
      // The mark must be on disk before anything is stored, or a power loss would go unnoticed at the next start.
      await sql`pragma wal_checkpoint(truncate)`.execute(database);
      return new LocalArchive(folders, database, lock, repaired);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  get folder(): string {
    return this.#folders.root;
  }

  capabilities(): SourceCapabilities {
    return { kind: "local", find: true, retrieve: true, store: true, levels: queryLevels };
  }

  find(query: Query, options?: CallOptions): AsyncIterable<DataSet> {
    return findInIndex(this.#database, query, options);
  }

  async *retrieve(selection: Selection, options: CallOptions = {}): AsyncGenerator<InstanceStream> {
    let rows = this.#database
      .selectFrom("instance")
      .innerJoin("series", "series.id", "instance.series")
      .innerJoin("study", "study.id", "series.study")
      .select(["instance.sop_class", "instance.sop_uid", "instance.transfer_syntax", "instance.path"])
      .select(["instance.size", "instance.data_set_offset", "instance.source_ae"])
      .where("study.study_uid", "=", selection.studyInstanceUid)
      .orderBy("series.id")
      .orderBy("instance.id");
    if (selection.seriesInstanceUid !== undefined)
      rows = rows.where("series.series_uid", "=", selection.seriesInstanceUid);
    if (selection.sopInstanceUid !== undefined)
      rows = rows.where("instance.sop_uid", "=", selection.sopInstanceUid);
    for (const row of await rows.execute()) {
      options.signal?.throwIfAborted();
      const path = join(this.#folders.objects, row.path);
      yield {
        sopClassUid: row.sop_class,
        sopInstanceUid: row.sop_uid,
        transferSyntaxUid: row.transfer_syntax,
        size: row.size - row.data_set_offset,
        sourceAeTitle: row.source_ae,
        dataSet: () => createReadStream(path, { start: row.data_set_offset, highWaterMark: 1 << 18 }),
      };
    }
  }

  async *store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options: CallOptions = {},
  ): AsyncGenerator<StoreOutcome> {
    for await (const instance of instances) yield await this.#ingest.take(instance, options.signal);
  }

  /** Stores one instance: what a C-STORE needs. */
  storeOne(instance: InstanceStream, options: CallOptions = {}): Promise<StoreOutcome> {
    return this.#ingest.take(instance, options.signal);
  }

  async counts(): Promise<ArchiveCounts> {
    const { rows } = await sql<ArchiveCounts>`select (select count(*) from patient) as patients,
      (select count(*) from study) as studies, (select count(*) from series) as series,
      (select count(*) from instance) as instances`.execute(this.#database);
    const [counts] = rows;
    if (counts === undefined) throw new ArchiveError("storage-failed", "The index did not answer a count.");
    return counts;
  }

  /** Throws the index away and makes it again from the objects. */
  async rebuildIndex(): Promise<Reconciled> {
    for (const table of ["instance", "series", "study", "patient"] as const) {
      await this.#database.deleteFrom(table).execute();
    }
    return reconcile(this.#folders, this.#database);
  }

  async close(): Promise<void> {
    await writeSetting(this.#database, "closed-cleanly", "yes");
    await this.#database.destroy();
    this.#lock.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * One process per data folder: a second would clear the first one's incoming files. The lock is SQLite's own on a file
 * of no other use, because the system frees it when the process dies, however it dies.
 */
function takeLock(folder: string): Sqlite.Database {
  let lock: Sqlite.Database | undefined;
  try {
    lock = new Sqlite(join(folder, "lock"), { timeout: 0 });
    lock.pragma("journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    const inUse = cause instanceof Sqlite.SqliteError && cause.code.startsWith("SQLITE_BUSY");
    throw inUse
      ? new ArchiveError(
          "data-folder-in-use",
          `The data folder ${folder} is in use by another Isocenter server.`,
          { cause },
        )
      : new ArchiveError("data-folder-unusable", `The data folder ${folder} cannot be written.`, { cause });
  }
}

async function readSetting(database: IndexDatabase, name: string): Promise<string | undefined> {
  const row = await database
    .selectFrom("setting")
    .select("value")
    .where("name", "=", name)
    .executeTakeFirst();
  return row?.value;
}

async function writeSetting(database: IndexDatabase, name: string, value: string): Promise<void> {
  await database
    .insertInto("setting")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}
