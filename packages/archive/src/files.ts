/**
 * DICOM files on disk as {@link InstanceStream}s: for importing folders and for sending files.
 *
 * A small file is opened once and kept in memory; of a larger one only the beginning is read, and its data set comes in
 * large chunks, the next read while one is used.
 */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "./errors.ts";
import type { InstanceStream } from "./image-source.ts";
import { namesOf } from "./instance-names.ts";

const studyDate = 0x00080020;
/** Files up to this size are read whole at once. */
const wholeFileBytes = 1 << 16;
/** The beginning of a larger one: what names an instance stands in the first kilobyte as a rule. */
const headBytes = 1 << 13;
const chunkBytes = 1 << 19;

/** An instance in a file. */
export interface FileInstance extends InstanceStream {
  readonly path: string;
  readonly size: number;
  /** The data set of a small file. */
  readonly bytes?: Uint8Array;
  /** Begins to read, for one whose turn comes soon; holds the first chunk in memory until `dataSet` is called. */
  prefetch(): void;
}

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
    return hasPrefix(await readAt(file, 0, 132));
  } finally {
    await file.close();
  }
}

/**
 * Reads just enough of a file to name its instance; the data set is read from the disk when asked for.
 * @throws ArchiveError `instance-unreadable` when it is not DICOM, `instance-not-identifiable` when UIDs are missing
 */
export async function instanceFromFile(path: string): Promise<FileInstance> {
  return (await readInstance(path, false)) as FileInstance;
}

/**
 * As {@link instanceFromFile}, in one opening.
 * @returns undefined when the file does not have the Part 10 prefix
 */
export function instanceFromPart10File(path: string): Promise<FileInstance | undefined> {
  return readInstance(path, true);
}

async function readInstance(path: string, needsPrefix: boolean): Promise<FileInstance | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const head = await readAt(file, 0, size <= wholeFileBytes ? size : headBytes);
    if (needsPrefix && !hasPrefix(head)) return undefined;
    const parser = await parsedHead(path, file, head, size);
    return fileInstance(path, parser, size, head);
  } finally {
    await file.close();
  }
}

async function parsedHead(
  path: string,
  file: FileHandle,
  head: Uint8Array,
  size: number,
): Promise<Part10Parser> {
  const parser = new Part10Parser({ until: studyDate, bulkThreshold: 1024 });
  try {
    parser.push(head);
    for (let at = head.byteLength; at < size && !parser.done; ) {
      const chunk = await readAt(file, at, Math.min(wholeFileBytes, size - at));
      if (chunk.byteLength === 0) break;
      parser.push(chunk);
      at += chunk.byteLength;
    }
    if (!parser.done) parser.end();
    return parser;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError("instance-unreadable", `${path} cannot be read as DICOM: ${why}`, { cause });
  }
}

function fileInstance(path: string, parser: Part10Parser, size: number, head: Uint8Array): FileInstance {
  const { transferSyntaxUid, dataSetOffset: start } = parser;
  const { sopClassUid, sopInstanceUid } = namesOf(parser, path);
  const base = { path, sopClassUid, sopInstanceUid, transferSyntaxUid, size: size - start };
  if (head.byteLength === size) {
    const bytes = head.subarray(start);
    return { ...base, bytes, prefetch: () => undefined, dataSet: () => once(bytes) };
  }
  let begun: Promise<OpenFile> | undefined;
  return {
    ...base,
    prefetch() {
      begun ??= beginReading(path, start);
      begun.catch(() => undefined); // told when it is read
    },
    dataSet() {
      const opening = begun ?? beginReading(path, start);
      begun = undefined;
      opening.catch(() => undefined);
      return chunksOf(opening);
    },
  };
}

interface OpenFile {
  readonly file: FileHandle;
  readonly first: Uint8Array;
  readonly next: number;
}

async function beginReading(path: string, start: number): Promise<OpenFile> {
  const file = await open(path, "r");
  try {
    const first = await readAt(file, start, chunkBytes);
    return { file, first, next: start + first.byteLength };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* chunksOf(opening: Promise<OpenFile>): AsyncGenerator<Uint8Array> {
  const { file, first, next } = await opening;
  try {
    let at = next;
    for (let chunk = first; chunk.byteLength > 0; ) {
      const ahead = chunk.byteLength < chunkBytes ? undefined : readAt(file, at, chunkBytes);
      ahead?.catch(() => undefined); // told when its turn comes
      yield chunk;
      chunk = (await ahead) ?? new Uint8Array(0);
      at += chunk.byteLength;
    }
  } finally {
    await file.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}

/** Up to `length` bytes; fewer only at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  // Of its own memory, not from Node's pool: whoever keeps a view of it keeps nothing else alive.
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

const hasPrefix = (head: Uint8Array): boolean =>
  head[128] === 0x44 && head[129] === 0x49 && head[130] === 0x43 && head[131] === 0x4d;
