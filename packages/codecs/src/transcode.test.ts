/** Transcoded fixtures have the pixels they had. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type DataSet,
  decodeDataSet,
  decodePart10,
  encodeDataSet,
  framesOf,
  TransferSyntax,
} from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { decodeFrame } from "./decode/decode-frame.ts";
import type { DecodedFrame } from "./decoded-frame.ts";
import { encodableTransferSyntaxes } from "./encode/encode-frame.ts";
import { transcode } from "./transcode.ts";

const root = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const folders = [
  "native-explicit-be",
  "native-implicit-le",
  "rle",
  "jpeg2000-lossless",
  "jpeg-ls",
  "htj2k",
  "multi-frame",
];
const names = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".pixels.json"))
    .map((name) => join(folder, name.slice(0, -".pixels.json".length))),
);
const targets = [
  TransferSyntax.ExplicitVRLittleEndian,
  ...encodableTransferSyntaxes.filter((uid) => uid !== "1.2.840.10008.1.2.4.50"),
];

async function framesIn(dataSet: DataSet, transferSyntaxUid: string): Promise<DecodedFrame[]> {
  const frames = framesOf(dataSet, transferSyntaxUid);
  const all: DecodedFrame[] = [];
  for (let index = 0; index < frames.description.numberOfFrames; index++)
    all.push(await decodeFrame(frames, transferSyntaxUid, index));
  return all;
}

describe.each(names)("%s", (name) => {
  it("has the same pixels in every syntax that takes it", async () => {
    const { dataSet, transferSyntaxUid } = decodePart10(readFileSync(join(root, name)));
    const before = await framesIn(dataSet, transferSyntaxUid);
    let done = 0;
    for (const target of targets) {
      const transcoded = await transcode(dataSet, transferSyntaxUid, target).catch(
        (error: { code?: string }) => {
          expect(error.code).toBe("codec-unsupported");
        },
      );
      if (transcoded === undefined) continue;
      const after = await framesIn(decodeDataSet(encodeDataSet(transcoded, target), target), target);
      expect(after).toHaveLength(before.length);
      after.forEach((frame, index) =>
        expect(
          Buffer.from(frame.bytes).equals(Buffer.from(before[index]?.bytes ?? [])),
          `${target} frame ${index + 1}`,
        ).toBe(true),
      );
      done++;
    }
    expect(done).toBeGreaterThan(0);
  });
});
