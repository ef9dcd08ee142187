/**
 * Brings the index up to what is on disk: after an unclean end, and for `isocenter index rebuild`.
 *
 * Objects under `objects/` are whole by construction, so each one that the index does not know is added.
 */
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Part10Parser } from "@isocenter/dicom";
import { createReadStream } from "node:fs";
import type { IndexDatabase } from "./database.ts";
import { describe, uidsOf } from "./describe.ts";
import { addToIndex } from "./index-writer.ts";
import type { DataFolders } from "./objects.ts";

export interface Reconciled {
  readonly seen: number;
  readonly added: number;
  /** Paths below `objects/` that could not be read as DICOM, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}

export async function reconcile(folders: DataFolders, database: IndexDatabase): Promise<Reconciled> {
  let seen = 0;
  let added = 0;
  const unreadable: { path: string; reason: string }[] = [];
  for await (const series of seriesFolders(folders)) {
    const names: string[] = [];
    for await (const entry of await opendir(join(folders.objects, series))) {
      if (entry.isFile() && entry.name.endsWith(".dcm")) names.push(`${series}/${entry.name}`);
    }
    seen += names.length;
    for (const path of await notIndexed(database, series, names)) {
      try {
        if (await indexObject(folders, database, path)) added++;
      } catch (error) {
        unreadable.push({ path, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return { seen, added, unreadable };
}

async function* seriesFolders(folders: DataFolders): AsyncGenerator<string> {
  for await (const study of await opendir(folders.objects)) {
    if (!study.isDirectory()) continue;
    for await (const series of await opendir(join(folders.objects, study.name))) {
      if (series.isDirectory()) yield `${study.name}/${series.name}`;
    }
  }
}

async function notIndexed(
  database: IndexDatabase,
  series: string,
  paths: readonly string[],
): Promise<string[]> {
  const rows = await database
    .selectFrom("instance")
    .select("path")
    .where("path", ">=", `${series}/`)
    .where("path", "<", `${series}0`) // "0" follows "/" in every collation used here
    .execute();
  const known = new Set(rows.map((row) => row.path));
  return paths.filter((path) => !known.has(path));
}

/** Reads the header of one object and adds it. @returns false when its SOP Instance UID is in the index already */
async function indexObject(folders: DataFolders, database: IndexDatabase, path: string): Promise<boolean> {
  const file = join(folders.objects, path);
  const { size, mtime } = await stat(file);
  const parser = new Part10Parser({ until: 0x7fe00010, bulkThreshold: 64 * 1024 });
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 17 })) {
    parser.push(chunk as Buffer);
    if (parser.done) break;
  }
  if (!parser.done) parser.end();
  const header = parser.dataSet;
  return addToIndex(database, describe(header, uidsOf(header)), {
    path,
    size,
    data_set_offset: parser.dataSetOffset,
    transfer_syntax: parser.transferSyntaxUid,
    received_at: mtime.toISOString(),
    source_ae: parser.meta.string("SourceApplicationEntityTitle") ?? "",
  });
}
