/** Decoded frames of every fixture against its oracle, by the rules of fixtures/README.md. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { decodePart10, DicomError, framesOf } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { decodeFrame } from "./decode/decode-frame.ts";
import type { DecodedFrame } from "./decoded-frame.ts";
import { CodecError } from "./errors.ts";

const root = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const names = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".pixels.json"))
  .map((name) => name.slice(0, -".pixels.json".length))
  .sort();

interface Oracle {
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
  readonly bytes_per_sample: number;
  readonly photometric: string;
  readonly lossy: boolean;
  readonly tolerance: string;
  readonly masked_to_bits_stored: number | null;
  readonly frame_sha256: readonly string[];
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Integer samples masked to Bits Stored, unsigned. */
function masked({ bytes, bytesPerSample, sampleKind }: DecodedFrame, bitsStored: number): Uint8Array {
  if (sampleKind !== "integer" || bitsStored >= bytesPerSample * 8) return bytes;
  const mask = (1n << BigInt(bitsStored)) - 1n;
  return bytes.map((byte, index) => byte & Number((mask >> BigInt((index % bytesPerSample) * 8)) & 0xffn));
}

function largestDifference(a: Uint8Array, b: Uint8Array, size: number, step: number): number {
  const read = (bytes: Uint8Array, at: number): number =>
    size === 1 ? (bytes[at] ?? 0) : (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  let largest = 0;
  for (let at = 0; at + size <= a.length; at += size * step)
    largest = Math.max(largest, Math.abs(read(a, at) - read(b, at)));
  return largest;
}

it("there are oracles to compare with", () => {
  expect(names.length).toBe(112);
});

describe.each(names)("%s", (name) => {
  const oracle = JSON.parse(readFileSync(join(root, `${name}.pixels.json`), "utf8")) as Oracle;
  const { dataSet, transferSyntaxUid } = decodePart10(readFileSync(join(root, name)));

  it("has the oracle's frames", async () => {
    const frames = framesOf(dataSet, transferSyntaxUid);
    expect(frames.description).toMatchObject({
      rows: oracle.rows,
      columns: oracle.columns,
      samplesPerPixel: oracle.samples,
      numberOfFrames: oracle.frames,
    });
    const first = await decodeFrame(frames, transferSyntaxUid, 0);
    expect(first.bytesPerSample).toBe(oracle.bytes_per_sample);
    const bits = oracle.masked_to_bits_stored ?? first.bytesPerSample * 8;
    if (oracle.lossy) {
      const expected = gunzipSync(readFileSync(join(root, `${name}.frame0.raw.gz`)));
      const actual = masked(first, bits);
      expect(actual.byteLength).toBe(expected.byteLength);
      // Chroma that was subsampled is interpolated in many ways; luma is not.
      const step = oracle.samples === 3 && /chroma/.test(oracle.tolerance) ? 3 : 1;
      const tolerance = Number(/difference (\d+)/.exec(oracle.tolerance)?.[1]);
      expect(tolerance).toBeGreaterThan(0);
      expect(largestDifference(actual, expected, oracle.bytes_per_sample, step)).toBeLessThanOrEqual(
        tolerance,
      );
      return;
    }
    for (const [index, expected] of oracle.frame_sha256.entries()) {
      const frame = index === 0 ? first : await decodeFrame(frames, transferSyntaxUid, index);
      expect(sha256(masked(frame, bits)), `frame ${index + 1}`).toBe(expected);
    }
  });
});

const malformed = readdirSync(join(root, "malformed")).filter((name) => !/\.(json|txt|tsv|gz)$/.test(name));
describe.each(malformed)("malformed/%s", (name) => {
  it("is a typed error or a frame, soon and small", async () => {
    const before = process.memoryUsage().rss;
    const start = performance.now();
    try {
      const { dataSet, transferSyntaxUid } = decodePart10(readFileSync(join(root, "malformed", name)));
      const frame = await decodeFrame(framesOf(dataSet, transferSyntaxUid), transferSyntaxUid);
      expect(frame.bytes.byteLength).toBe(
        frame.rows * frame.columns * frame.samplesPerPixel * frame.bytesPerSample,
      );
    } catch (error) {
      expect(error instanceof DicomError || error instanceof CodecError, String(error)).toBe(true);
    }
    expect(performance.now() - start).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  });
});
