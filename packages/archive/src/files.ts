/**
 * DICOM files on disk as {@link InstanceStream}s: for importing folders and for sending files.
 *
 * A small file is opened once and kept in memory; of a larger one only the beginning is read, and its data set comes in
 * large chunks, the next read while one is used.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Part10Parser } from "@isocenter/dicom";
import type { ByteSource } from "@isocenter/network";
import { ArchiveError } from "./errors.ts";
import { type FileAccess, type OpenFile, patientFiles } from "./file-access.ts";
import type { InstanceStream } from "./image-source.ts";
import { namesOf } from "./instance-names.ts";

const studyDate = 0x00080020;
/** Files up to this size are read whole at once. */
const wholeFileBytes = 1 << 16;
/** The beginning of a larger one: what names an instance stands in the first kilobyte as a rule. */
const headBytes = 1 << 13;

export { blockingFiles, type FileAccess, type OpenFile, patientFiles } from "./file-access.ts";

/** An instance in a file. */
export interface FileInstance extends InstanceStream {
  readonly path: string;
  readonly size: number;
  /** The data set of a small file. */
  readonly bytes?: Uint8Array;
  /** Begins to read, for one whose turn comes soon; holds the first chunk in memory until `dataSet` is called. */
  prefetch(): void;
  /** The data set to be read into memory of whoever sends it. */
  source(): ByteSource;
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
export function isPart10File(path: string): Promise<boolean> {
  return opened(patientFiles, path, async (file) => hasPrefix(await file.read(0, Math.min(132, file.size))));
}

/**
 * Reads just enough of a file to name its instance; the data set is read from the disk when asked for.
 * @throws ArchiveError `instance-unreadable` when it is not DICOM, `instance-not-identifiable` when UIDs are missing
 */
export async function instanceFromFile(
  path: string,
  access: FileAccess = patientFiles,
): Promise<FileInstance> {
  return (await readInstance(path, access, false)) as FileInstance;
}

/**
 * As {@link instanceFromFile}, in one opening.
 * @returns undefined when the file does not have the Part 10 prefix
 */
export function instanceFromPart10File(
  path: string,
  access: FileAccess = patientFiles,
): Promise<FileInstance | undefined> {
  return readInstance(path, access, true);
}

function readInstance(
  path: string,
  access: FileAccess,
  needsPrefix: boolean,
): Promise<FileInstance | undefined> {
  return opened(access, path, async (file) => {
    const head = await file.read(0, file.size <= wholeFileBytes ? file.size : headBytes);
    if (needsPrefix && !hasPrefix(head)) return undefined;
    return fileInstance(path, access, await parsedHead(path, file, head), file.size, head);
  });
}

async function parsedHead(path: string, file: OpenFile, head: Uint8Array): Promise<Part10Parser> {
  const parser = new Part10Parser({ until: studyDate, bulkThreshold: 1024 });
  try {
    parser.push(head);
    for (let at = head.byteLength; at < file.size && !parser.done; ) {
      const chunk = await file.read(at, Math.min(wholeFileBytes, file.size - at));
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

function fileInstance(
  path: string,
  access: FileAccess,
  parser: Part10Parser,
  size: number,
  head: Uint8Array,
): FileInstance {
  const { transferSyntaxUid, dataSetOffset: start } = parser;
  const { sopClassUid, sopInstanceUid } = namesOf(parser, path);
  const base = { path, sopClassUid, sopInstanceUid, transferSyntaxUid, size: size - start };
  if (head.byteLength === size) {
    const bytes = head.subarray(start);
    return {
      ...base,
      bytes,
      prefetch: () => undefined,
      dataSet: () => once(bytes),
      source: () => new FileSource(path, access, start, size),
    };
  }
  let begun: Promise<Begun> | undefined;
  return {
    ...base,
    prefetch() {
      if (access.isBlocking) return;
      begun ??= beginReading(path, access, start);
      begun.catch(() => undefined); // told when it is read
    },
    dataSet() {
      const opening = begun ?? beginReading(path, access, start);
      begun = undefined;
      opening.catch(() => undefined);
      return chunksOf(opening);
    },
    source: () => new FileSource(path, access, start, size),
  };
}

/** Opened when it is first read. */
class FileSource implements ByteSource {
  readonly size: number;
  readonly #path: string;
  readonly #access: FileAccess;
  readonly #start: number;
  #file: OpenFile | undefined;

  constructor(path: string, access: FileAccess, start: number, fileSize: number) {
    this.size = fileSize - start;
    this.#path = path;
    this.#access = access;
    this.#start = start;
  }

  read(views: readonly Uint8Array[], position: number): number | Promise<number> {
    const from = this.#start + position;
    if (this.#file !== undefined) return this.#file.readInto(views, from);
    const opening = this.#access.open(this.#path);
    if (opening instanceof Promise) return opening.then((file) => this.#opened(file).readInto(views, from));
    return this.#opened(opening).readInto(views, from);
  }

  close(): void | Promise<void> {
    return this.#file?.close();
  }

  #opened(file: OpenFile): OpenFile {
    this.#file = file;
    return file;
  }
}

interface Begun {
  readonly file: OpenFile;
  readonly chunkBytes: number;
  readonly first: Uint8Array;
  readonly start: number;
}

async function beginReading(path: string, access: FileAccess, start: number): Promise<Begun> {
  const file = await access.open(path);
  try {
    const { chunkBytes } = access;
    const first = await file.read(start, Math.min(chunkBytes, file.size - start));
    return { file, chunkBytes, start, first };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* chunksOf(opening: Promise<Begun>): AsyncGenerator<Uint8Array> {
  const { file, chunkBytes, first, start } = await opening;
  try {
    let chunk = first;
    for (let at = start + first.byteLength; at < file.size && chunk.byteLength > 0; at += chunk.byteLength) {
      const ahead = Promise.resolve(file.read(at, Math.min(chunkBytes, file.size - at)));
      ahead.catch(() => undefined); // told when its turn comes
      yield chunk;
      chunk = await ahead;
    }
    yield chunk;
  } finally {
    await file.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}

async function opened<T>(access: FileAccess, path: string, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await access.open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const hasPrefix = (head: Uint8Array): boolean =>
  head[128] === 0x44 && head[129] === 0x49 && head[130] === 0x43 && head[131] === 0x4d;
