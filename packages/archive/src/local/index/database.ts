/** The index database, whichever it is: reads through Kysely, writes as units of work. */
import type { Kysely } from "kysely";
import { Migrator } from "kysely";
import { ArchiveError } from "../../errors.ts";
import { type DatabaseKind, migrationsFor } from "./migrations.ts";
import type { IndexSchema } from "./schema.ts";
import type { Work } from "./steps.ts";

export interface IndexDatabase {
  readonly kind: DatabaseKind;
  /** For reading. What writes goes through {@link write}. */
  readonly db: Kysely<IndexSchema>;
  /** Does work that only reads: cheaper than Kysely where it is done for every instance. */
  read<T>(work: () => Work<T>): Promise<T>;
  /**
   * Does the work in one transaction, which is on stable storage when the promise resolves.
   * @throws ArchiveError `storage-failed` when the database cannot be reached or written
   */
  write<T>(work: () => Work<T>): Promise<T>;
  /**
   * As {@link write}, and `committed` as soon as others can see the result: where the database is in this process, before
   * anything else of it can. `durable` resolves when it is on stable storage.
   */
  writeThen<T>(work: () => Work<T>, committed: (result: T, durable: Promise<void>) => void): Promise<T>;
  close(): Promise<void>;
}

/** @throws ArchiveError `data-folder-too-new`, `data-folder-unusable`, `storage-failed` */
export async function migrate(db: Kysely<IndexSchema>, kind: DatabaseKind, what: string): Promise<void> {
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrationsFor(kind)) },
  }).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof ArchiveError) throw error;
  const tooNew = /corrupted migrations|missing/i.test(messageOf(error));
  throw new ArchiveError(
    tooNew ? "data-folder-too-new" : "data-folder-unusable",
    tooNew
      ? `The index ${what} was written by a newer version of Isocenter; use that version, or rebuild the index.`
      : `The index ${what} cannot be brought up to date: ${messageOf(error)}`,
    { cause: error },
  );
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
