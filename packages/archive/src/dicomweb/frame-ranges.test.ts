import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import {
  DataSet,
  decodePart10,
  encodePart10,
  framesOf,
  type RangeSource,
  TransferSyntax,
} from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { readableFixtures } from "../../../dicom/src/test/fixtures.ts";
import { frameRangesOf } from "./frame-ranges.ts";

const root = fileURLToPath(new URL("../../../../fixtures", import.meta.url));

function source(bytes: Uint8Array): RangeSource {
  return { size: bytes.byteLength, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

async function at(bytes: Uint8Array): Promise<Awaited<ReturnType<typeof frameRangesOf>>> {
  return frameRangesOf(source(bytes)).catch(() => undefined);
}

const uids = { SOPClassUID: "1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID: "1.2.3" };

describe("frame ranges", () => {
  const files = readableFixtures(root);

  it("hold the bytes that reading frame by frame gives, in every fixture that has them", async () => {
    let checked = 0;
    for (const name of files) {
      const bytes = readFileSync(join(root, name));
      const ranges = await at(bytes);
      if (ranges === undefined) continue;
      const { dataSet, transferSyntaxUid } = decodePart10(bytes);
      const frames = framesOf(dataSet, transferSyntaxUid);
      expect(ranges, name).toHaveLength(frames.description.numberOfFrames);
      for (const [index, pieces] of ranges.entries()) {
        const joined = Buffer.concat(
          pieces.map(({ offset, length }) => bytes.subarray(offset, offset + length)),
        );
        expect(joined.equals(await frames.bytes(index)), `${name} frame ${index + 1}`).toBe(true);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(150);
  });

  it("are not given for a deflated data set", async () => {
    const bytes = readFileSync(join(root, "deflated/image_dfl.dcm"));
    expect(decodePart10(bytes).dataSet.has("PixelData")).toBe(true);
    expect(await frameRangesOf(source(bytes))).toBeUndefined();
  });

  it("are not given for frames that begin inside of a byte", async () => {
    const image = { ...uids, Rows: 3, Columns: 3, BitsAllocated: 1, SamplesPerPixel: 1, NumberOfFrames: 2 };
    const dataSet = DataSet.of({ ...image, PixelData: { vr: "OB", value: new Uint8Array(4) } });
    const transferSyntaxUid = TransferSyntax.ExplicitVRLittleEndian;
    expect(await frameRangesOf(source(encodePart10({ dataSet, transferSyntaxUid })))).toBeUndefined();
  });

  it("are not given where the pixel data is shorter than its frames", async () => {
    const image = { ...uids, Rows: 4, Columns: 4, BitsAllocated: 8, SamplesPerPixel: 1, NumberOfFrames: 2 };
    const dataSet = DataSet.of({ ...image, PixelData: { vr: "OB", value: new Uint8Array(30) } });
    const transferSyntaxUid = TransferSyntax.ExplicitVRLittleEndian;
    expect(await frameRangesOf(source(encodePart10({ dataSet, transferSyntaxUid })))).toBeUndefined();
  });
});
