/** Rules: what they match, and what of them is refused. */
import type { DicomJsonObject } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import type { RouteCondition } from "../config/routing.ts";
import { routerOf } from "./match.ts";

const attributes: DicomJsonObject = {
  "00080060": { vr: "CS", Value: ["CT"] },
  "00081030": { vr: "LO", Value: ["Chest (urgent) 1.5"] },
  "00080008": { vr: "CS", Value: ["ORIGINAL", "PRIMARY"] },
  "00100010": { vr: "PN", Value: [{ Alphabetic: "Lind^Eva" }] },
  "00200013": { vr: "IS", Value: [7] },
  "00080080": { vr: "LO" },
};

describe("a rule", () => {
  it.each<[string, RouteCondition | undefined, boolean]>([
    ["without a condition takes all", undefined, true],
    ["by modality", { modality: "CT" }, true],
    ["by another modality", { modality: "MR" }, false],
    ["by one of several", { modality: ["MR", "CT"] }, true],
    ["by sender, whatever the case", { callingAeTitle: "ct_*" }, true],
    ["by another sender", { callingAeTitle: "MR_*" }, false],
    ["all of it must be so", { modality: "CT", callingAeTitle: "MR_*" }, false],
    ["by keyword with wildcards", { attributes: { StudyDescription: "chest*" } }, true],
    ["signs mean themselves", { attributes: { StudyDescription: "Chest (urgent) 1?5" } }, true],
    ["a point is no wildcard", { attributes: { StudyDescription: "Chest .urgent. 1.5" } }, false],
    ["? is one character", { attributes: { StudyDescription: "ches?" } }, false],
    ["by tag", { attributes: { "00081030": "*URGENT*" } }, true],
    ["by any of several values", { attributes: { ImageType: "PRIMARY" } }, true],
    ["by name", { attributes: { PatientName: "LIND^*" } }, true],
    ["by number", { attributes: { InstanceNumber: "7" } }, true],
    ["a missing attribute is an empty text", { attributes: { AccessionNumber: "" } }, true],
    ["an empty one too", { attributes: { InstitutionName: "?*" } }, false],
  ])("%s", (_, when, isMatch) => {
    const route = routerOf([{ name: "r", to: "a", ...(when === undefined ? {} : { when }) }]);
    expect(route({ callingAeTitle: "CT_1", attributes })).toEqual(
      isMatch ? [{ rule: "r", destination: "a" }] : [],
    );
  });

  it("names destinations; each is taken once, for the first rule", () => {
    const route = routerOf([
      { name: "one", to: ["a", "b"] },
      { name: "two", to: ["b", "c"] },
    ]);
    expect(route({ callingAeTitle: "", attributes })).toEqual([
      { rule: "one", destination: "a" },
      { rule: "one", destination: "b" },
      { rule: "two", destination: "c" },
    ]);
  });

  it("that names no attribute is refused at the start", () => {
    expect(() => routerOf([{ name: "r", to: "a", when: { attributes: { PatientNam: "x" } } }])).toThrow(
      /"PatientNam"/,
    );
  });
});
