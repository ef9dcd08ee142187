/** The archive on a real folder: matching by PS3.4 C.2.2.2, duplicates, and an index that can be made again. */
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet, type DataSetInit, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InstanceStream, QueryLevel, StoreOutcome } from "../image-source.ts";
import { LocalArchive } from "./local-archive.ts";

const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const syntax = TransferSyntax.ExplicitVRLittleEndian;
let folder: string;
let archive: LocalArchive;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
  archive = await LocalArchive.open(folder);
});
afterEach(async () => {
  await archive.close();
  await rm(folder, { recursive: true });
});

function instance(uid: string, init: DataSetInit = {}): InstanceStream {
  const dataSet = DataSet.of({
    SpecificCharacterSet: "ISO_IR 192",
    SOPClassUID: ctImage,
    SOPInstanceUID: uid,
    StudyInstanceUID: "1.2.1",
    SeriesInstanceUID: `${String((init as { StudyInstanceUID?: string }).StudyInstanceUID ?? "1.2.1")}.9`,
    PatientID: "P1",
    Modality: "CT",
    ...init,
  });
  return {
    sopClassUid: ctImage,
    sopInstanceUid: uid,
    transferSyntaxUid: syntax,
    dataSet: async function* () {
      yield encodeDataSet(dataSet, syntax);
    },
  };
}

async function store(...instances: InstanceStream[]): Promise<StoreOutcome[]> {
  const outcomes: StoreOutcome[] = [];
  for await (const outcome of archive.store(instances)) outcomes.push(outcome);
  return outcomes;
}

/** Files on their way in that hold something; empty ones are made in stock. */
async function incoming(): Promise<string[]> {
  await archive.settle();
  const names = await readdir(join(folder, "incoming"));
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, "incoming", name))).size),
  );
  return names.filter((_, index) => sizes[index] !== 0);
}

async function find(level: QueryLevel, keys: DataSetInit, want = "PatientID"): Promise<string[]> {
  const found: string[] = [];
  for await (const match of archive.find({ level, keys: DataSet.of({ [want]: "", ...keys }) }))
    found.push(match.string(want) ?? "");
  return found.sort();
}

describe("matching", () => {
  beforeEach(async () => {
    const patients = [
      {
        PatientID: "a1",
        PatientName: "Müller^Anna",
        StudyDate: "20240101",
        StudyTime: "0830",
        Modality: "CT",
      },
      {
        PatientID: "A2",
        PatientName: "Mueller^Bo",
        StudyDate: "20240131",
        StudyTime: "120000",
        Modality: "MR",
      },
      {
        PatientID: "A_3",
        PatientName: "Yamada^Tarou=山田^太郎=やまだ^たろう",
        StudyDate: "20240215",
        StudyTime: "2359",
        Modality: "MR",
      },
      { PatientID: "A%4", PatientName: "", StudyDate: "", Modality: "US" },
    ];
    const outcomes = await store(
      ...patients.map((patient, index) =>
        instance(`1.2.${index}.1.1`, { ...patient, StudyInstanceUID: `1.2.${index + 100}` }),
      ),
    );
    expect(outcomes.every(({ kind }) => kind === "stored")).toBe(true);
  });

  it.each<[string, DataSetInit, string[]]>([
    ["everything, without a key", {}, ["A%4", "A2", "A_3", "a1"]],
    ["a single value, with its case", { PatientID: "a1" }, ["a1"]],
    ["no other case of an ID", { PatientID: "A1" }, []],
    ["a wildcard in an ID, with its case", { PatientID: "*1" }, ["a1"]],
    ["no other case with wildcards", { PatientID: "?1*" }, ["a1"]],
    ["a prefix of an ID, with its case", { PatientID: "A*" }, ["A%4", "A2", "A_3"]],
    ["an underscore as itself", { PatientID: "?_3" }, ["A_3"]],
    ["a percent sign as itself", { PatientID: "A%*" }, ["A%4"]],
    ["a name by prefix, case and accents folded", { PatientName: "mul*" }, ["a1"]],
    ["a name by ?", { PatientName: "M?ller*" }, ["a1"]],
    ["a name by its ideographic group", { PatientName: "山田*" }, ["A_3"]],
    ["a name by its phonetic group", { PatientName: "やまだ^たろう" }, ["A_3"]],
    ["only * as everything", { PatientName: "*" }, ["A%4", "A2", "A_3", "a1"]],
    ["a range of dates, both ends within", { StudyDate: "20240101-20240131" }, ["A2", "a1"]],
    ["dates from", { StudyDate: "20240131-" }, ["A2", "A_3"]],
    ["dates until, without those that have none", { StudyDate: "-20240131" }, ["A2", "a1"]],
    ["a range of times", { StudyTime: "0800-1200" }, ["A2", "a1"]],
    ["a list of UIDs", { StudyInstanceUID: ["1.2.100", "1.2.103"] }, ["A%4", "a1"]],
    ["modalities in study", { ModalitiesInStudy: "MR" }, ["A2", "A_3"]],
  ])("finds %s", async (_what, keys, ids) => {
    expect(await find("STUDY", keys)).toEqual(ids.toSorted());
  });

  it("answers hostile wildcards soon", async () => {
    const start = performance.now();
    expect(await find("STUDY", { PatientName: `${"*a".repeat(30)}b` })).toEqual([]);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("asks each level below the one above", async () => {
    expect(await find("SERIES", { StudyInstanceUID: "1.2.101" }, "SeriesInstanceUID")).toEqual(["1.2.101.9"]);
    expect(
      await find("IMAGE", { StudyInstanceUID: "1.2.101", SeriesInstanceUID: "1.2.101.9" }, "SOPInstanceUID"),
    ).toEqual(["1.2.1.1.1"]);
    expect(await find("PATIENT", { PatientID: "A2" })).toEqual(["A2"]);
  });
});

describe("storing", () => {
  it("is visible to the next query, and whole on disk", async () => {
    await store(instance("1.2.3.4"));
    expect(await find("STUDY", {})).toEqual(["P1"]);
    await archive.settle();
    const [file] = (await readdir(join(folder, "objects"), { recursive: true })).filter((name) =>
      name.endsWith(".dcm"),
    );
    expect(file).toBe("1.2.1/1.2.1.9/1.2.3.4.dcm");
    expect((await readFile(join(folder, "objects", file ?? ""))).subarray(128, 132).toString()).toBe("DICM");
    expect(await incoming()).toEqual([]);
  });

  it("takes the same again as already held, and quarantines another content with a warning", async () => {
    const [first, same, other] = await store(
      instance("1.2.3.4"),
      instance("1.2.3.4"),
      instance("1.2.3.4", { PatientID: "OTHER" }),
    );
    expect(first).toMatchObject({ kind: "stored", status: 0 });
    expect(same).toMatchObject({ kind: "already-held", status: 0 });
    expect(other?.kind).toBe("quarantined");
    expect((other?.status ?? 0) >>> 12).toBe(0xb);
    expect(other?.reason).not.toContain("OTHER");
    expect(await find("STUDY", {})).toEqual(["P1"]);
    expect((await readdir(join(folder, "quarantine"))).length).toBeGreaterThan(0);
  });

  it("fails what cannot be read or named, and goes on", async () => {
    const broken: InstanceStream = {
      ...instance("1.2.3.5"),
      dataSet: async function* () {
        yield encodeDataSet(
          DataSet.of({ SOPClassUID: ctImage, SOPInstanceUID: "1.2.3.5", PatientID: "X" }),
          syntax,
        ).subarray(0, 40);
      },
    };
    const [failed, stored] = await store(broken, instance("1.2.3.6"));
    expect(failed?.kind).toBe("failed");
    expect(failed?.status).not.toBe(0);
    expect(stored?.kind).toBe("stored");
    expect(await incoming()).toEqual([]);
  });

  it.each(["../../etc/passwd", "..", "a/b", "1.2\0.3", "x".repeat(300)])(
    "keeps the UID %j from becoming a path",
    async (uid) => {
      const [outcome] = await store(instance("1.2.3.7", { StudyInstanceUID: uid, SeriesInstanceUID: uid }));
      expect(outcome?.kind).toBe("stored");
      await archive.settle();
      const files = await readdir(join(folder, "objects"), { recursive: true });
      expect(files.filter((name) => name.endsWith(".dcm"))).toEqual([
        expect.stringMatching(/^uid-[0-9a-f]{40}\/uid-[0-9a-f]{40}\/1\.2\.3\.7\.dcm$/),
      ]);
    },
  );

  it("of many at once with one UID keeps exactly one", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        archive.storeOne(instance("1.2.3.8", { PatientID: `P${index}` })),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "quarantined")).toHaveLength(7);
  });
});

describe("the index", () => {
  it("is made again from the objects when it is lost", async () => {
    await store(instance("1.2.3.4"), instance("1.2.3.5", { StudyInstanceUID: "1.2.2", PatientID: "P2" }));
    const before = await find("STUDY", {});
    await archive.close();
    for (const name of await readdir(folder))
      if (name.startsWith("index.sqlite")) await rm(join(folder, name));
    archive = await LocalArchive.open(folder);
    expect(archive.repaired?.added).toBe(2);
    expect(await find("STUDY", {})).toEqual(before);
  });

  it("is made again when asked to", async () => {
    await store(instance("1.2.3.4"));
    expect((await archive.rebuildIndex()).added).toBe(1);
    expect(await find("STUDY", {})).toEqual(["P1"]);
  });

  it("belongs to one server at a time", async () => {
    await expect(LocalArchive.open(folder)).rejects.toMatchObject({ code: "data-folder-in-use" });
  });

  it("gives back what was stored, as streams", async () => {
    await store(instance("1.2.3.4"));
    const got: InstanceStream[] = [];
    for await (const one of archive.retrieve({ studyInstanceUid: "1.2.1" })) {
      got.push(one);
      const chunks: Uint8Array[] = [];
      for await (const chunk of one.dataSet()) chunks.push(chunk);
      const original: Uint8Array[] = [];
      for await (const chunk of instance("1.2.3.4").dataSet()) original.push(chunk);
      expect(Buffer.concat(chunks).equals(Buffer.concat(original))).toBe(true);
    }
    expect(got).toMatchObject([{ sopInstanceUid: "1.2.3.4", transferSyntaxUid: syntax }]);
  });
});
