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
 * An instance from the bytes of a file that can be read once. What was read to name it is kept until it is taken.
 * @returns undefined when it has no Part 10 prefix (PS3.10 7.1)
 * @throws ArchiveError as {@link instanceFromFile}
 */
export async function instanceFromChunks(
  chunks: AsyncIterable<Uint8Array>,
): Promise<InstanceStream | undefined> {
  const source = chunks[Symbol.asyncIterator]();
  const parser = new Part10Parser({ until: studyDate, bulkThreshold: 1024 });
  const read: Uint8Array[] = [];
  let length = 0;
  let isChecked = false;
  try {
    while (!parser.done) {
      const { done, value } = await source.next();
      if (done === true) {
        if (length < 132) return undefined;
        parser.end();
        break;
      }
      read.push(value);
      length += value.byteLength;
      if (!isChecked && length < 132) continue;
      if (!isChecked) {
        const head = Buffer.concat(read);
        if (head.toString("latin1", 128, 132) !== "DICM") return undefined;
        isChecked = true;
        parser.push(head);
      } else parser.push(value);
    }
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError("instance-unreadable", `It cannot be read as DICOM: ${why}`, { cause });
  }
  const { sopClassUid, sopInstanceUid } = namesOf(parser, "It");
  const { dataSetOffset: start } = parser;
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: parser.transferSyntaxUid,
    dataSet: async function* () {
      let skip = start;
      const rest = { [Symbol.asyncIterator]: () => source };
      for (const chunk of read) {
        if (skip < chunk.byteLength) yield chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.byteLength);
      }
      yield* rest;
    },
  };
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
  const { sopClassUid, sopInstanceUid } = namesOf(parser, path);
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

function namesOf(
  { dataSet, meta }: Part10Parser,
  what: string,
): { readonly sopClassUid: string; readonly sopInstanceUid: string } {
  const sopClassUid = dataSet.string("SOPClassUID") ?? meta.string("MediaStorageSOPClassUID");
  const sopInstanceUid = dataSet.string("SOPInstanceUID") ?? meta.string("MediaStorageSOPInstanceUID");
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new ArchiveError(
      "instance-not-identifiable",
      `${what} has no SOP Class UID or no SOP Instance UID.`,
    );
  }
  return { sopClassUid, sopInstanceUid };
}
