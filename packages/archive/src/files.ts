/** DICOM files on disk as {@link InstanceStream}s: for importing folders and for sending files. */
import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "./errors.ts";
import type { InstanceStream } from "./image-source.ts";

const studyDate = 0x00080020;

/** All files below the given files and folders, folders in name order. Links are not followed. */
export async function* walkFiles(paths: Iterable<string>): AsyncGenerator<string> {
  for (const path of paths) {
    if (!(await stat(path)).isDirectory()) {
      yield path;
      continue;
    }
    const entries = await readdir(path, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.isDirectory()) yield* walkFiles([join(path, entry.name)]);
      else if (entry.isFile()) yield join(path, entry.name);
    }
  }
}

/** Whether the file has the Part 10 prefix `DICM` after its preamble (PS3.10 7.1). */
export async function isPart10File(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const prefix = Buffer.alloc(4);
    const { bytesRead } = await file.read(prefix, 0, 4, 128);
    return bytesRead === 4 && prefix.toString("latin1") === "DICM";
  } finally {
    await file.close();
  }
}

/**
 * Reads just enough of a file to name its instance; the data set is streamed from the disk when asked for.
 * @throws ArchiveError `instance-unreadable` when it is not DICOM, `instance-not-identifiable` when UIDs are missing
 */
export async function instanceFromFile(path: string): Promise<InstanceStream> {
  const parser = new Part10Parser({ until: studyDate, bulkThreshold: 1024 });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 8192 })) {
      parser.push(chunk as Buffer);
      if (parser.done) break;
    }
    if (!parser.done) parser.end();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError("instance-unreadable", `${path} cannot be read as DICOM: ${why}`, { cause });
  }
  const sopClassUid = parser.dataSet.string("SOPClassUID") ?? parser.meta.string("MediaStorageSOPClassUID");
  const sopInstanceUid =
    parser.dataSet.string("SOPInstanceUID") ?? parser.meta.string("MediaStorageSOPInstanceUID");
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new ArchiveError(
      "instance-not-identifiable",
      `${path} has no SOP Class UID or no SOP Instance UID.`,
    );
  }
  const start = parser.dataSetOffset;
  const { size } = await stat(path);
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: parser.transferSyntaxUid,
    size: size - start,
    dataSet: () => createReadStream(path, { start, highWaterMark: 1 << 18 }),
  };
}
