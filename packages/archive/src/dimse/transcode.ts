/**
 * Re-encoding on the way to a receiver that does not take an instance as it is kept, or for who wants it otherwise.
 *
 * The codecs are large, and most instances go as they are: they are loaded when the first one needs them.
 */
import {
  decodeDataSet,
  encodeDataSet,
  encodeDataSetStream,
  readPart10,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import { chunksOf, type StoreInstance, type Transcode } from "@isocenter/network";
import { ArchiveError } from "../errors.ts";
import { patientFiles } from "../file-access.ts";

/** An instance that knows its Part 10 file, so that a large one need not come into memory. */
export interface InstanceOfFile extends StoreInstance {
  readonly path: string;
  /** Bytes of the data set as it is stored. */
  readonly size: number;
  /** As the file has it, where this one is re-encoded. */
  readonly stored?: InstanceOfFile;
}

/**
 * An instance is re-encoded as a whole in memory, because its pixels are: more than this is refused, rather than the
 * server brought down by one object.
 */
const maximumBytes = 1 << 30;
/** Values from this size on stay in the file until they are written. */
const bulkBytes = 1 << 16;

/**
 * Native first, then lossless encodings; a lossy one only where the instance is in a lossy encoding already.
 * @throws ArchiveError `not-supported` when the instance is too large; CodecError when its pixels cannot be brought over
 */
export const transcodeInstance: Transcode = async (instance, transferSyntaxUids) => {
  const source = isOfFile(instance) ? (instance.stored ?? instance) : instance;
  if (source !== instance && transferSyntaxUids.includes(source.transferSyntaxUid)) return source;
  const target = targetOf(source.transferSyntaxUid, transferSyntaxUids);
  if (target === undefined) return undefined;
  if (isOfFile(source) && isRewriting(source, target)) return reencoded(source, target);
  return { ...source, transferSyntaxUid: target, dataSet: await transcodedBytes(source, target) };
};

/** The file's instance in another syntax, made when its turn comes. */
export function reencoded(stored: InstanceOfFile, transferSyntaxUid: string): InstanceOfFile {
  return {
    ...stored,
    stored,
    transferSyntaxUid,
    dataSet: () =>
      isRewriting(stored, transferSyntaxUid)
        ? rewritten(stored.path, transferSyntaxUid)
        : later(stored, transferSyntaxUid),
  };
}

function targetOf(from: string, offered: readonly string[]): string | undefined {
  const isFromLossy = transferSyntaxInfo(from)?.lossy === true;
  const rank = (uid: string): number => {
    const info = transferSyntaxInfo(uid);
    if (info === undefined || (info.lossy && !isFromLossy)) return Number.POSITIVE_INFINITY;
    const unusual = info.deflated || !info.littleEndian ? 2 : 0;
    return (info.encapsulated ? 4 : 0) + (info.lossy ? 4 : 0) + (info.explicitVr ? 0 : 1) + unusual;
  };
  const [best] = [...offered].sort((a, b) => rank(a) - rank(b));
  return best === undefined || rank(best) === Number.POSITIVE_INFINITY ? undefined : best;
}

const isOfFile = (instance: StoreInstance): instance is InstanceOfFile => "path" in instance;

/** Pixels stay as they are; only the elements are written in another way. */
const isRewriting = (source: StoreInstance, target: string): boolean =>
  isPlain(source.transferSyntaxUid) && isPlain(target);

function isPlain(uid: string): boolean {
  const info = transferSyntaxInfo(uid);
  return info !== undefined && info.littleEndian && !info.encapsulated && !info.deflated;
}

async function* rewritten(path: string, transferSyntaxUid: string): AsyncGenerator<Uint8Array> {
  const file = await patientFiles.open(path);
  try {
    const source = { size: file.size, read: async (at: number, length: number) => file.read(at, length) };
    const { dataSet } = await readPart10(source, { bulkThreshold: bulkBytes });
    yield* encodeDataSetStream(dataSet, transferSyntaxUid);
  } finally {
    await file.close();
  }
}

async function* later(instance: StoreInstance, transferSyntaxUid: string): AsyncGenerator<Uint8Array> {
  yield await transcodedBytes(instance, transferSyntaxUid);
}

async function transcodedBytes(instance: StoreInstance, target: string): Promise<Uint8Array> {
  const dataSet = decodeDataSet(await whole(instance), instance.transferSyntaxUid);
  const { transcode } = await import("@isocenter/codecs");
  return encodeDataSet(await transcode(dataSet, instance.transferSyntaxUid, target), target);
}

async function whole({ dataSet }: StoreInstance): Promise<Uint8Array> {
  const source = typeof dataSet === "function" ? dataSet() : dataSet;
  if (source instanceof Uint8Array) return source;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(source)) {
    length += chunk.byteLength;
    if (length > maximumBytes) {
      throw new ArchiveError("not-supported", "Instances of more than 1 GiB are not re-encoded on the way.");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
