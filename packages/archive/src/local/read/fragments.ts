/** The fragments of encapsulated pixel data in an object, and which of them make a frame (PS3.5 A.4). */
import type { DicomJsonObject } from "@isocenter/dicom";
import type { ByteRange } from "../../image-source.ts";
import type { FrameTable } from "./frame-table.ts";

interface Source {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A fragment's item: where its header begins, and its content. */
interface Item extends ByteRange {
  readonly start: number;
  /** The first bytes of the content. */
  readonly first: Uint8Array;
}

const rleLossless = "1.2.840.10008.1.2.5";
const itemTag = 0xfffee000;
/** Fragments in one object: far beyond what slides have, and what a table of them may cost. */
const mostItems = 1_000_000;
/** Read at a time: more than a header, so that small fragments come many at once. */
const step = 64 * 1024;

export class FragmentReader {
  readonly #source: Source;
  readonly #start: number;
  #window: { readonly offset: number; readonly bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array(0) };

  /** @param start of the first item: the Basic Offset Table */
  constructor(source: Source, start: number) {
    this.#source = source;
    this.#start = start;
  }

  /** Content of the Basic Offset Table, and where the first fragment begins. */
  async offsetTable(): Promise<{ readonly offsets: readonly number[]; readonly end: number } | undefined> {
    const header = await this.#at(this.#start, 8);
    const length = itemLength(header);
    if (length === undefined || this.#start + 8 + length > this.#source.size) return undefined;
    const bytes = await this.#source.read(this.#start + 8, length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const offsets = Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) =>
      view.getUint32(index * 4, true),
    );
    return { offsets, end: this.#start + 8 + length };
  }

  /** @returns undefined where the items do not follow each other as they must */
  async items(from: number): Promise<Item[] | undefined> {
    const items: Item[] = [];
    for (let at = from; at + 8 <= this.#source.size; ) {
      const header = await this.#at(at, 12);
      const length = itemLength(header);
      if (length === undefined) return isEnd(header) ? items : undefined;
      if (at + 8 + length > this.#source.size) return undefined;
      if (items.length >= mostItems) return undefined;
      items.push({ start: at, offset: at + 8, length, first: header.slice(8, 12) });
      at += 8 + length;
    }
    return undefined;
  }

  async #at(offset: number, length: number): Promise<Uint8Array> {
    const { offset: start, bytes } = this.#window;
    const at = offset - start;
    if (at >= 0 && at + length <= bytes.byteLength) return bytes.subarray(at, at + length);
    const wanted = Math.min(step, this.#source.size - offset);
    this.#window = { offset, bytes: await this.#source.read(offset, wanted) };
    return this.#window.bytes.subarray(0, length);
  }
}

export async function framesOfFragments(
  reader: FragmentReader,
  numberOfFrames: number,
  transferSyntaxUid: string,
  attributes: DicomJsonObject,
): Promise<FrameTable | undefined> {
  const table = await reader.offsetTable();
  if (table === undefined) return undefined;
  const items = await reader.items(table.end);
  if (items === undefined || items.length === 0) return undefined;
  const frame = (from: number, to: number): ByteRange[] =>
    items.slice(from, to).map(({ offset, length }) => ({ offset, length }));
  if (numberOfFrames === 1) return [frame(0, items.length)];
  const starts =
    byTable(extendedOffsets(attributes), items, numberOfFrames) ??
    byTable(table.offsets, items, numberOfFrames) ??
    byContent(items, numberOfFrames, transferSyntaxUid);
  return starts?.map((from, index) => frame(from, starts[index + 1] ?? items.length));
}

/** @returns the first fragment of each frame, or undefined where the table does not fit */
function byTable(
  offsets: readonly number[],
  items: readonly Item[],
  numberOfFrames: number,
): number[] | undefined {
  if (offsets.length < numberOfFrames) return undefined;
  const base = items[0]?.start ?? 0;
  const byOffset = new Map(items.map(({ start }, index) => [start - base, index]));
  const starts: number[] = [];
  for (const offset of offsets.slice(0, numberOfFrames)) {
    const index = byOffset.get(offset);
    if (index === undefined || index <= (starts.at(-1) ?? -1)) return undefined;
    starts.push(index);
  }
  return starts[0] === 0 ? starts : undefined;
}

function byContent(
  items: readonly Item[],
  numberOfFrames: number,
  transferSyntaxUid: string,
): number[] | undefined {
  if (items.length === numberOfFrames) return items.map((_, index) => index);
  if (transferSyntaxUid === rleLossless) return undefined;
  const starts = items.flatMap(({ first }, index) => (isStart(first) ? [index] : []));
  return starts.length === numberOfFrames && starts[0] === 0 ? starts : undefined;
}

/** A code stream begins here: JPEG and JPEG-LS SOI, JPEG 2000 SOC. */
function isStart(bytes: Uint8Array): boolean {
  const word = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return (word === 0xffd8 || word === 0xff4f) && bytes[2] === 0xff;
}

/** (7FE0,0001) Extended Offset Table, where it is short enough to be in the index: 64-bit offsets. */
function extendedOffsets(attributes: DicomJsonObject): number[] {
  const element = attributes["7FE00001"];
  if (element?.InlineBinary !== undefined) {
    const bytes = Buffer.from(element.InlineBinary, "base64");
    return Array.from({ length: Math.floor(bytes.byteLength / 8) }, (_, index) =>
      Number(bytes.readBigUInt64LE(index * 8)),
    );
  }
  return (element?.Value ?? []).map(Number);
}

function itemLength(header: Uint8Array): number | undefined {
  if (header.byteLength < 8) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const tag = view.getUint16(0, true) * 0x10000 + view.getUint16(2, true);
  const length = view.getUint32(4, true);
  return tag === itemTag && length !== 0xffffffff ? length : undefined;
}

const isEnd = (header: Uint8Array): boolean =>
  header[0] === 0xfe && header[1] === 0xff && header[2] === 0xdd && header[3] === 0xe0;
