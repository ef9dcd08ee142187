/** Commands that work on files: many files and folders in, one result for each, written whole or not at all. */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isPart10File, walkFiles } from "@isocenter/archive/files";
import {
  type DataSet,
  encodePart10Stream,
  type Part10,
  type RangeSource,
  readPart10,
} from "@isocenter/dicom";
import { ExitCode, type Io } from "./command.ts";
import { Progress } from "./progress.ts";
import { printable } from "./table.ts";

/** Values longer than this stay in the file and are streamed from there. */
const bulkThreshold = 64 * 1024;
const pixelData = 0x7fe00010;

export interface InputFile {
  readonly path: string;
  /** Below the operand it was found under; the name alone for an operand that is a file. */
  readonly relativePath: string;
}

/** @returns DICOM files below the operands; other files in folders are passed over, as operands they are tried */
export async function* inputFiles(operands: readonly string[]): AsyncGenerator<InputFile> {
  for (const operand of operands) {
    for await (const path of walkFiles([operand])) {
      if (path !== operand && !(await isPart10File(path))) continue;
      const below = relative(operand, path);
      yield { path, relativePath: below === "" ? (path.split("/").at(-1) ?? path) : below };
    }
  }
}

/** Takes a path for writing, once in a run: two inputs with one name must not overwrite each other. */
export type Claim = (path: string) => string;

/**
 * Does the work for each file. What fails is told and counted, and the others go on.
 * @returns the exit code
 */
export async function forEachFile(
  operands: readonly string[],
  io: Io,
  verb: string,
  work: (file: InputFile, claim: Claim) => Promise<void>,
): Promise<number> {
  const claimed = new Set<string>();
  const claim: Claim = (path) => {
    if (claimed.has(path)) throw new Error(`${path} was written from another file already.`);
    claimed.add(path);
    return path;
  };
  const progress = new Progress(io.stderr, verb);
  let done = 0;
  let failed = 0;
  for await (const file of inputFiles(operands)) {
    io.signal.throwIfAborted();
    try {
      await work(file, claim);
      done++;
    } catch (error) {
      io.signal.throwIfAborted();
      failed++;
      progress.clear();
      const why = error instanceof Error ? error.message : String(error);
      io.stderr.write(`${printable(file.path)}: ${printable(why)}\n`);
    }
    progress.count(done + failed);
  }
  progress.clear();
  if (done + failed === 0) io.stderr.write("No DICOM file was found.\n");
  return failed > 0 || done === 0 ? ExitCode.Failure : ExitCode.Success;
}

/** Opens a file for reading by reference; large values are read when they are needed. */
export function withFile<T>(path: string, use: (file: Part10) => Promise<T>): Promise<T> {
  return withHandle(path, async (source) => use(await readPart10(source, { bulkThreshold })));
}

/** What stands before the pixels; longer values are left in the file. */
export function withHeader<T>(path: string, use: (header: DataSet) => T): Promise<T> {
  return withHandle(path, async (source) =>
    use((await readPart10(source, { until: pixelData, bulkThreshold: 1024 })).dataSet),
  );
}

async function rangeSource(handle: FileHandle): Promise<RangeSource> {
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, length) {
      const buffer = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
  };
}

/** A data set with every value in memory: for what needs pixels. */
export function withWholeFile<T>(path: string, use: (file: Part10) => Promise<T>): Promise<T> {
  return withHandle(path, async (source) => use(await readPart10(source)));
}

async function withHandle<T>(path: string, use: (source: RangeSource) => Promise<T>): Promise<T> {
  const handle = await open(path, "r");
  try {
    return await use(await rangeSource(handle));
  } finally {
    await handle.close();
  }
}

/** Writes beside the place and moves there, so that an interrupted run leaves no half file, nor the original harmed. */
export async function writeDicom(
  path: string,
  file: { readonly dataSet: DataSet; readonly transferSyntaxUid: string; readonly meta?: DataSet },
): Promise<void> {
  await writeChunks(path, encodePart10Stream(file));
}

export async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = join(dirname(path), `.${process.pid}-${Date.now()}.part`);
  const handle = await open(partial, "wx");
  try {
    for await (const chunk of chunks) await handle.write(chunk);
    await handle.sync();
    await handle.close();
    await rename(partial, path);
  } catch (error) {
    await handle.close().catch(() => undefined); // closed already
    await rm(partial, { force: true });
    throw error;
  }
}
