/** RLE Lossless, PS3.5 Annex G: a segment of PackBits for each byte of each sample, the most significant first. */
import type { PixelDescription } from "@isocenter/dicom";
import { CodecError } from "../errors.ts";
import type { DecodedFrame } from "../decoded-frame.ts";
import { frameOf, sampleSize } from "./native.ts";

const headerLength = 64;

export function decodeRle(bytes: Uint8Array, description: PixelDescription): DecodedFrame {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  if (bytes.byteLength < headerLength) throw invalid("the header is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isBits = bitsAllocated === 1;
  const size = isBits ? 1 : Math.ceil(bitsAllocated / 8);
  const count = view.getUint32(0, true);
  if (count !== samplesPerPixel * size)
    throw invalid(`it has ${count} segments instead of ${samplesPerPixel * size}`);
  const starts = Array.from({ length: count }, (_, index) => view.getUint32(4 + index * 4, true));
  const pixels = rows * columns;
  if (isBits) {
    const packed = new Uint8Array(Math.ceil((pixels * samplesPerPixel) / 8));
    unpackSegment(bytes, starts, 0, packed, 0, 1);
    const out = Uint8Array.from(
      { length: pixels },
      (_, index) => ((packed[index >> 3] ?? 0) >> (index & 7)) & 1,
    );
    return frameOf(out, description);
  }
  const stride = samplesPerPixel * size;
  const out = new Uint8Array(pixels * stride);
  for (let segment = 0; segment < count; segment++) {
    const sample = Math.floor(segment / size);
    const byte = size - 1 - (segment % size);
    unpackSegment(bytes, starts, segment, out, sample * size + byte, stride);
  }
  return frameOf(out, description, sampleSize(bitsAllocated));
}

function unpackSegment(
  bytes: Uint8Array,
  starts: readonly number[],
  segment: number,
  out: Uint8Array,
  first: number,
  stride: number,
): void {
  const start = starts[segment] ?? 0;
  const end = Math.min(starts[segment + 1] ?? bytes.byteLength, bytes.byteLength);
  if (start < headerLength || start >= end) throw invalid(`segment ${segment + 1} is out of place`);
  let at = start;
  let target = first;
  while (target < out.length) {
    if (at >= end) throw invalid(`segment ${segment + 1} ends early`);
    const control = bytes[at++] ?? 0;
    if (control < 128) {
      if (at + control >= end) throw invalid(`segment ${segment + 1} ends early`);
      for (let left = control + 1; left > 0 && target < out.length; left--, target += stride)
        out[target] = bytes[at++] ?? 0;
    } else if (control > 128) {
      const value = bytes[at++] ?? 0;
      for (let left = 257 - control; left > 0 && target < out.length; left--, target += stride)
        out[target] = value;
    }
  }
}

function invalid(what: string): CodecError {
  return new CodecError("codestream-invalid", `The RLE frame cannot be decoded: ${what}.`);
}
