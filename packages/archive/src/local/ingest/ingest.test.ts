/** Taking instances in: visible at once, whole on disk, duplicates by policy, and many at once. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataSet, encodeDataSet } from "@isocenter/dicom";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { InstanceStream } from "../../image-source.ts";
import { describeOnEachDatabase } from "../../test/archives.ts";
import { bytesOf, collect, ctImage, findValues, instance, storeAll, syntax } from "../../test/instances.ts";
import type { LocalArchive } from "../local-archive.ts";

describeOnEachDatabase("storing", (archives) => {
  let archive: LocalArchive;
  beforeEach(async () => {
    ({ archive } = await archives.create());
  });
  afterEach(() => archive.close());

  /** Files on their way in that hold something; empty ones are made in stock. */
  const incoming = async (): Promise<string[]> => {
    await archive.settle();
    const folder = join(archive.folder, "incoming");
    const names = await readdir(folder);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
    return names.filter((_, index) => sizes[index] !== 0);
  };
  const objects = async (): Promise<string[]> => {
    await archive.settle();
    const names = await readdir(join(archive.folder, "objects"), { recursive: true });
    return names.filter((name) => name.endsWith(".dcm")).sort();
  };

  it("is visible to the next query, and whole on disk", async () => {
    await storeAll(archive, instance("1.2.3.4"));
    expect(await findValues(archive, "STUDY")).toEqual(["P1"]);
    expect(await objects()).toEqual(["1.2.1/1.2.1.9/1.2.3.4.dcm"]);
    const file = await readFile(join(archive.folder, "objects/1.2.1/1.2.1.9/1.2.3.4.dcm"));
    expect(file.subarray(128, 132).toString()).toBe("DICM");
    expect(await incoming()).toEqual([]);
  });

  it.each([0, 40_000, 200_000, 3_000_000])("gives back %i bytes of pixels as they came", async (length) => {
    const original = instance("1.2.3.4", { PixelData: new Uint8Array(length).map((_, at) => at * 7) });
    await storeAll(archive, { ...original, dataSet: () => inPieces(original, 9_973) });
    const [one] = await collect(archive.retrieve({ studyInstanceUid: "1.2.1" }));
    expect(one).toMatchObject({ sopInstanceUid: "1.2.3.4", transferSyntaxUid: syntax });
    const bytes = await bytesOf(one?.dataSet() ?? original.dataSet());
    expect(bytes.equals(await bytesOf(original.dataSet()))).toBe(true);
    expect(one?.size).toBe(bytes.byteLength);
    expect(await incoming()).toEqual([]);
  });

  it("takes the same again as already held, and quarantines another content with a warning", async () => {
    const [first, same, other] = await storeAll(
      archive,
      instance("1.2.3.4"),
      instance("1.2.3.4"),
      instance("1.2.3.4", { PatientID: "OTHER" }),
    );
    expect(first).toMatchObject({ kind: "stored", status: 0 });
    expect(same).toMatchObject({ kind: "already-held", status: 0 });
    expect(other?.kind).toBe("quarantined");
    expect((other?.status ?? 0) >>> 12).toBe(0xb);
    expect(other?.reason).not.toContain("OTHER");
    expect(await findValues(archive, "STUDY")).toEqual(["P1"]);
    expect(await incoming()).toEqual([]);
  });

  it("fails what cannot be read or named, and goes on", async () => {
    const bytes = encodeDataSet(
      DataSet.of({ SOPClassUID: ctImage, SOPInstanceUID: "1.2.3.5", PatientID: "X" }),
      syntax,
    );
    const cut: InstanceStream = { ...instance("1.2.3.5"), dataSet: () => pieces(bytes.subarray(0, 40)) };
    const unnamed: InstanceStream = { ...instance("1.2.3.5"), dataSet: () => pieces(bytes) };
    const [one, two, stored] = await storeAll(archive, cut, unnamed, instance("1.2.3.6"));
    expect(one).toMatchObject({ kind: "failed", status: 0xc000 });
    expect(two).toMatchObject({ kind: "failed", status: 0xc000 });
    expect(two?.reason).toContain("StudyInstanceUID");
    expect(stored?.kind).toBe("stored");
    expect(await incoming()).toEqual([]);
  });

  it("leaves nothing of a sender that breaks off, large or small", async () => {
    for (const length of [10, 3_000_000]) {
      const original = instance("1.2.3.4", { PixelData: new Uint8Array(length) });
      const broken: InstanceStream = {
        ...original,
        dataSet: async function* () {
          for await (const chunk of original.dataSet()) yield chunk.subarray(0, chunk.byteLength - 2);
          throw new Error("the sender is gone");
        },
      };
      expect(await archive.storeOne(broken)).toMatchObject({ kind: "failed" });
    }
    expect(await findValues(archive, "STUDY")).toEqual([]);
    expect(await incoming()).toEqual([]);
    expect(await objects()).toEqual([]);
  });

  it.each(["../../etc/passwd", "..", "a/b", "1.2\0.3", "x".repeat(300)])(
    "keeps the UID %j from becoming a path",
    async (uid) => {
      const [outcome] = await storeAll(
        archive,
        instance("1.2.3.7", { StudyInstanceUID: uid, SeriesInstanceUID: uid }),
      );
      expect(outcome?.kind).toBe("stored");
      expect(await objects()).toEqual([
        expect.stringMatching(/^uid-[0-9a-f]{40}\/uid-[0-9a-f]{40}\/1\.2\.3\.7\.dcm$/),
      ]);
      expect(await collect(archive.retrieve({ studyInstanceUid: uid }))).toHaveLength(1);
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

  it("counts many at once right, in one study and in many", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        archive.storeOne(
          instance(`1.4.${index}`, {
            StudyInstanceUID: `1.2.${index % 3}`,
            SeriesInstanceUID: `1.2.${index % 3}.${index % 2}`,
            PatientID: `P${index % 2}`,
            Modality: index % 2 === 0 ? "CT" : "MR",
          }),
        ),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind !== "stored")).toEqual([]);
    const { bytes, ...counts } = await archive.counts();
    expect(counts).toMatchObject({ studies: 3, series: 6, instances: 120 });
    expect(bytes).toBeGreaterThan(120 * 300);
    expect(
      await findValues(archive, "STUDY", { NumberOfStudyRelatedInstances: 40 }, "StudyInstanceUID"),
    ).toEqual(["1.2.0", "1.2.1", "1.2.2"]);
    expect(await findValues(archive, "STUDY", { ModalitiesInStudy: "MR" })).toHaveLength(3);
  });

  it("files one Series Instance UID in two studies as a series of each", async () => {
    await storeAll(
      archive,
      instance("1.5.1", { StudyInstanceUID: "1.2.1", SeriesInstanceUID: "1.2.9" }),
      instance("1.5.2", { StudyInstanceUID: "1.2.2", SeriesInstanceUID: "1.2.9" }),
    );
    expect(await findValues(archive, "IMAGE", { StudyInstanceUID: "1.2.2" }, "SOPInstanceUID")).toEqual([
      "1.5.2",
    ]);
    expect(await collect(archive.retrieve({ studyInstanceUid: "1.2.1" }))).toHaveLength(1);
  });
});

for (const policy of ["reject", "replace"] as const) {
  describeOnEachDatabase(`with the policy ${policy}`, (archives) => {
    it("treats another content under a known UID so", async () => {
      const { archive } = await archives.create({ duplicates: policy });
      await storeAll(archive, instance("1.2.3.4"), instance("1.2.3.5"));
      const [outcome] = await storeAll(
        archive,
        instance("1.2.3.4", {
          PatientID: "P2",
          StudyInstanceUID: "1.2.2",
          PixelData: new Uint8Array(100_000),
        }),
      );
      const studies = await findValues(archive, "STUDY", {}, "StudyInstanceUID");
      const expected = {
        reject: { outcome: { kind: "failed", status: 0x0111 }, studies: ["1.2.1"], instances: 2 },
        replace: { outcome: { kind: "stored", status: 0xb000 }, studies: ["1.2.1", "1.2.2"], instances: 2 },
      }[policy];
      expect(outcome).toMatchObject(expected.outcome);
      expect(studies).toEqual(expected.studies);
      expect(await archive.counts()).toMatchObject({ instances: expected.instances });
      for (const study of studies)
        for await (const one of archive.retrieve({ studyInstanceUid: study }))
          expect((await bytesOf(one.dataSet())).byteLength).toBe(one.size);
      await archive.close();
    });
  });
}

async function* pieces(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* inPieces(one: InstanceStream, length: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of one.dataSet())
    for (let at = 0; at < chunk.byteLength; at += length) yield chunk.subarray(at, at + length);
}
