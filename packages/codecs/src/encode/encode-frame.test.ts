/** What is encoded decodes to the same: small and odd images of every depth, and real ones. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodePart10, type Frames, framesOf, type PixelDescription } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { decodeFrame } from "../decode/decode-frame.ts";
import { type DecodedFrame, samplesOf } from "../decoded-frame.ts";
import { encodableTransferSyntaxes, encodeFrame } from "./encode-frame.ts";

const lossless = encodableTransferSyntaxes.filter((uid) => uid !== "1.2.840.10008.1.2.4.50");

function image(
  columns: number,
  rows: number,
  samplesPerPixel: number,
  bytesPerSample: 1 | 2,
  isSigned = false,
): DecodedFrame {
  const bytes = Uint8Array.from(
    { length: columns * rows * samplesPerPixel * bytesPerSample },
    (_, index) => (index * index * 31 + (index >> 3)) & 0xff,
  );
  return {
    rows,
    columns,
    samplesPerPixel,
    bytesPerSample,
    isSigned,
    sampleKind: "integer",
    bitsStored: bytesPerSample * 8,
    photometricInterpretation: samplesPerPixel === 3 ? "RGB" : "MONOCHROME2",
    bytes,
  };
}

function asFrames(frame: DecodedFrame, encoded: Uint8Array): Frames {
  const description: PixelDescription = {
    ...frame,
    bitsAllocated: frame.bytesPerSample * 8,
    highBit: frame.bitsStored - 1,
    isPlanar: false,
    numberOfFrames: 1,
  };
  return { description, isEncapsulated: true, isLittleEndian: true, bytes: () => Promise.resolve(encoded) };
}

describe.each(lossless)("%s", (syntax) => {
  it.each<[number, number, number, 1 | 2, boolean]>([
    [1, 1, 1, 1, false],
    [3, 5, 1, 1, false],
    [17, 9, 1, 2, false],
    [64, 33, 1, 2, true],
    [31, 7, 3, 1, false],
    [130, 3, 1, 1, false],
  ])("%i × %i, %i samples of %i bytes, signed: %s", async (columns, rows, samples, size, isSigned) => {
    const frame = image(columns, rows, samples, size, isSigned);
    if (columns === 1 && syntax.startsWith("1.2.840.10008.1.2.4.20")) {
      await expect(encodeFrame(frame, syntax)).rejects.toMatchObject({ code: "codec-unsupported" });
      return;
    }
    const encoded = await encodeFrame(frame, syntax);
    expect(encoded.byteLength % 2).toBe(0);
    const again = await decodeFrame(asFrames(frame, encoded), syntax);
    expect(Buffer.from(again.bytes).equals(Buffer.from(frame.bytes))).toBe(true);
  });

  it("a real CT slice", async () => {
    const file = readFileSync(
      fileURLToPath(
        new URL("../../../../fixtures/native-implicit-le/MR_small_implicit.dcm", import.meta.url),
      ),
    );
    const { dataSet, transferSyntaxUid } = decodePart10(file);
    const frame = await decodeFrame(framesOf(dataSet, transferSyntaxUid), transferSyntaxUid);
    const encoded = await encodeFrame(frame, syntax);
    expect(encoded.byteLength).toBeLessThan(frame.bytes.byteLength);
    const again = await decodeFrame(asFrames(frame, encoded), syntax);
    expect(Buffer.from(again.bytes).equals(Buffer.from(frame.bytes))).toBe(true);
  });
});

it("images of one value keep it, in every syntax", async () => {
  for (const syntax of lossless) {
    for (const value of [0, 1, 127, 128, 255]) {
      const frame = { ...image(5, 2, 1, 2), bytes: new Uint8Array(20).fill(value) };
      const again = await decodeFrame(asFrames(frame, await encodeFrame(frame, syntax)), syntax);
      expect(Buffer.from(again.bytes).equals(Buffer.from(frame.bytes)), `${value} in ${syntax}`).toBe(true);
    }
  }
});

it("JPEG baseline is near, and small", async () => {
  const smooth = image(64, 64, 1, 1);
  smooth.bytes.forEach((_, index) => (smooth.bytes[index] = ((index % 64) + (index >> 6)) * 2));
  const encoded = await encodeFrame(smooth, "1.2.840.10008.1.2.4.50", { quality: 95 });
  const again = await decodeFrame(asFrames(smooth, encoded), "1.2.840.10008.1.2.4.50");
  const [a, b] = [samplesOf(smooth), samplesOf(again)] as [Uint8Array, Uint8Array];
  expect(Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? 0))))).toBeLessThan(8);
  expect(encoded.byteLength).toBeLessThan(smooth.bytes.byteLength);
});

it("what an encoder cannot hold is refused", async () => {
  const float = { ...image(2, 2, 1, 2), sampleKind: "float" as const, bytesPerSample: 4 as const };
  await expect(encodeFrame(float, "1.2.840.10008.1.2.4.90")).rejects.toMatchObject({
    code: "codec-unsupported",
  });
  await expect(encodeFrame(image(2, 2, 1, 1), "1.2.840.10008.1.2.4.100")).rejects.toMatchObject({
    code: "codec-unsupported",
  });
});
