/** From keys to what C-GET and C-MOVE take. */
import { DataSet } from "@isocenter/dicom";
import { associateOver, serveAssociation, StudyRootFind } from "@isocenter/network";
import { memoryPair } from "@isocenter/network/memory";
import { describe, expect, it } from "vitest";
import { plainContext } from "./find-matches.ts";
import { identifierOf, type Selection, Wanted } from "./selection.ts";

const wanted = (keys: Record<string, string | readonly string[]>, model?: "patient" | "study") =>
  new Wanted(model, undefined, DataSet.of(keys));

describe("unique keys are taken as they are", () => {
  it.each([
    [{ StudyInstanceUID: "1.2" }, "STUDY"],
    [{ StudyInstanceUID: ["1.2", "1.3"] }, "STUDY"],
    [{ PatientID: "4711", StudyInstanceUID: "1.2" }, "STUDY"],
    [{ StudyInstanceUID: "1.2", SeriesInstanceUID: "1.2.3" }, "SERIES"],
    [{ StudyInstanceUID: "1.2", SeriesInstanceUID: "1.2.3", SOPInstanceUID: "1.2.3.4" }, "IMAGE"],
  ])("%j", (keys, level) => {
    const { direct } = wanted(keys);
    expect(direct?.level).toBe(level);
    const identifier = identifierOf(direct as Selection);
    expect(identifier.string("QueryRetrieveLevel")).toBe(level);
    // In the Study Root model the patient is no unique key.
    expect(identifier.has("PatientID")).toBe(false);
  });

  it("a patient's in the Patient Root model", () => {
    expect(wanted({ PatientID: "4711" }, "patient").direct).toEqual({
      level: "PATIENT",
      uniqueKeys: { PatientID: ["4711"] },
    });
  });
});

describe("everything else is asked for first", () => {
  it.each([
    [{ PatientID: "4711" }, "STUDY"],
    [{ StudyDate: "20260101" }, "STUDY"],
    [{ PatientID: "4711", Modality: "CT" }, "SERIES"],
    [{ SeriesInstanceUID: "1.2.3" }, "SERIES"],
    [{ StudyInstanceUID: "1.*" }, "STUDY"],
    [{ StudyInstanceUID: "1.2", InstanceNumber: "1" }, "IMAGE"],
  ])("%j", (keys, level) => {
    const one = wanted(keys);
    expect(one.direct).toBeUndefined();
    expect(one.level).toBe(level);
  });

  it("nothing at all is refused", () => {
    expect(() => wanted({ PatientName: "" })).toThrow(/Say what to retrieve/);
  });

  it("a modality becomes the series that have it, level by level", async () => {
    const asked: [string, string[]][] = [];
    const [ours, theirs] = memoryPair();
    serveAssociation(theirs, {
      services: {
        query: {
          models: [StudyRootFind],
          async *onFind(identifier) {
            await Promise.resolve();
            const level = identifier.string("QueryRetrieveLevel") ?? "";
            asked.push([
              level,
              [...identifier]
                .filter(({ tag }) => identifier.string(tag) !== undefined)
                .map(({ tag }) => tag.toString(16)),
            ]);
            if (level === "STUDY") yield DataSet.of({ PatientID: "4711", StudyInstanceUID: "1.2" });
            else for (const uid of ["1.2.3", "1.2.4"]) yield DataSet.of({ SeriesInstanceUID: uid });
          },
        },
      },
    });
    const contexts = [plainContext(StudyRootFind.sopClassUid)];
    const association = await associateOver(ours, { callingAeTitle: "US", calledAeTitle: "THEM", contexts });
    const found: Selection[] = [];
    const never = new AbortController().signal;
    for await (const one of wanted({ PatientID: "4711", Modality: "CT" }).resolve(association, never))
      found.push(one);
    await association.release();
    expect(found).toEqual([
      { level: "SERIES", uniqueKeys: { StudyInstanceUID: ["1.2"], SeriesInstanceUID: ["1.2.3"] } },
      { level: "SERIES", uniqueKeys: { StudyInstanceUID: ["1.2"], SeriesInstanceUID: ["1.2.4"] } },
    ]);
    // The modality is asked of the series alone, the patient of the study alone.
    expect(asked).toEqual([
      ["STUDY", ["80052", "100020"]],
      ["SERIES", ["80052", "80060", "20000d"]],
    ]);
  });
});
