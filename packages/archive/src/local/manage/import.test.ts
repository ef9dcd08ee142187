/** Import from folders and zip files, hostile ones too, and export with a directory. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePart10, encodePart10, readDirectory, walkRecords } from "@isocenter/dicom";
import { zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOf, collect, findValues, instance, storeAll, syntax } from "../../test/instances.ts";
import { decodeDataSet } from "@isocenter/dicom";
import { LocalArchive } from "../local-archive.ts";

let folder: string;
let archive: LocalArchive;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-import-"));
  archive = await LocalArchive.open(join(folder, "archive"));
});
afterEach(async () => {
  await archive.close();
  await rm(folder, { recursive: true });
});

async function file(uid: string, init: Parameters<typeof instance>[1] = {}): Promise<Uint8Array> {
  const dataSet = decodeDataSet(await bytesOf(instance(uid, init).dataSet()), syntax);
  return encodePart10({ dataSet, transferSyntaxUid: syntax });
}

describe("an import", () => {
  it("takes files, folders and zips, and passes over what is no instance", async () => {
    await mkdir(join(folder, "in/deep"), { recursive: true });
    await writeFile(join(folder, "in/a"), await file("1.9.1"));
    await writeFile(
      join(folder, "in/deep/b.dcm"),
      await file("1.9.2", { PixelData: new Uint8Array(200_000) }),
    );
    await writeFile(join(folder, "in/notes.txt"), "no DICOM");
    await writeFile(
      join(folder, "in/more.zip"),
      zipSync({
        "x/c.dcm": await file("1.9.3", { PixelData: new Uint8Array(3_000_000).map((_, at) => at * at) }),
        "readme.txt": Buffer.from("hello"),
        "stored.dcm": [await file("1.9.4"), { level: 0 }],
        empty: new Uint8Array(0),
        "folder/": new Uint8Array(0),
      }),
    );
    const results = await collect(archive.import([join(folder, "in")]));
    const named = results.map(({ path, outcome }) => [path.slice(folder.length + 4), outcome?.kind]);
    expect(named).toEqual([
      ["a", "stored"],
      ["deep/b.dcm", "stored"],
      ["more.zip!x/c.dcm", "stored"],
      ["more.zip!readme.txt", undefined],
      ["more.zip!stored.dcm", "stored"],
      ["more.zip!empty", undefined],
      ["notes.txt", undefined],
    ]);
    expect(await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).toEqual([
      "1.9.1",
      "1.9.2",
      "1.9.3",
      "1.9.4",
    ]);
    expect((await archive.verify()).problems).toEqual([]);
  });

  it("never makes a path of a name in a zip", async () => {
    const before = await readdir(folder);
    await writeFile(
      join(folder, "evil.zip"),
      zipSync({ "../../evil.dcm": await file("1.9.1"), "/etc/evil.dcm": await file("1.9.2") }),
    );
    const results = await collect(archive.import([join(folder, "evil.zip")]));
    expect(results.map(({ outcome }) => outcome?.kind)).toEqual(["stored", "stored"]);
    expect(await readdir(folder)).toEqual([...before, "evil.zip"].sort());
    await archive.settle();
    const objects = await readdir(join(folder, "archive/objects"), { recursive: true });
    expect(objects.filter((name) => name.includes("evil"))).toEqual([]);
  });

  it("stops a zip that inflates to far more than it is", async () => {
    await writeFile(join(folder, "bomb.zip"), zipSync({ "bomb.dcm": new Uint8Array(80 << 20) }));
    await expect(collect(archive.import([join(folder, "bomb.zip")]))).rejects.toMatchObject({
      code: "zip-invalid",
    });
    const small = { maximumFileBytes: 1000 };
    await writeFile(
      join(folder, "large.zip"),
      zipSync({ "large.dcm": await file("1.9.1", { PixelData: new Uint8Array(5000) }) }),
    );
    await expect(collect(archive.import([join(folder, "large.zip")], small))).rejects.toMatchObject({
      code: "zip-invalid",
    });
    expect(await archive.counts()).toMatchObject({ instances: 0 });
  }, 30_000);

  it("says of a damaged zip that it is, after what could be read", async () => {
    const zip = zipSync({
      "a.dcm": await file("1.9.1"),
      "b.dcm": await file("1.9.2", { PixelData: new Uint8Array(90_000).map((_, at) => at * 31) }),
    });
    await writeFile(join(folder, "cut.zip"), zip.subarray(0, zip.length / 2));
    await expect(collect(archive.import([join(folder, "cut.zip")]))).rejects.toMatchObject({
      code: "zip-invalid",
    });
    expect(await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.9.1"]);
  });

  it("fails what is DICOM and cannot be filed, and goes on", async () => {
    await mkdir(join(folder, "in"));
    await writeFile(join(folder, "in/a"), (await file("1.9.1")).subarray(0, 200));
    await writeFile(join(folder, "in/b"), await file("1.9.2"));
    const kinds = (await collect(archive.import([join(folder, "in")]))).map(({ outcome }) => outcome?.kind);
    expect(kinds).toEqual(["failed", "stored"]);
  });
});

describe("an export", () => {
  beforeEach(async () => {
    await storeAll(
      archive,
      instance("1.9.1", {
        PatientName: "Müller^Anna",
        StudyDate: "20240101",
        InstanceNumber: 1,
        PixelData: new Uint8Array(100_000),
      }),
      instance("1.9.2", { PatientName: "Müller^Anna", StudyDate: "20240101", InstanceNumber: 2 }),
      instance("1.9.3", { StudyInstanceUID: "../2", PatientID: "P2" }),
    );
  });

  it("has a DICOMDIR that names every file", async () => {
    const out = join(folder, "media");
    const selections = [{ studyInstanceUid: "1.2.1" }, { studyInstanceUid: "../2" }];
    expect(await archive.export(selections, out, { dicomdir: true })).toMatchObject({ instances: 3 });
    const { dataSet } = decodePart10(await readFile(join(out, "DICOMDIR")));
    const images = [...walkRecords(readDirectory(dataSet))].filter(
      (record) => record.record.type === "IMAGE",
    );
    expect(images).toHaveLength(3);
    for (const { record } of images) {
      const bytes = await readFile(join(out, ...(record.fileId ?? [])));
      expect(decodePart10(bytes).dataSet.string("SOPInstanceUID")).toBe(
        record.dataSet.string("ReferencedSOPInstanceUIDInFile"),
      );
    }
    await expect(archive.export(selections, out, { dicomdir: true })).rejects.toMatchObject({
      code: "storage-failed",
    });
  });

  it("is a readable tree without one, and can be imported again", async () => {
    const out = join(folder, "tree");
    await archive.export({ studyInstanceUid: "1.2.1" }, out);
    expect((await readdir(out, { recursive: true })).sort()).toContain("1.2.1/1.2.1.9/1.9.1.dcm");
    const again = await collect(archive.import([out]));
    expect(again.map(({ outcome }) => outcome?.kind)).toEqual(["already-held", "already-held"]);
  });
});
