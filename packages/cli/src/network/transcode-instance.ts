/** Re-encodes instances for a receiver that does not take them as they are, or for who wants them otherwise. */
import {
  type DataSet,
  decodeDataSet,
  encodeDataSet,
  encodeDataSetStream,
  readPart10,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import { chunksOf, type StoreInstance, type Transcode } from "@isocenter/network";
import { withOpenFile } from "../files.ts";

/** An instance that knows its file, so that a large one need not come into memory. */
export interface InstanceOfFile extends StoreInstance {
  readonly path: string;
  /** Bytes of the data set as it is stored. */
  readonly size: number;
  /** As the file has it, where this one is re-encoded. */
  readonly stored?: InstanceOfFile;
}

/** Into a plain syntax where the receiver takes one, otherwise into the first that it takes. */
export const transcodeInstance: Transcode = async (instance, transferSyntaxUids) => {
  const source = isOfFile(instance) ? (instance.stored ?? instance) : instance;
  if (transferSyntaxUids.includes(source.transferSyntaxUid)) return source;
  const target = transferSyntaxUids.find(isPlain) ?? transferSyntaxUids[0];
  if (target === undefined) return undefined;
  if (isOfFile(source) && isPlain(source.transferSyntaxUid) && isPlain(target))
    return reencoded(source, target);
  return { ...source, transferSyntaxUid: target, dataSet: await transcodedBytes(source, target) };
};

/** The file's instance in another syntax, made when its turn comes. */
export function reencoded(stored: InstanceOfFile, transferSyntaxUid: string): InstanceOfFile {
  const isRewritten = isPlain(stored.transferSyntaxUid) && isPlain(transferSyntaxUid);
  return {
    ...stored,
    stored,
    transferSyntaxUid,
    dataSet: () =>
      isRewritten ? rewritten(stored.path, transferSyntaxUid) : later(stored, transferSyntaxUid),
  };
}

/** Pixels stay as they are; only the elements are written in another way. */
function isPlain(uid: string): boolean {
  const info = transferSyntaxInfo(uid);
  return info !== undefined && info.littleEndian && !info.encapsulated && !info.deflated;
}

const isOfFile = (instance: StoreInstance): instance is InstanceOfFile => "path" in instance;

async function* later(instance: StoreInstance, transferSyntaxUid: string): AsyncGenerator<Uint8Array> {
  yield await transcodedBytes(instance, transferSyntaxUid);
}

async function transcodedBytes(instance: StoreInstance, target: string): Promise<Uint8Array> {
  // The codecs are large, and most instances go as they are.
  const { transcode } = await import("@isocenter/codecs");
  const before = await wholeDataSet(instance);
  return encodeDataSet(await transcode(before, instance.transferSyntaxUid, target), target);
}

async function* rewritten(path: string, transferSyntaxUid: string): AsyncGenerator<Uint8Array> {
  yield* withOpenFile(path, async function* (source) {
    const { dataSet } = await readPart10(source, { bulkThreshold: 65_536 });
    yield* encodeDataSetStream(dataSet, transferSyntaxUid);
  });
}

async function wholeDataSet({ dataSet, transferSyntaxUid }: StoreInstance): Promise<DataSet> {
  const source = typeof dataSet === "function" ? dataSet() : dataSet;
  if (source instanceof Uint8Array) return decodeDataSet(source, transferSyntaxUid);
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(source)) chunks.push(chunk);
  return decodeDataSet(Buffer.concat(chunks), transferSyntaxUid);
}
