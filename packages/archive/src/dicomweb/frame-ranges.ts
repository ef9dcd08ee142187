/**
 * Where the frames of a file lie (PS3.5 8.2, A.4), for sources that have no table of it: by arithmetic for native pixel
 * data, by offset tables or the number of fragments for encapsulated. What cannot be told so has no ranges, and is
 * decoded as a whole instead.
 */
import {
  type DataElement,
  type DataSet,
  type Fragments,
  nativeFrameBits,
  pixelDescription,
  type RangeSource,
  readPart10,
  TransferSyntax,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import type { ByteRange } from "../image-source.ts";

const pixelTags = [0x7fe00010, 0x7fe00008, 0x7fe00009] as const;
const extendedOffsetTable = 0x7fe00001;
/** Each frame is a deflate stream of its own, which a range of bytes is not (PS3.5 A.4.14). */
const deflatedImageFrame = "1.2.840.10008.1.2.8.1";
/** Values above it are only located. Offset tables of some thousand frames are below. */
const threshold = 1 << 20;

/** @throws DicomError when the file or the description of its pixels cannot be read */
export async function frameRangesOf(file: RangeSource): Promise<(readonly ByteRange[])[] | undefined> {
  const { dataSet, transferSyntaxUid } = await readPart10(file, { bulkThreshold: threshold });
  const syntax = transferSyntaxInfo(transferSyntaxUid);
  if (syntax?.deflated === true || transferSyntaxUid === deflatedImageFrame) return undefined;
  const element = pixelTags.map((tag) => dataSet.element(tag)).find((one) => one?.isEmpty === false);
  if (element === undefined) return undefined;
  if (element.fragments === undefined) {
    if (transferSyntaxUid === TransferSyntax.ExplicitVRBigEndian) return undefined;
    return nativeRanges(file, dataSet, element);
  }
  return encapsulatedRanges(dataSet, element.fragments);
}

async function nativeRanges(
  file: RangeSource,
  dataSet: DataSet,
  element: DataElement,
): Promise<(readonly ByteRange[])[] | undefined> {
  const description = pixelDescription(dataSet);
  const bits = nativeFrameBits(description);
  // Frames of one-bit pixels may begin inside a byte (PS3.5 8.1.1).
  if (bits % 8 !== 0) return undefined;
  const length = bits / 8;
  const start = element.bulk?.offset ?? (await locate(file, element.tag));
  const available = element.bulk?.length ?? element.length;
  if (start === undefined || available < length * description.numberOfFrames) return undefined;
  return Array.from({ length: description.numberOfFrames }, (_, index) => [
    { offset: start + index * length, length },
  ]);
}

/** A small value was read and not located: read again, locating everything. */
async function locate(file: RangeSource, tag: number): Promise<number | undefined> {
  const { dataSet } = await readPart10(file, { bulkThreshold: 0 });
  return dataSet.element(tag)?.bulk?.offset;
}

function encapsulatedRanges(
  dataSet: DataSet,
  { fragments, offsetTable }: Fragments,
): (readonly ByteRange[])[] | undefined {
  const { numberOfFrames } = pixelDescription(dataSet);
  const ranges = fragments.map(({ offset, length }) => ({ offset, length }));
  const [first] = fragments;
  if (first === undefined) return undefined;
  if (numberOfFrames === 1) return [ranges];
  const byOffset = new Map(fragments.map(({ offset }, index) => [offset - first.offset, index]));
  for (const offsets of [extendedOffsets(dataSet), basicOffsets(offsetTable)]) {
    const starts = offsets.slice(0, numberOfFrames).map((offset) => byOffset.get(offset));
    const isOrdered = starts.every(
      (start, index) => start !== undefined && (index === 0 ? start === 0 : start > (starts[index - 1] ?? 0)),
    );
    if (starts.length === numberOfFrames && isOrdered) {
      return starts.map((start, index) => ranges.slice(start, starts[index + 1] ?? ranges.length));
    }
  }
  return fragments.length === numberOfFrames ? ranges.map((range) => [range]) : undefined;
}

function basicOffsets(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.byteLength / 4) }, (_, index) =>
    view.getUint32(index * 4, true),
  );
}

function extendedOffsets(dataSet: DataSet): number[] {
  const element = dataSet.element(extendedOffsetTable);
  return element === undefined || element.bulk !== undefined
    ? []
    : dataSet.bigints(extendedOffsetTable).map(Number);
}
