/**
 * Where the frames of an object lie, found once and kept in the index (PS3.5 8.2, A.4).
 *
 * Native frames are computed. Of encapsulated ones only the item headers are read, or the offset table where it holds;
 * the frames themselves stay where they are, so that the table of a large multi-frame object costs little.
 */
import {
  DataSet,
  DicomError,
  type DicomJsonObject,
  fromDicomJson,
  nativeFrameBits,
  type PixelDescription,
  pixelDescription,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import type { ByteRange } from "../../image-source.ts";
import { FragmentReader, framesOfFragments } from "./fragments.ts";

export type FrameTable = readonly (readonly ByteRange[])[];

export interface FrameSource {
  readonly transferSyntaxUid: string;
  readonly size: number;
  /** Where the element (7FE0,0010) begins. */
  readonly pixelOffset: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A table of more is not made: an object can claim to have thousands of millions of frames of one bit. */
const mostFrames = 1_000_000;
const undefinedLength = 0xffffffff;

/** @returns undefined when there are no frames that byte ranges can cut out */
export async function frameTableOf(
  source: FrameSource,
  attributes: DicomJsonObject,
): Promise<FrameTable | undefined> {
  const syntax = transferSyntaxInfo(source.transferSyntaxUid);
  if (source.pixelOffset === 0 || syntax?.deflated === true) return undefined;
  const description = describe(attributes);
  if (description === undefined) return undefined;
  const header = await source.read(source.pixelOffset, 12);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const littleEndian = syntax?.littleEndian ?? true;
  const isExplicit = /^[A-Z]{2}$/.test(String.fromCharCode(header[4] ?? 0, header[5] ?? 0));
  if (header.byteLength < 8 || (isExplicit && header.byteLength < 12)) return undefined;
  const start = source.pixelOffset + (isExplicit ? 12 : 8);
  const length = view.getUint32(isExplicit ? 8 : 4, littleEndian);
  if (length !== undefinedLength) {
    const isSwapped = !littleEndian && isExplicit && header[4] === 0x4f && header[5] === 0x57;
    return nativeFrames(start, Math.min(length, source.size - start), description, isSwapped);
  }
  const reader = new FragmentReader(source, start);
  return framesOfFragments(reader, description.numberOfFrames, source.transferSyntaxUid, attributes);
}

function describe(attributes: DicomJsonObject): PixelDescription | undefined {
  const wanted = Object.entries(attributes).filter(([tag]) => tag.startsWith("0028"));
  try {
    // The pixels themselves need only be there.
    const group = fromDicomJson(Object.fromEntries(wanted));
    return pixelDescription(group.merge(DataSet.of({ PixelData: Uint8Array.of(0, 0) })));
  } catch (error) {
    if (error instanceof DicomError) return undefined;
    throw error;
  }
}

function nativeFrames(
  start: number,
  length: number,
  description: PixelDescription,
  isSwapped: boolean,
): FrameTable | undefined {
  const bits = nativeFrameBits(description);
  if (bits % 8 !== 0)
    return description.numberOfFrames === 1 && length > 0
      ? [[{ offset: start, length: Math.ceil(bits / 8) }]]
      : undefined;
  // Bytes of big endian words have changed places (PS3.5 8.1.1): a range of them is not a frame.
  if (isSwapped && description.bitsAllocated <= 8) return undefined;
  const frame = bits / 8;
  if (description.numberOfFrames > mostFrames || frame * description.numberOfFrames > length)
    return undefined;
  return Array.from({ length: description.numberOfFrames }, (_, index) => [
    { offset: start + index * frame, length: frame },
  ]);
}

/** `n offset length count` for native frames, otherwise each frame's ranges; `-` where there are none. */
export function encodeFrameTable(table: FrameTable | undefined): string {
  if (table === undefined) return "-";
  const [first] = table;
  const only = first?.[0];
  const isRegular =
    only !== undefined &&
    table.every(
      (ranges, index) =>
        ranges.length === 1 &&
        ranges[0]?.length === only.length &&
        ranges[0].offset === only.offset + index * only.length,
    );
  if (isRegular) return `n ${only.offset} ${only.length} ${table.length}`;
  return table.map((ranges) => ranges.map(({ offset, length }) => `${offset}+${length}`).join(" ")).join(",");
}

export function decodeFrameTable(text: string): FrameTable | undefined {
  if (text === "-") return undefined;
  if (text.startsWith("n ")) {
    const [offset = 0, length = 0, count = 0] = text.slice(2).split(" ").map(Number);
    return Array.from({ length: count }, (_, index) => [{ offset: offset + index * length, length }]);
  }
  return text.split(",").map((ranges) =>
    ranges.split(" ").map((range) => {
      const [offset = 0, length = 0] = range.split("+").map(Number);
      return { offset, length };
    }),
  );
}
