/**
 * Opens the index database and brings it to the current schema.
 *
 * SQLite in WAL mode with `synchronous=NORMAL`: a commit survives the death of the process, and after a power loss the
 * last commits may be missing while the database stays whole. That is enough, because the objects themselves are synced
 * before they are acknowledged and {@link reconcile} indexes what the database missed (docs/adr/0003-objects-are-the-truth.md).
 */
import Sqlite from "better-sqlite3";
import { Kysely, type Migration, Migrator, SqliteDialect } from "kysely";
import { ArchiveError } from "../errors.ts";
import type { IndexSchema } from "./schema.ts";

export type IndexDatabase = Kysely<IndexSchema>;

/** @throws ArchiveError `data-folder-in-use`, `data-folder-too-new`, `data-folder-unusable` */
export async function openDatabase(file: string): Promise<IndexDatabase> {
  let sqlite: Sqlite.Database;
  try {
    sqlite = new Sqlite(file, { timeout: 5000 });
    sqlite.pragma("journal_mode = WAL");
    sqlite.pragma("synchronous = NORMAL");
    // LIKE as on other databases: the folded columns are lower case already, the others match exactly.
    sqlite.pragma("case_sensitive_like = ON");
    sqlite.pragma("cache_size = -65536");
  } catch (cause) {
    throw new ArchiveError(
      "data-folder-unusable",
      `The index ${file} cannot be opened: ${messageOf(cause)}`,
      { cause },
    );
  }
  const database = new Kysely<IndexSchema>({ dialect: new SqliteDialect({ database: sqlite }) });
  const { error } = await new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve(migrations) },
  }).migrateToLatest();
  if (error !== undefined) {
    await database.destroy();
    const tooNew = /corrupted migrations|missing/i.test(messageOf(error));
    throw new ArchiveError(
      tooNew ? "data-folder-too-new" : "data-folder-unusable",
      tooNew
        ? `The index ${file} was written by a newer version of Isocenter; use that version, or rebuild the index.`
        : `The index ${file} cannot be brought up to date: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return database;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const migrations: Record<string, Migration> = {
  "0001-patients-studies-series-instances": {
    async up(db: Kysely<never>) {
      await db.schema
        .createTable("patient")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("patient_key", "text", (c) => c.notNull().unique())
        .addColumn("patient_id", "text", (c) => c.notNull())
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("name_ideographic", "text", (c) => c.notNull())
        .addColumn("name_phonetic", "text", (c) => c.notNull())
        .addColumn("birth_date", "text", (c) => c.notNull())
        .addColumn("sex", "text", (c) => c.notNull())
        .addColumn("attributes", "text", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("study")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("patient", "integer", (c) => c.notNull().references("patient.id"))
        .addColumn("study_uid", "text", (c) => c.notNull().unique())
        .addColumn("study_date", "text", (c) => c.notNull())
        .addColumn("study_time", "text", (c) => c.notNull())
        .addColumn("accession_number", "text", (c) => c.notNull())
        .addColumn("study_id", "text", (c) => c.notNull())
        .addColumn("description", "text", (c) => c.notNull())
        .addColumn("referring_physician", "text", (c) => c.notNull())
        .addColumn("modalities", "text", (c) => c.notNull())
        .addColumn("sop_classes", "text", (c) => c.notNull())
        .addColumn("series_count", "integer", (c) => c.notNull())
        .addColumn("instance_count", "integer", (c) => c.notNull())
        .addColumn("attributes", "text", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("series")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("study", "integer", (c) => c.notNull().references("study.id"))
        .addColumn("series_uid", "text", (c) => c.notNull().unique())
        .addColumn("modality", "text", (c) => c.notNull())
        .addColumn("series_number", "text", (c) => c.notNull())
        .addColumn("description", "text", (c) => c.notNull())
        .addColumn("body_part", "text", (c) => c.notNull())
        .addColumn("series_date", "text", (c) => c.notNull())
        .addColumn("instance_count", "integer", (c) => c.notNull())
        .addColumn("attributes", "text", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("instance")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("series", "integer", (c) => c.notNull().references("series.id"))
        .addColumn("sop_uid", "text", (c) => c.notNull().unique())
        .addColumn("sop_class", "text", (c) => c.notNull())
        .addColumn("instance_number", "text", (c) => c.notNull())
        .addColumn("transfer_syntax", "text", (c) => c.notNull())
        .addColumn("path", "text", (c) => c.notNull().unique())
        .addColumn("size", "integer", (c) => c.notNull())
        .addColumn("data_set_offset", "integer", (c) => c.notNull())
        .addColumn("received_at", "text", (c) => c.notNull())
        .addColumn("source_ae", "text", (c) => c.notNull())
        .addColumn("attributes", "text", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("setting")
        .addColumn("name", "text", (c) => c.primaryKey())
        .addColumn("value", "text", (c) => c.notNull())
        .execute();
      const indexes: [table: string, ...columns: string[]][] = [
        ["patient", "patient_id"],
        ["patient", "name"],
        ["patient", "birth_date"],
        ["study", "patient"],
        ["study", "study_date", "id"],
        ["study", "accession_number"],
        ["study", "description"],
        ["series", "study"],
        ["series", "modality"],
        ["instance", "series"],
      ];
      for (const [table, ...columns] of indexes) {
        await db.schema
          .createIndex(`${table}_by_${columns.join("_")}`)
          .on(table)
          .columns(columns)
          .execute();
      }
    },
  },
};
