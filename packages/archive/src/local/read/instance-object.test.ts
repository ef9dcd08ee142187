/** Random access to archived objects: the frames that byte ranges cut out are those that the data layer reads. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DicomJsonObject,
  DicomError,
  framesOf,
  fromDicomJson,
  readDataSet,
  readPart10,
} from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { instanceFromFile, isPart10File, walkFiles } from "../../files.ts";
import type { InstanceKey, InstanceObject } from "../../image-source.ts";
import { LocalArchive } from "../local-archive.ts";

const fixtures = join(import.meta.dirname, "../../../../../fixtures");

let folder: string;
let archive: LocalArchive;
/** Files that are stored, with their UIDs. */
const stored: { readonly path: string; readonly key: InstanceKey }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-objects-"));
  archive = await LocalArchive.open(folder);
  for await (const path of walkFiles([fixtures])) {
    if (!path.endsWith(".dcm") || !(await isPart10File(path))) continue;
    try {
      const outcome = await archive.storeOne(await instanceFromFile(path));
      if (outcome.kind !== "stored") continue;
      const { dataSet } = await readPart10(await readFile(path).then((bytes) => [bytes]), {
        until: 0x00200010,
      });
      stored.push({
        path,
        key: {
          studyInstanceUid: dataSet.string("StudyInstanceUID") ?? "",
          seriesInstanceUid: dataSet.string("SeriesInstanceUID") ?? "",
          sopInstanceUid: dataSet.string("SOPInstanceUID") ?? "",
        },
      });
    } catch (error) {
      // Among the fixtures are files that are broken on purpose.
      if (!(error instanceof Error)) throw error;
    }
  }
}, 60_000);
afterAll(async () => {
  await archive.close();
  await rm(folder, { recursive: true });
});

async function bytesOf(object: InstanceObject, index: number): Promise<Buffer> {
  const ranges = (await object.frames())?.[index] ?? [];
  const parts = await Promise.all(ranges.map(({ offset, length }) => object.read(offset, length)));
  return Buffer.concat(parts);
}

describe("an archived object", () => {
  it("is stored from each fixture with a UID of its own", () => {
    expect(stored.length).toBeGreaterThan(100);
  });

  it("gives each frame that lies in whole bytes as the data layer does, the first time and from the index", async () => {
    let frames = 0;
    for (const { path, key } of stored) {
      for (const _round of ["found", "kept"]) {
        await using object = await archive.open(key);
        const table = await object.frames();
        if (table === undefined) continue;
        const { dataSet, transferSyntaxUid } = await readPart10([await readFile(path)]);
        const expected = framesOf(dataSet, transferSyntaxUid);
        // What is wrapped in deflate or plain samples in fragments is cut out as it lies there.
        if (transferSyntaxUid === "1.2.840.10008.1.2.8.1") continue;
        expect(table.length, path).toBe(expected.description.numberOfFrames);
        for (let index = 0; index < table.length; index++) {
          let bytes: Uint8Array;
          try {
            bytes = await expected.bytes(index);
          } catch (error) {
            expect(error, path).toBeInstanceOf(DicomError);
            continue;
          }
          expect((await bytesOf(object, index)).equals(bytes), `${path} frame ${index + 1}`).toBe(true);
          frames++;
        }
      }
    }
    expect(frames).toBeGreaterThan(300);
  });

  it("is read at any place, as a whole, and by the data layer", async () => {
    const [one] = stored;
    await using object = await archive.open(
      one?.key ?? { studyInstanceUid: "", seriesInstanceUid: "", sopInstanceUid: "" },
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of object.stream()) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    expect(whole.byteLength).toBe(object.size);
    expect(Buffer.from(await object.read(128, 4)).toString()).toBe("DICM");
    const part: Uint8Array[] = [];
    for await (const chunk of object.stream({ offset: object.dataSetOffset, length: 8 })) part.push(chunk);
    expect(Buffer.concat(part).equals(whole.subarray(object.dataSetOffset, object.dataSetOffset + 8))).toBe(
      true,
    );
    expect((await readDataSet(object)).string("SOPInstanceUID")).toBe(object.sopInstanceUid);
    expect(object.version).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has its metadata ready as DICOM JSON without bulk data", async () => {
    for (const { path, key } of stored) {
      const lines: string[] = [];
      for await (const line of archive.metadata(key)) lines.push(line);
      expect(lines.length, path).toBe(1);
      const json = JSON.parse(lines[0] ?? "") as DicomJsonObject;
      expect(json["7FE00010"]?.InlineBinary, path).toBeUndefined();
      // What is damaged beyond its header is stored too.
      if (path.includes("malformed")) continue;
      const { dataSet } = await readPart10([await readFile(path)]);
      if (dataSet.element("PixelData")?.isEmpty === false)
        expect(json["7FE00010"], path).toEqual({
          vr: dataSet.element("PixelData")?.vr,
          BulkDataURI: "bulkdata/7FE00010",
        });
      expect(fromDicomJson(json).string("SOPInstanceUID"), path).toBe(key.sopInstanceUid);
    }
  });

  it("is unknown where there is none", async () => {
    await expect(
      archive.open({ studyInstanceUid: "1", seriesInstanceUid: "2", sopInstanceUid: "3" }),
    ).rejects.toMatchObject({ code: "instance-unknown" });
  });
});
