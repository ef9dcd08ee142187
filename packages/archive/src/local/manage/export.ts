/**
 * Export of studies to a folder: as media with a DICOMDIR (PS3.10 8, PS3.3 F), or as a readable tree.
 */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type DicomJsonObject, type DirectoryEntry, encodeDirectory, fromDicomJson } from "@isocenter/dicom";
import { ArchiveError } from "../../errors.ts";
import type { Selection } from "../../image-source.ts";
import type { IndexDatabase } from "../index/database.ts";
import { objectKey, objectsPrefix } from "../objects/object-key.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import { type InstanceLine, instanceLines } from "../read/instances.ts";

export interface ExportOptions {
  /** Writes a DICOMDIR, and names that media allow. */
  readonly dicomdir?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((written: number) => void) | undefined;
}

export interface Exported {
  readonly instances: number;
  readonly bytes: number;
}

/** Attributes that a directory may hold; the others would fill the memory in a large export. */
const directoryGroups = /^(0002|0008|0010|0018|0020|0028|0040|0070|3006|300A|FFFE)/;

/**
 * @param folder is made when it is not there; files in it are never replaced
 * @throws ArchiveError `storage-failed` when it cannot be written, `storage-full`
 */
export async function exportTo(
  database: IndexDatabase,
  objects: ObjectStore,
  selections: readonly Selection[],
  folder: string,
  { dicomdir = false, signal, onProgress }: ExportOptions = {},
): Promise<Exported> {
  const names = new MediaNames();
  const entries: DirectoryEntry[] = [];
  let instances = 0;
  let bytes = 0;
  for (const selection of selections) {
    for await (const line of instanceLines(database, selection)) {
      signal?.throwIfAborted();
      const key = objectKey(keyOf(line), line.suffix);
      const fileId = names.of(line);
      const path = join(folder, ...(dicomdir ? fileId : [key.slice(objectsPrefix.length)]));
      await mkdir(dirname(path), { recursive: true });
      try {
        await pipeline(objects.stream(key), createWriteStream(path, { flags: "wx" }), { signal });
      } catch (error) {
        throw writeError(error);
      }
      if (dicomdir) entries.push({ fileId, ...(await entryOf(database, line)) });
      instances++;
      bytes += line.size;
      onProgress?.(instances);
    }
  }
  if (dicomdir) {
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "DICOMDIR"), encodeDirectory(entries), { flag: "wx" });
    } catch (error) {
      throw writeError(error);
    }
  }
  return { instances, bytes };
}

/** File IDs of media: 8 capital letters and digits a part (PS3.10 8.2). */
class MediaNames {
  readonly #numbers = new Map<string, number>();

  of({ study_uid, series_uid, sop_uid }: InstanceLine): string[] {
    const part = (prefix: string, parent: string, uid: string): string =>
      `${prefix}${String(this.#number(parent, uid)).padStart(6, "0")}`;
    const series = `${study_uid}\n${series_uid}`;
    return [
      "DICOM",
      part("ST", "", study_uid),
      part("SE", study_uid, series),
      part("IM", series, `${series}\n${sop_uid}`),
    ];
  }

  #number(parent: string, uid: string): number {
    const known = this.#numbers.get(uid);
    if (known !== undefined) return known;
    const next = (this.#numbers.get(`#${parent}`) ?? 0) + 1;
    this.#numbers.set(`#${parent}`, next);
    this.#numbers.set(uid, next);
    return next;
  }
}

async function entryOf(
  { db }: IndexDatabase,
  line: InstanceLine,
): Promise<Pick<DirectoryEntry, "dataSet" | "transferSyntaxUid">> {
  const row = await db
    .selectFrom("instance")
    .select("attributes")
    .where("id", "=", line.id)
    .executeTakeFirst();
  const json = JSON.parse(row?.attributes ?? "{}") as DicomJsonObject;
  const kept = Object.entries(json).filter(
    ([tag, { BulkDataURI }]) => directoryGroups.test(tag) && BulkDataURI === undefined,
  );
  return { dataSet: fromDicomJson(Object.fromEntries(kept)), transferSyntaxUid: line.transfer_syntax };
}

const keyOf = (line: InstanceLine) => ({
  studyInstanceUid: line.study_uid,
  seriesInstanceUid: line.series_uid,
  sopInstanceUid: line.sop_uid,
});

function writeError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error instanceof ArchiveError) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT")
    return new ArchiveError("storage-full", "The folder to export to is full.", { cause: error });
  const why = error.code === "EEXIST" ? "it holds files of an export already" : String(error.code);
  return new ArchiveError("storage-failed", `The folder to export to cannot be written: ${why}.`, {
    cause: error,
  });
}
