/** A data set's pixels in another transfer syntax: decoded and encoded frame by frame. */
import {
  DataElement,
  DataSet,
  type Fragment,
  framesOf,
  type InitValue,
  IsocenterError,
  pixelDescription,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import { decodeFrame } from "./decode/decode-frame.ts";
import type { DecodedFrame } from "./decoded-frame.ts";
import { encodeFrame, type EncodeOptions } from "./encode/encode-frame.ts";
import { CodecError } from "./errors.ts";

const pixelData = 0x7fe00010;
const jpegBaseline = "1.2.840.10008.1.2.4.50";

/**
 * A data set without pixels, or whose syntax is the wanted one, comes back as it is.
 * @throws CodecError, DicomError; never a data set with other pixels than lossless syntaxes promise
 */
export async function transcode(
  dataSet: DataSet,
  fromTransferSyntaxUid: string,
  toTransferSyntaxUid: string,
  options: EncodeOptions = {},
): Promise<DataSet> {
  const element = dataSet.element(pixelData);
  if (fromTransferSyntaxUid === toTransferSyntaxUid || element === undefined || element.isEmpty)
    return dataSet;
  const isTargetEncapsulated = isEncapsulated(toTransferSyntaxUid);
  const frames = framesOf(dataSet, fromTransferSyntaxUid);
  // Between native syntaxes the data set's encoder swaps what has to be swapped, in words of 16 bits.
  const isSwapped = !frames.isLittleEndian && frames.description.bitsAllocated > 16;
  if (element.fragments === undefined && !isTargetEncapsulated && !isSwapped) return dataSet;
  const { numberOfFrames } = frames.description;
  const pieces: Uint8Array[] = [];
  let first: DecodedFrame | undefined;
  for (let index = 0; index < numberOfFrames; index++) {
    const frame = await decodeFrame(frames, fromTransferSyntaxUid, index);
    first ??= frame;
    pieces.push(isTargetEncapsulated ? await encodeFrame(frame, toTransferSyntaxUid, options) : frame.bytes);
  }
  if (first === undefined) return dataSet;
  const described = describe(dataSet, first);
  const plain = isTargetEncapsulated
    ? withFragments(described, pieces)
    : described.with(pixelData, concatenated(pieces), first.bytesPerSample === 1 ? "OB" : "OW");
  return toTransferSyntaxUid === jpegBaseline ? markedLossy(plain, first, pieces) : plain;
}

/** Transfer syntaxes that this version does not know are encapsulated, as all newer ones are. */
const isEncapsulated = (uid: string): boolean => transferSyntaxInfo(uid)?.encapsulated ?? true;

/** What decoding changed must be said: planes, colour space, and one-bit pixels that are bytes now. */
function describe(dataSet: DataSet, frame: DecodedFrame): DataSet {
  const before = pixelDescription(dataSet);
  if (before.bitsAllocated === 1) {
    throw new CodecError("codec-unsupported", "Images of one-bit pixels are not transcoded.");
  }
  const changes: Record<string, InitValue> = {
    PhotometricInterpretation: photometric(before.photometricInterpretation, frame),
  };
  if (frame.samplesPerPixel > 1) changes["PlanarConfiguration"] = 0;
  // Offsets of the old encoding mean nothing in the new one.
  return dataSet.without(0x7fe00001, 0x7fe00002).merge(DataSet.of(changes));
}

function photometric(before: string, frame: DecodedFrame): string {
  // Chroma that was shared has been spread over all pixels.
  return before === "YBR_FULL_422" ? "YBR_FULL" : frame.photometricInterpretation;
}

function withFragments(dataSet: DataSet, pieces: readonly Uint8Array[]): DataSet {
  const offsetTable = new Uint8Array(pieces.length * 4);
  const view = new DataView(offsetTable.buffer);
  const fragments: Fragment[] = [];
  let at = 0;
  pieces.forEach((bytes, index) => {
    if (at > 0xffff_ffff) throw new IsocenterError("pixels-too-large", "The encoded frames pass 4 GB.");
    view.setUint32(index * 4, at, true);
    fragments.push({ offset: at + 8, length: bytes.byteLength, bytes });
    at += 8 + bytes.byteLength;
  });
  const value = new DataElement(pixelData, "OB", undefined, 0, 0, true, true, {
    fragments: { offsetTable, fragments },
  });
  return DataSet.fromElements([...dataSet.without(pixelData), value]);
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}

/** Lossy Image Compression and its ratio are required from then on (PS3.3 C.7.6.1.1.5). */
function markedLossy(dataSet: DataSet, frame: DecodedFrame, pieces: readonly Uint8Array[]): DataSet {
  const encoded = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const ratio = (frame.bytes.byteLength * pieces.length) / encoded;
  return dataSet.merge(
    DataSet.of({
      LossyImageCompression: "01",
      LossyImageCompressionRatio: ratio.toFixed(2),
      LossyImageCompressionMethod: "ISO_10918_1",
    }),
  );
}
