/** Files as instances: what is read of them, in which chunks, and what is told of those that are none. */
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet, encodePart10, TransferSyntax } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockingFiles, instanceFromFile, instanceFromPart10File, patientFiles } from "./files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function image(name: string, pixelBytes: number): Promise<{ path: string; content: Buffer }> {
  const dataSet = DataSet.of({
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    SOPInstanceUID: "1.2.3.4",
    StudyDate: "20260101",
    PixelData: {
      vr: "OW",
      value: Uint8Array.from({ length: pixelBytes }, (_, index) => (index * 31) & 0xff),
    },
  });
  const path = join(folder, name);
  await writeFile(path, encodePart10({ dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian }));
  return { path, content: await readFile(path) };
}

async function chunksOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return chunks;
}

describe.each([
  ["waiting for the disk", patientFiles],
  ["reading at once", blockingFiles],
])("%s", (_name, access) => {
  it("keeps a small file's data set in memory", async () => {
    const { path, content } = await image("small.dcm", 1000);
    const instance = await instanceFromFile(path, access);
    expect(instance).toMatchObject({ sopInstanceUid: "1.2.3.4", transferSyntaxUid: "1.2.840.10008.1.2.1" });
    expect(instance.bytes?.byteLength).toBe(instance.size);
    expect(Buffer.concat(await chunksOf(instance.dataSet()))).toEqual(
      content.subarray(content.byteLength - instance.size),
    );
  });

  it.each([65_000, 1 << 16, access.chunkBytes, access.chunkBytes * 2 + 7, access.chunkBytes * 3 - 100])(
    "streams %d bytes of pixels as they stand in the file",
    async (pixelBytes) => {
      const { path, content } = await image("large.dcm", pixelBytes);
      const instance = await instanceFromFile(path, access);
      instance.prefetch();
      const chunks = await chunksOf(instance.dataSet());
      expect(Buffer.concat(chunks).equals(content.subarray(content.byteLength - instance.size))).toBe(true);
      for (const chunk of chunks) expect(chunk.byteLength).toBeLessThanOrEqual(access.chunkBytes);
    },
  );

  it("can be read a second time", async () => {
    const { path } = await image("twice.dcm", 200_000);
    const instance = await instanceFromFile(path, access);
    const first = Buffer.concat(await chunksOf(instance.dataSet()));
    expect(Buffer.concat(await chunksOf(instance.dataSet())).equals(first)).toBe(true);
  });

  it("ends where a file was cut in the meantime", async () => {
    const { path } = await image("cut.dcm", 3_000_000);
    const instance = await instanceFromFile(path, access);
    await truncate(path, 2_000_000);
    const read = Buffer.concat(await chunksOf(instance.dataSet()));
    expect(read.byteLength).toBeLessThan(instance.size);
  });

  it("tells what is no DICOM, in a sentence and as nothing", async () => {
    const path = join(folder, "text.txt");
    await writeFile(path, "not at all ".repeat(50));
    await expect(instanceFromFile(path, access)).rejects.toMatchObject({ code: "instance-unreadable" });
    expect(await instanceFromPart10File(path, access)).toBeUndefined();
  });
});
