/** Native frames to plain samples: bits, byte order, planes and shared chroma (PS3.5 8.1, PS3.3 C.7.6.3). */
import { decodedFrameBytes, type PixelDescription } from "@isocenter/dicom";
import type { DecodedFrame } from "../decoded-frame.ts";

/** @param bytes of a frame, as many as the description asks for */
export function decodeNative(
  bytes: Uint8Array,
  description: PixelDescription,
  isLittleEndian: boolean,
): DecodedFrame {
  const { bitsAllocated, samplesPerPixel, isPlanar, photometricInterpretation } = description;
  let samples = bitsAllocated === 1 ? unpacked(bytes, description) : bytes;
  const bytesPerSample = sampleSize(bitsAllocated);
  if (bytesPerSample * 8 !== bitsAllocated && bitsAllocated !== 1)
    samples = widened(samples, bitsAllocated / 8, bytesPerSample);
  if (!isLittleEndian && bytesPerSample > 1) samples = swapped(samples, bytesPerSample);
  if (photometricInterpretation === "YBR_FULL_422" && samplesPerPixel === 3)
    samples = spreadChroma(samples, bytesPerSample);
  else if (isPlanar && samplesPerPixel > 1) samples = interleaved(samples, samplesPerPixel, bytesPerSample);
  return frameOf(samples, description, bytesPerSample);
}

export function frameOf(
  bytes: Uint8Array,
  description: PixelDescription,
  bytesPerSample = sampleSize(description.bitsAllocated),
): DecodedFrame {
  const { rows, columns, samplesPerPixel, isSigned, sampleKind, bitsStored, photometricInterpretation } =
    description;
  return {
    rows,
    columns,
    samplesPerPixel,
    bytesPerSample,
    isSigned,
    sampleKind,
    bitsStored,
    photometricInterpretation,
    bytes,
  };
}

/** 24 and 40 bits allocated exist on paper; they are widened to the next machine word. */
export function sampleSize(bitsAllocated: number): 1 | 2 | 4 | 8 {
  if (bitsAllocated <= 8) return 1;
  if (bitsAllocated <= 16) return 2;
  return bitsAllocated <= 32 ? 4 : 8;
}

/** The first pixel is the lowest bit. */
function unpacked(bytes: Uint8Array, description: PixelDescription): Uint8Array {
  const out = new Uint8Array(decodedFrameBytes(description));
  for (let index = 0; index < out.length; index++) out[index] = ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1;
  return out;
}

function widened(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const out = new Uint8Array((bytes.length / from) * to);
  for (let at = 0, target = 0; at + from <= bytes.length; at += from, target += to)
    out.set(bytes.subarray(at, at + from), target);
  return out;
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let at = 0; at + size <= bytes.length; at += size) {
    for (let index = 0; index < size; index++) out[at + index] = bytes[at + size - 1 - index] ?? 0;
  }
  return out;
}

/** Y1 Y2 Cb Cr to Y1 Cb Cr Y2 Cb Cr. */
function spreadChroma(bytes: Uint8Array, size: number): Uint8Array {
  const pairs = Math.floor(bytes.length / (4 * size));
  const out = new Uint8Array(pairs * 6 * size);
  const order = [0, 2, 3, 1, 2, 3];
  for (let pair = 0; pair < pairs; pair++) {
    order.forEach((from, to) => {
      const start = (pair * 4 + from) * size;
      out.set(bytes.subarray(start, start + size), (pair * 6 + to) * size);
    });
  }
  return out;
}

/** Planes, one sample after another, to pixels. */
export function interleaved(bytes: Uint8Array, samplesPerPixel: number, size: number): Uint8Array {
  const pixels = Math.floor(bytes.length / (samplesPerPixel * size));
  const out = new Uint8Array(pixels * samplesPerPixel * size);
  for (let sample = 0; sample < samplesPerPixel; sample++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let byte = 0; byte < size; byte++) {
        out[(pixel * samplesPerPixel + sample) * size + byte] =
          bytes[(sample * pixels + pixel) * size + byte] ?? 0;
      }
    }
  }
  return out;
}
