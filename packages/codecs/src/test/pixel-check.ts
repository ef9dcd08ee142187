/** A file's decoded frames against its oracle, by the rules of fixtures/README.md. One source for all runtimes. */
import { decodePart10, framesOf } from "@isocenter/dicom";
import { decodeFrame } from "../decode/decode-frame.ts";
import type { DecodedFrame } from "../decoded-frame.ts";

export interface PixelOracle {
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
  readonly bytes_per_sample: number;
  readonly lossy: boolean;
  readonly tolerance: string;
  readonly masked_to_bits_stored: number | null;
  readonly frame_sha256: readonly string[];
}

/**
 * @param firstFrame of a lossy file, gzipped as it lies beside it
 * @returns what is wrong
 */
export async function checkPixels(
  bytes: Uint8Array,
  oracle: PixelOracle,
  firstFrame?: Uint8Array,
): Promise<string[]> {
  const { dataSet, transferSyntaxUid } = decodePart10(bytes);
  const frames = framesOf(dataSet, transferSyntaxUid);
  const { rows, columns, samplesPerPixel, numberOfFrames } = frames.description;
  const shape = [rows, columns, samplesPerPixel, numberOfFrames].join();
  if (shape !== [oracle.rows, oracle.columns, oracle.samples, oracle.frames].join())
    return [`it is ${shape}`];
  const first = await decodeFrame(frames, transferSyntaxUid, 0);
  if (first.bytesPerSample !== oracle.bytes_per_sample) return [`samples have ${first.bytesPerSample} bytes`];
  const bits = oracle.masked_to_bits_stored ?? first.bytesPerSample * 8;
  if (oracle.lossy)
    return firstFrame === undefined
      ? ["there is no frame to compare with"]
      : checkLossy(masked(first, bits), oracle, await gunzipped(firstFrame));
  const wrong: string[] = [];
  for (const [index, expected] of oracle.frame_sha256.entries()) {
    const frame = index === 0 ? first : await decodeFrame(frames, transferSyntaxUid, index);
    if ((await sha256(masked(frame, bits))) !== expected) wrong.push(`frame ${index + 1} differs`);
  }
  return wrong;
}

function checkLossy(
  actual: Uint8Array,
  { samples, tolerance, bytes_per_sample: size }: PixelOracle,
  expected: Uint8Array,
): string[] {
  if (actual.byteLength !== expected.byteLength) return [`the frame has ${actual.byteLength} bytes`];
  const allowed = Number(/difference (\d+)/.exec(tolerance)?.[1]);
  if (!(allowed > 0)) return ["the tolerance is not given"];
  // Chroma that was subsampled is interpolated in many ways; luma is not.
  const step = samples === 3 && tolerance.includes("chroma") ? 3 : 1;
  const largest = largestDifference(actual, expected, size, step);
  return largest > allowed ? [`samples differ by ${largest}`] : [];
}

/** Integer samples masked to Bits Stored, unsigned. */
function masked({ bytes, bytesPerSample, sampleKind }: DecodedFrame, bitsStored: number): Uint8Array {
  if (sampleKind !== "integer" || bitsStored >= bytesPerSample * 8) return bytes;
  const mask = (1n << BigInt(bitsStored)) - 1n;
  const masks = Array.from({ length: bytesPerSample }, (_, index) =>
    Number((mask >> BigInt(index * 8)) & 0xffn),
  );
  return Uint8Array.from(bytes, (byte, index) => byte & (masks[index % bytesPerSample] ?? 0));
}

function largestDifference(a: Uint8Array, b: Uint8Array, size: number, step: number): number {
  const read = (bytes: Uint8Array, at: number): number =>
    size === 1 ? (bytes[at] ?? 0) : (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  let largest = 0;
  for (let at = 0; at + size <= a.length; at += size * step)
    largest = Math.max(largest, Math.abs(read(a, at) - read(b, at)));
  return largest;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function gunzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
