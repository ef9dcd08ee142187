/** Import of files, folders and zip files. */
import { open } from "node:fs/promises";
import { DicomError } from "@isocenter/dicom";
import { ArchiveError } from "../../errors.ts";
import { instanceFromFile, isPart10File, walkFiles } from "../../files.ts";
import { instanceFromChunks } from "../../instance-from-chunks.ts";
import type { InstanceStream, StoreOutcome } from "../../image-source.ts";
import { readZip, type ZipLimits } from "../../zip.ts";

export interface ImportOptions extends ZipLimits {
  readonly signal?: AbortSignal | undefined;
}

export interface Imported {
  /** The file; within a zip, `<zip>!<name>`. */
  readonly path: string;
  /** Undefined for what is no DICOM instance and was passed over: other files, a DICOMDIR. */
  readonly outcome: StoreOutcome | undefined;
}

const mediaStorageDirectory = "1.2.840.10008.1.3.10";

/**
 * One result per file, in order; a file that fails does not stop the others.
 * @throws ArchiveError `zip-invalid` for a zip that cannot be read to its end
 */
export async function* importFiles(
  paths: Iterable<string>,
  store: (instance: InstanceStream) => Promise<StoreOutcome>,
  options: ImportOptions = {},
): AsyncGenerator<Imported> {
  for await (const path of walkFiles(paths)) {
    options.signal?.throwIfAborted();
    if (await isZipFile(path)) {
      for await (const { name, chunks } of readZip(path, options)) {
        options.signal?.throwIfAborted();
        yield { path: `${path}!${name}`, outcome: await take(() => instanceFromChunks(chunks), store) };
      }
    } else if (await isPart10File(path)) {
      yield { path, outcome: await take(() => instanceFromFile(path), store) };
    } else yield { path, outcome: undefined };
  }
}

async function take(
  read: () => Promise<InstanceStream | undefined>,
  store: (instance: InstanceStream) => Promise<StoreOutcome>,
): Promise<StoreOutcome | undefined> {
  let instance: InstanceStream | undefined;
  try {
    instance = await read();
  } catch (error) {
    if (!(error instanceof DicomError || error instanceof ArchiveError) || error.code === "zip-invalid")
      throw error;
    const reason = error.message;
    return { kind: "failed", sopClassUid: "", sopInstanceUid: "", status: 0xc000, reason };
  }
  if (instance === undefined || instance.sopClassUid === mediaStorageDirectory) return undefined;
  return store(instance);
}

async function isZipFile(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.readUInt32LE(0) === 0x04034b50;
  } finally {
    await file.close();
  }
}
