/** DICOM files in memory and from streams, PS3.10 7. */
import "../dictionary/register.ts";
import { DataSet } from "../data-set/data-set.ts";
import type { InitValue } from "../data-set/types.ts";
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from "../dictionary/implementation.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import type { ParserOptions } from "../encoding/parser.ts";
import { type EncodeOptions, encodeDataSet, encodeDataSetStream } from "../encoding/writer.ts";
import { DicomError } from "../errors.ts";
import { Part10Parser } from "./part10-parser.ts";

export interface Part10 {
  /** Group 0002; empty for a bare data set. */
  readonly meta: DataSet;
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  /** Bytes of preamble and meta before the data set. */
  readonly dataSetOffset: number;
  /** What was wrong and could be read all the same. */
  readonly warnings: readonly { readonly message: string; readonly offset: number; readonly tag: number }[];
}

/**
 * @returns values that are views into `bytes`
 * @throws DicomError with offset and tag
 */
export function decodePart10(bytes: Uint8Array, options: ParserOptions = {}): Part10 {
  const parser = new Part10Parser(options);
  parser.push(bytes);
  if (!parser.done) parser.end();
  return resultOf(parser);
}

/** A source with random access: a file, a blob, a range-capable URL. */
export interface RangeSource {
  /** Bytes in all. */
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Bytes asked for at a time from a {@link RangeSource}. */
const rangeStep = 64 * 1024;

/**
 * Reads a file from any chunks, or from a source with random access. Stops asking for more once `until` is reached.
 * @throws DicomError with offset and tag; what the source throws
 */
export async function readPart10(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | RangeSource,
  options: ParserOptions = {},
): Promise<Part10> {
  if ("read" in source) return readRanges(source, options);
  const parser = new Part10Parser(options);
  for await (const chunk of source) {
    parser.push(chunk);
    if (parser.done) return resultOf(parser);
  }
  parser.end();
  return resultOf(parser);
}

async function readRanges(source: RangeSource, options: ParserOptions): Promise<Part10> {
  const parser = new Part10Parser({
    readBulk: async function* (offset, length) {
      const end = Math.min(offset + length, source.size);
      for (let at = offset; at < end; at += rangeStep * 16) {
        yield await source.read(at, Math.min(rangeStep * 16, end - at));
      }
    },
    ...options,
  });
  for (let at = 0; at < source.size && !parser.done; ) {
    const skipped = parser.skippable;
    at = Math.min(source.size, at + skipped);
    parser.skip(skipped);
    const length = Math.min(rangeStep, source.size - at);
    if (length > 0) parser.push(await source.read(at, length));
    at += length;
  }
  if (!parser.done) parser.end();
  return resultOf(parser);
}

function resultOf({ meta, dataSet, transferSyntaxUid, dataSetOffset, warnings }: Part10Parser): Part10 {
  return { meta, dataSet, transferSyntaxUid, dataSetOffset, warnings };
}

export interface FileMetaInit {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** AE title of the application that the instance came from, (0002,0016). */
  readonly sourceAeTitle?: string;
}

/** Preamble, `DICM` and a complete group 0002: what stands before the data set of a new file. */
export function encodeFileMeta(init: FileMetaInit): Uint8Array {
  const meta: Record<string, InitValue> = {
    FileMetaInformationVersion: Uint8Array.of(0, 1),
    MediaStorageSOPClassUID: init.sopClassUid,
    MediaStorageSOPInstanceUID: init.sopInstanceUid,
    TransferSyntaxUID: init.transferSyntaxUid,
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: IMPLEMENTATION_VERSION_NAME,
  };
  if (init.sourceAeTitle !== undefined && init.sourceAeTitle !== "")
    meta["SourceApplicationEntityTitle"] = init.sourceAeTitle;
  return encodeMeta(DataSet.of(meta));
}

/** A whole file. `meta` is kept where given; the transfer syntax and the SOP UIDs are always those of the data set. */
export function encodePart10(
  file: {
    readonly dataSet: DataSet;
    readonly transferSyntaxUid: string;
    readonly meta?: DataSet | undefined;
  },
  options: EncodeOptions = {},
): Uint8Array {
  const { dataSet, transferSyntaxUid } = file;
  const body = encodeDataSet(dataSet, transferSyntaxUid, options);
  const head = headOf(file);
  const bytes = new Uint8Array(head.byteLength + body.byteLength);
  bytes.set(head);
  bytes.set(body, head.byteLength);
  return bytes;
}

/** As {@link encodePart10}, in chunks: for files that are larger than memory (see `encodeDataSetStream`). */
export async function* encodePart10Stream(
  file: Parameters<typeof encodePart10>[0],
  options: EncodeOptions = {},
): AsyncGenerator<Uint8Array> {
  const { dataSet, transferSyntaxUid } = file;
  yield headOf(file);
  yield* encodeDataSetStream(dataSet, transferSyntaxUid, options);
}

/**
 * The data set of a file, from chunks or a source with random access; see {@link readPart10} for its meta as well.
 * @throws DicomError with offset and tag; what the source throws
 */
export async function readDataSet(
  source: Parameters<typeof readPart10>[0],
  options: ParserOptions = {},
): Promise<DataSet> {
  return (await readPart10(source, options)).dataSet;
}

/** What is kept of a meta group must say of the data set what is true of it now (PS3.10 7.1). */
function headOf({ dataSet, transferSyntaxUid, meta }: Parameters<typeof encodePart10>[0]): Uint8Array {
  if (meta === undefined || meta.size === 0) return encodeFileMeta(metaInit(dataSet, transferSyntaxUid));
  const current: Record<string, InitValue> = { TransferSyntaxUID: transferSyntaxUid };
  const sopClassUid = dataSet.string("SOPClassUID");
  const sopInstanceUid = dataSet.string("SOPInstanceUID");
  if (sopClassUid !== undefined) current["MediaStorageSOPClassUID"] = sopClassUid;
  if (sopInstanceUid !== undefined) current["MediaStorageSOPInstanceUID"] = sopInstanceUid;
  if (!sameText(meta, current)) {
    // Whoever changes an object becomes its writer.
    current["ImplementationClassUID"] = IMPLEMENTATION_CLASS_UID;
    current["ImplementationVersionName"] = IMPLEMENTATION_VERSION_NAME;
    return encodeMeta(meta.merge(DataSet.of(current)));
  }
  return encodeMeta(meta);
}

function sameText(meta: DataSet, values: Readonly<Record<string, InitValue>>): boolean {
  return Object.entries(values).every(([keyword, value]) => meta.string(keyword) === value);
}

function metaInit(dataSet: DataSet, transferSyntaxUid: string): FileMetaInit {
  const sopClassUid = dataSet.string("SOPClassUID");
  const sopInstanceUid = dataSet.string("SOPInstanceUID");
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new DicomError(
      "meta-invalid",
      "A file needs (0008,0016) SOP Class UID and (0008,0018) SOP Instance UID.",
    );
  }
  return { sopClassUid, sopInstanceUid, transferSyntaxUid };
}

function encodeMeta(meta: DataSet): Uint8Array {
  const group = encodeDataSet(
    meta.without("FileMetaInformationGroupLength"),
    TransferSyntax.ExplicitVRLittleEndian,
  );
  const length = encodeDataSet(
    DataSet.of({ FileMetaInformationGroupLength: group.byteLength }),
    TransferSyntax.ExplicitVRLittleEndian,
  );
  const bytes = new Uint8Array(132 + length.byteLength + group.byteLength);
  bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
  bytes.set(length, 132);
  bytes.set(group, 132 + length.byteLength);
  return bytes;
}
