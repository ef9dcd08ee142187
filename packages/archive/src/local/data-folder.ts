/** The data folder: what is in it, and who has it open. */
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { ArchiveError } from "../errors.ts";
import { makeFolder } from "./objects/file-objects.ts";

export interface DataFolder {
  readonly root: string;
  readonly incoming: string;
  readonly index: string;
  /** Lets another process have it. */
  close(): void;
}

/** @throws ArchiveError `data-folder-unusable`, `data-folder-in-use` */
export async function openDataFolder(root: string): Promise<DataFolder> {
  const incoming = join(root, "incoming");
  try {
    for (const one of [join(root, "objects"), incoming]) await makeFolder(one);
  } catch (cause) {
    throw new ArchiveError("data-folder-unusable", `The data folder ${root} cannot be written.`, { cause });
  }
  const lock = takeLock(root);
  return { root, incoming, index: join(root, "index.sqlite"), close: () => lock.close() };
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
