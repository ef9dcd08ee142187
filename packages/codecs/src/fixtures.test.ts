/** Decoded frames of every fixture against its oracle; malformed ones give a typed error or a frame, soon. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePart10, DicomError, framesOf } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { decodeFrame } from "./decode/decode-frame.ts";
import { CodecError } from "./errors.ts";
import { checkPixels, type PixelOracle } from "./test/pixel-check.ts";

const root = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const names = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".pixels.json"))
  .map((name) => name.slice(0, -".pixels.json".length))
  .sort();

it("there are oracles to compare with", () => {
  expect(names).toHaveLength(112);
});

it.each(names)("%s has the oracle's frames", async (name) => {
  const oracle = JSON.parse(readFileSync(join(root, `${name}.pixels.json`), "utf8")) as PixelOracle;
  const first = join(root, `${name}.frame0.raw.gz`);
  const frame = existsSync(first) ? readFileSync(first) : undefined;
  expect(await checkPixels(readFileSync(join(root, name)), oracle, frame)).toEqual([]);
});

const malformed = readdirSync(join(root, "malformed")).filter((name) => !/\.(json|txt|tsv|gz)$/.test(name));
describe.each(malformed)("malformed/%s", (name) => {
  it("is a typed error or a frame, soon and small", async () => {
    const before = process.memoryUsage().rss;
    const start = performance.now();
    try {
      const { dataSet, transferSyntaxUid } = decodePart10(readFileSync(join(root, "malformed", name)));
      const frame = await decodeFrame(framesOf(dataSet, transferSyntaxUid), transferSyntaxUid);
      const { rows, columns, samplesPerPixel, bytesPerSample } = frame;
      expect(frame.bytes.byteLength).toBe(rows * columns * samplesPerPixel * bytesPerSample);
    } catch (error) {
      expect(error instanceof DicomError || error instanceof CodecError, String(error)).toBe(true);
    }
    expect(performance.now() - start).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  });
});
