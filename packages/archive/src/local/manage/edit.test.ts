/** Editing and merging studies: the objects say it, the index says it, the history says what was. */
import { expect, it } from "vitest";
import { readPart10 } from "@isocenter/dicom";
import { describeOnEachDatabase } from "../../test/archives.ts";
import { bytesOf, collect, findValues, instance, storeAll } from "../../test/instances.ts";
import { LocalArchive } from "../local-archive.ts";

const actor = "dr-who";

describeOnEachDatabase("a study", (archives) => {
  it("is edited in its objects, its index and its history", async () => {
    const { archive, where } = await archives.create();
    const pixels = new Uint8Array(300_000).map((_, at) => at);
    await storeAll(
      archive,
      instance("1.9.1", { PatientName: "Wrong^Näme", SpecificCharacterSet: "ISO_IR 100", PixelData: pixels }),
      instance("1.9.2", { PatientName: "Wrong^Näme", StudyDate: "20240101" }),
    );
    await archive.protectStudy("1.2.1");
    const count = await archive.editStudy(
      "1.2.1",
      { PatientName: "Right^Name=正^名", PatientID: "P9", StudyDate: "20240202" },
      { actor },
    );
    expect(count).toBe(2);
    expect(await findValues(archive, "STUDY", { PatientName: "right*" })).toEqual(["P9"]);
    expect(await findValues(archive, "STUDY", { PatientName: "wrong*" })).toEqual([]);
    expect(await findValues(archive, "STUDY", { ModalitiesInStudy: "CT", StudyDate: "20240202" })).toEqual([
      "P9",
    ]);
    expect(await archive.counts()).toMatchObject({ patients: 1, studies: 1, series: 1, instances: 2 });
    await archive.close();

    const again = await LocalArchive.open(where);
    for await (const line of again.metadata({ studyInstanceUid: "1.2.1" })) {
      expect(line).toContain("正^名");
      expect(line).toContain("Näme");
    }
    await using object = await again.open({
      studyInstanceUid: "1.2.1",
      seriesInstanceUid: "1.2.1.9",
      sopInstanceUid: "1.9.1",
    });
    const { dataSet } = await readPart10(object);
    expect(dataSet.string("PatientName")).toBe("Right^Name=正^名");
    const [item] = dataSet.items("OriginalAttributesSequence");
    expect(item?.items("ModifiedAttributesSequence")[0]?.string("PatientName")).toBe("Wrong^Näme");
    expect(Buffer.from(dataSet.bytes("PixelData") ?? []).equals(Buffer.from(pixels))).toBe(true);
    const [entry] = await again.history({ studyInstanceUid: "1.2.1" });
    expect(entry).toMatchObject({ actor, action: "edit" });
    expect(JSON.stringify(entry?.detail["before"])).toContain("Näme");
    expect((await again.verify()).problems).toEqual([]);
    // It was protected before, and is.
    expect(await again.enforceQuota({ maximumBytes: 1 })).toEqual({ removed: [], satisfied: false });
    await again.close();
  });

  it("says what its objects say, whatever other studies of the patient say", async () => {
    const { archive } = await archives.create();
    await storeAll(
      archive,
      instance("1.9.1", { PatientName: "Old^Name" }),
      instance("1.9.2", { PatientName: "Old^Name", StudyInstanceUID: "1.2.2" }),
    );
    await archive.editStudy("1.2.1", { PatientName: "New^Name" }, { actor });
    expect(await findValues(archive, "STUDY", { PatientName: "new*" }, "PatientName")).toEqual(["New^Name"]);
    expect(await findValues(archive, "STUDY", { PatientName: "old*" }, "PatientName")).toEqual(["Old^Name"]);
    expect(await archive.counts()).toMatchObject({ patients: 1, studies: 2 });
    await archive.close();
  });

  it("takes over what comes into it while it is edited", async () => {
    const { archive } = await archives.create();
    await Promise.all(Array.from({ length: 30 }, (_, index) => archive.storeOne(instance(`1.9.${index}`))));
    const [count, outcome] = await Promise.all([
      archive.editStudy("1.2.1", { PatientName: "New^Name" }, { actor }),
      archive.storeOne(instance("1.9.99")),
    ]);
    expect(outcome.kind).toBe("stored");
    expect(count).toBeGreaterThanOrEqual(30);
    expect(await archive.counts()).toMatchObject({ studies: 1, instances: 31 });
    expect((await archive.verify()).problems).toEqual([]);
    await archive.close();
  });

  it.each([
    ["a unique key", { StudyInstanceUID: "1.2" }],
    ["a series' attribute", { SeriesDescription: "x" }],
    ["a value that is none", { StudyDate: "yesterday".repeat(100), PatientWeight: "heavy" }],
    ["nothing", {}],
  ])("is not edited by %s", async (_what, changes) => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.9.1"));
    await expect(archive.editStudy("1.2.1", changes, { actor })).rejects.toMatchObject({
      code: "edit-invalid",
    });
    await archive.close();
  });

  it("is unknown where there is none", async () => {
    const { archive } = await archives.create();
    await expect(archive.editStudy("9", { PatientName: "x" }, { actor })).rejects.toMatchObject({
      code: "study-unknown",
    });
    await expect(archive.protectStudy("9")).rejects.toMatchObject({ code: "study-unknown" });
    await archive.close();
  });

  it("is merged into another, with that one's patient", async () => {
    const { archive } = await archives.create();
    await storeAll(
      archive,
      instance("1.9.1", {
        StudyInstanceUID: "1.2.1",
        PatientID: "OLD",
        AccessionNumber: "GONE",
        Modality: "CT",
      }),
      instance("1.9.2", {
        StudyInstanceUID: "1.2.2",
        PatientID: "NEW",
        PatientName: "Into^This",
        Modality: "MR",
      }),
    );
    expect(await archive.mergeStudies({ from: "1.2.1", into: "1.2.2" }, { actor })).toBe(1);
    expect(await archive.counts()).toMatchObject({ patients: 1, studies: 1, series: 2, instances: 2 });
    expect(await findValues(archive, "STUDY", { ModalitiesInStudy: "CT" }, "PatientID")).toEqual(["NEW"]);
    const [moved] = (await collect(archive.retrieve({ studyInstanceUid: "1.2.2" }))).filter(
      ({ sopInstanceUid }) => sopInstanceUid === "1.9.1",
    );
    expect((await bytesOf(moved?.dataSet() ?? instance("1").dataSet())).toString()).toContain("Into^This");
    const [json] = await collect(
      archive.metadata({ studyInstanceUid: "1.2.2", seriesInstanceUid: "1.2.1.9" }),
    );
    expect((JSON.parse(json ?? "{}") as Record<string, unknown>)["00080050"]).toBeUndefined();
    expect((await archive.history())[0]).toMatchObject({ action: "merge", studyInstanceUid: "1.2.1" });
    await expect(archive.mergeStudies({ from: "1.2.2", into: "1.2.2" }, { actor })).rejects.toMatchObject({
      code: "edit-invalid",
    });
    expect((await archive.verify()).problems).toEqual([]);
    await archive.close();
  });
});
