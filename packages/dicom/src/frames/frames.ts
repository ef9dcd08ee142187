/**
 * One frame's bytes at a time, as they are encoded, without touching the others (PS3.5 8.2, A.4).
 *
 * Where each frame is, is found out once: by arithmetic for native pixel data; by the Extended or the Basic Offset Table
 * for encapsulated, by the number of fragments, or by where code streams begin.
 */
import type { DataSet } from "../data-set/data-set.ts";
import type { BulkData, DataElement, Fragment } from "../data-set/element.ts";
import { transferSyntaxInfo } from "../dictionary/transfer-syntax.ts";
import { Inflater } from "../encoding/inflater.ts";
import { DicomError } from "../errors.ts";
import { nativeFrameBits, type PixelDescription, pixelDescription, pixelTag } from "./pixel-description.ts";

const rleLossless = "1.2.840.10008.1.2.5";
const deflatedImageFrame = "1.2.840.10008.1.2.8.1";

export interface Frames {
  readonly description: PixelDescription;
  /** Frames are code streams of the transfer syntax, rather than plain samples. */
  readonly isEncapsulated: boolean;
  /** Words of native frames. */
  readonly isLittleEndian: boolean;
  /**
   * The encoded bytes of a frame; a view where they lie in one piece.
   * @param index from 0
   * @throws DicomError `frame-unreadable`, or `value-not-read` when they are left in a source that cannot be read
   */
  bytes(index: number): Promise<Uint8Array>;
}

/** @throws DicomError `pixels-invalid`, `frame-unreadable` */
export function framesOf(dataSet: DataSet, transferSyntaxUid: string): Frames {
  const description = pixelDescription(dataSet);
  const element = dataSet.element(pixelTag(dataSet) ?? 0);
  if (element === undefined || element.isEmpty) throw unreadable("there are none");
  const { fragments } = element;
  const isLittleEndian = element.littleEndian;
  if (fragments === undefined) {
    const bytes = nativeFrames(element, description);
    return { description, isEncapsulated: false, isLittleEndian, bytes: checked(description, bytes) };
  }
  const places = placesOf(
    dataSet,
    fragments.fragments,
    fragments.offsetTable,
    description,
    transferSyntaxUid,
  );
  const encapsulated = (index: number): Promise<Uint8Array> => joined(places(index));
  const bytes =
    transferSyntaxUid === deflatedImageFrame
      ? async (index: number) => inflated(await encapsulated(index), description)
      : encapsulated;
  const isEncapsulated =
    transferSyntaxInfo(transferSyntaxUid)?.encapsulated !== false &&
    transferSyntaxUid !== deflatedImageFrame &&
    transferSyntaxUid !== "1.2.840.10008.1.2.1.98";
  return { description, isEncapsulated, isLittleEndian: true, bytes: checked(description, bytes) };
}

type ReadFrame = (index: number) => Promise<Uint8Array>;

function checked({ numberOfFrames }: PixelDescription, read: ReadFrame): ReadFrame {
  return async (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= numberOfFrames) {
      throw unreadable(`there is no frame ${index + 1}, only ${numberOfFrames}`);
    }
    return read(index);
  };
}

function nativeFrames(element: DataElement, description: PixelDescription): ReadFrame {
  const frameBits = nativeFrameBits(description);
  return async (index) => {
    const firstBit = frameBits * index;
    const start = Math.floor(firstBit / 8);
    const end = Math.ceil((firstBit + frameBits) / 8);
    const length = element.bulk?.length ?? element.length;
    if (end > length) throw unreadable(`frame ${index + 1} ends beyond the pixel data`);
    // Bytes in big endian words: the two of each word have changed places (PS3.5 8.1.1).
    if (!element.littleEndian && element.vr === "OW" && description.bitsAllocated <= 8) {
      const from = start - (start % 2);
      const words = await range(element, from, Math.min(length, end + (end % 2)) - from);
      const bytes = words.map((_, at) => words[at ^ 1] ?? 0).subarray(start - from, end - from);
      return firstBit % 8 === 0 ? bytes : shifted(bytes, firstBit % 8, Math.ceil(frameBits / 8));
    }
    const bytes = await range(element, start, end - start);
    return firstBit % 8 === 0 ? bytes : shifted(bytes, firstBit % 8, Math.ceil(frameBits / 8));
  };
}

async function range(element: DataElement, start: number, length: number): Promise<Uint8Array> {
  const { bulk, raw } = element;
  const bytes = bulk === undefined ? raw?.subarray(start, start + length) : await bulk.bytes(start, length);
  if (bytes === undefined) throw unreadable("the pixels are no bytes");
  return bytes;
}

/** Frames of one-bit pixels follow each other without a gap, so a frame may begin inside a byte (PS3.5 8.1.1). */
function shifted(bytes: Uint8Array, bits: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    out[index] = (((bytes[index] ?? 0) >>> bits) | ((bytes[index + 1] ?? 0) << (8 - bits))) & 0xff;
  }
  return out;
}

/** The fragments of a frame, and how many bytes of them are its. */
interface Place {
  readonly fragments: readonly Fragment[];
  readonly length: number;
}

function placesOf(
  dataSet: DataSet,
  fragments: readonly Fragment[],
  offsetTable: Uint8Array,
  { numberOfFrames }: PixelDescription,
  transferSyntaxUid: string,
): (index: number) => Place {
  const place = (from: number, to: number): Place => {
    const own = fragments.slice(from, to);
    return { fragments: own, length: own.reduce((sum, one) => sum + one.length, 0) };
  };
  if (numberOfFrames === 1) return () => place(0, fragments.length);
  const [first] = fragments;
  if (first === undefined) throw unreadable("there are none");
  const starts =
    startsByTable(extendedOffsets(dataSet), fragments, first, numberOfFrames) ??
    startsByTable(basicOffsets(offsetTable), fragments, first, numberOfFrames);
  if (starts !== undefined) {
    return (index) => place(starts[index] ?? 0, starts[index + 1] ?? fragments.length);
  }
  if (fragments.length === numberOfFrames) return (index) => place(index, index + 1);
  if (transferSyntaxUid === rleLossless) throw unreadable(mismatch(fragments.length, numberOfFrames));
  const begins = fragments.flatMap((fragment, index) => (isStart(fragment) ? [index] : []));
  if (begins.length !== numberOfFrames || begins[0] !== 0)
    throw unreadable(mismatch(fragments.length, numberOfFrames));
  return (index) => place(begins[index] ?? 0, begins[index + 1] ?? fragments.length);
}

/** @returns the first fragment of each frame, or undefined where the table does not fit */
function startsByTable(
  offsets: readonly number[],
  fragments: readonly Fragment[],
  first: Fragment,
  numberOfFrames: number,
): number[] | undefined {
  if (offsets.length < numberOfFrames) return undefined;
  // Offsets count from the item tag of the first fragment.
  const byOffset = new Map(fragments.map((fragment, index) => [fragment.offset - first.offset, index]));
  const starts: number[] = [];
  for (const offset of offsets.slice(0, numberOfFrames)) {
    const index = byOffset.get(offset);
    if (index === undefined || index <= (starts.at(-1) ?? -1)) return undefined;
    starts.push(index);
  }
  return starts[0] === 0 ? starts : undefined;
}

function basicOffsets(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.byteLength / 4) }, (_, index) =>
    view.getUint32(index * 4, true),
  );
}

/** (7FE0,0001) Extended Offset Table: 64-bit offsets. */
function extendedOffsets(dataSet: DataSet): number[] {
  const element = dataSet.element(0x7fe00001);
  return element === undefined || element.bulk !== undefined ? [] : dataSet.bigints(0x7fe00001).map(Number);
}

/** A code stream begins here: JPEG and JPEG-LS SOI, JPEG 2000 SOC, or the box of a JPEG 2000 file. */
function isStart({ bytes }: Fragment): boolean {
  if (bytes === undefined) return false;
  const word = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return (word === 0xffd8 && bytes[2] === 0xff) || (word === 0xff4f && bytes[2] === 0xff);
}

async function joined({ fragments, length }: Place): Promise<Uint8Array> {
  const [only] = fragments;
  if (only === undefined) throw unreadable("there are none");
  if (fragments.length === 1) return held(only);
  const out = new Uint8Array(length);
  let at = 0;
  for (const fragment of fragments) {
    out.set(await held(fragment), at);
    at += fragment.length;
  }
  return out;
}

function held({
  bytes,
  bulk,
}: {
  bytes: Uint8Array | undefined;
  bulk?: BulkData | undefined;
}): Promise<Uint8Array> {
  if (bytes !== undefined) return Promise.resolve(bytes);
  if (bulk === undefined) throw new DicomError("value-not-read", "The frame was left in its source.");
  return bulk.bytes();
}

/** Each frame is a deflate stream of its own (PS3.5 A.4.14); it can only be as long as its samples. */
function inflated(bytes: Uint8Array, description: PixelDescription): Uint8Array {
  const length = Math.ceil(nativeFrameBits(description) / 8);
  const inflater = new Inflater({ maximumBytes: length + 64 * 1024, maximumRatio: 1200 });
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunks of [inflater.push(bytes), inflater.end()]) {
    for (const chunk of chunks) {
      out.set(chunk.subarray(0, length - at), at);
      at = Math.min(length, at + chunk.byteLength);
    }
  }
  if (at < length) throw unreadable(`a frame inflates to ${at} bytes instead of ${length}`);
  return out;
}

const mismatch = (fragments: number, frames: number): string =>
  `${fragments} fragments hold ${frames} frames, and nothing says which`;

function unreadable(what: string): DicomError {
  return new DicomError("frame-unreadable", `The frames cannot be read: ${what}.`);
}
