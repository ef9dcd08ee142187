import { describe, expect, it } from "vitest";
import { sliceJson, stackJson } from "../../test/slices.ts";
import { displaySetsOf } from "./display-sets.ts";

describe("display sets", () => {
  it("hang axial stacks head first, and know a volume", () => {
    const [set, ...others] = displaySetsOf(stackJson(20), "/dicom-web");
    expect(others).toEqual([]);
    expect(set?.id).toBe("1.2.3.0");
    expect(set?.frames.map(({ plane }) => plane?.position[2]).slice(0, 2)).toEqual([38, 36]);
    expect(set?.isVolume).toBe(true);
    expect(set?.frames[0]?.url).toBe("/dicom-web/studies/1.2.3/series/1.2.3.0/instances/1.2.3.1.19/frames/1");
  });
  it("are no volume with a slice missing, a tilted gantry, or several frames of reference", () => {
    const missing = stackJson(20).filter((_, index) => index !== 7);
    expect(displaySetsOf(missing, "")[0]?.isVolume).toBe(false);
    const tilted = Array.from({ length: 20 }, (_, index) =>
      sliceJson({ sop: `1.${index}`, position: [0, index, index * 2] }),
    );
    expect(displaySetsOf(tilted, "")[0]?.isVolume).toBe(false);
    const mixed = stackJson(20).map((one, index) =>
      index === 3 ? sliceJson({ sop: "1.9", position: [0, 0, 6], frameOfReference: "9.9" }) : one,
    );
    expect(displaySetsOf(mixed, "")[0]?.isVolume).toBe(false);
  });
  it("keep the machine's numbers where slices are not parallel", () => {
    const sagittal = sliceJson({ sop: "1.2", orientation: [0, 1, 0, 0, 0, -1], number: 2 });
    const [set] = displaySetsOf([sagittal, sliceJson({ sop: "1.1", number: 1 })], "");
    expect(set?.frames.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(["1.1", "1.2"]);
  });
  it("set apart what cannot stand in one stack", () => {
    const large = sliceJson({ sop: "2.1", rows: 128 });
    const cine = sliceJson({ sop: "3.1", frames: 30, sopClass: "1.2.840.10008.5.1.4.1.1.3.1" });
    const report = sliceJson({ sop: "4.1", sopClass: "1.2.840.10008.5.1.4.1.1.88.11" });
    const sets = displaySetsOf([...stackJson(3), large, cine, report], "");
    expect(sets.map(({ kind, frames, isCine }) => [kind, frames.length, isCine])).toEqual([
      ["images", 3, false],
      ["images", 1, false],
      ["images", 30, true],
      ["report", 0, false],
    ]);
    expect(new Set(sets.map(({ id }) => id)).size).toBe(4);
  });
});
