/** Which encoding is chosen for a receiver, and what is done to get there. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet, decodeDataSet, encodeDataSet, encodePart10, TransferSyntax } from "@isocenter/dicom";
import { chunksOf } from "@isocenter/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type InstanceOfFile, reencoded, transcodeInstance } from "./transcode.ts";

const {
  ExplicitVRLittleEndian: explicit,
  ImplicitVRLittleEndian: implicit,
  ExplicitVRBigEndian: big,
} = TransferSyntax;
const jpegBaseline = "1.2.840.10008.1.2.4.50";
const names = { sopClassUid: "1.2.840.10008.5.1.4.1.1.88.11", sopInstanceUid: "1.2.3" };
const dataSet = DataSet.of({
  SOPClassUID: names.sopClassUid,
  SOPInstanceUID: names.sopInstanceUid,
  PatientID: "1",
});
const inMemory = { ...names, transferSyntaxUid: explicit, dataSet: encodeDataSet(dataSet, explicit) };

let folder: string;
let file: InstanceOfFile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-transcode-"));
  const path = join(folder, "one.dcm");
  await writeFile(path, encodePart10({ dataSet, transferSyntaxUid: explicit }));
  file = {
    ...inMemory,
    path,
    size: inMemory.dataSet.byteLength,
    dataSet: () => {
      throw new Error("The file is read, and not this.");
    },
  };
});
afterAll(() => rm(folder, { recursive: true }));

async function bytesOf({
  dataSet: given,
}: InstanceOfFile | (Awaited<ReturnType<typeof transcodeInstance>> & {})) {
  const source = typeof given === "function" ? given() : given;
  if (source instanceof Uint8Array) return source;
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it.each([
  [[implicit, explicit], explicit],
  [[big, implicit], implicit],
  [[jpegBaseline, implicit], implicit],
  [[jpegBaseline], undefined],
  [["1.2.3"], undefined],
])("of %j it takes %s", async (offered, expected) => {
  expect((await transcodeInstance({ ...inMemory }, offered))?.transferSyntaxUid).toBe(expected);
});

it("a file is written anew from the disk, piece by piece", async () => {
  const other = await transcodeInstance(file, [implicit]);
  expect(other?.transferSyntaxUid).toBe(implicit);
  const found = decodeDataSet(await bytesOf(other as InstanceOfFile), implicit);
  expect(found.string("PatientID")).toBe("1");
});

it("what was re-encoded by wish goes as it is stored where the receiver wants that", async () => {
  const wished = reencoded(file, implicit);
  expect(await bytesOf(wished)).toEqual(Buffer.from(encodeDataSet(dataSet, implicit)));
  expect(await transcodeInstance(wished, [explicit])).toBe(file);
});
