import { DataSet, decodePart10, encodePart10, TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { differencesOf } from "./diff.ts";
import { canEdit, editedCopy } from "./edits.ts";
import { hexLines, matchesRow, rowsOf } from "./tree.ts";

const dataSet = DataSet.of({
  SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
  SOPInstanceUID: "1.2.3",
  PatientName: "Doe^Jane",
  SeriesDescription: "Before",
  ReferencedImageSequence: [{ ReferencedSOPInstanceUID: "1.2.3.4" }],
}).withPrivate("ACME 1", 0x0009, 0x01, "LO", "secret sauce");

describe("the tree of attributes", () => {
  it("opens items where it is asked to, and names private blocks", () => {
    const closed = rowsOf(dataSet, () => false);
    const open = rowsOf(dataSet, () => true);
    expect(open.length - closed.length).toBe(2);
    expect(open.find(({ path }) => path === "00081140/0/00081155")?.value).toBe("1.2.3.4");
    expect(closed.find(({ tag }) => tag === "(0009,1001)")?.creator).toBe("ACME 1");
  });
  it("finds by name, by tag in any spelling, and by value", () => {
    const row = rowsOf(dataSet, () => false).find(({ name }) => name === "PatientName");
    if (row === undefined) throw new Error("no row");
    for (const words of ["patientn", "0010,0010", "(0010,0010)", "00100010", "jane"])
      expect(matchesRow(row, words)).toBe(true);
    expect(matchesRow(row, "john")).toBe(false);
  });
  it("shows bytes in lines of sixteen", () => {
    const [first, second] = hexLines(new TextEncoder().encode("DICM, then more of it"));
    expect(first).toContain("44 49 43 4d");
    expect(first).toContain("DICM, then more ");
    expect(second?.startsWith("00000010")).toBe(true);
  });
});

describe("differences", () => {
  it("are told by path: added, removed, changed", () => {
    const other = dataSet.with("PatientName", "Roe^Jane").without("SeriesDescription").with("StudyID", "1");
    expect(Object.fromEntries(differencesOf(dataSet, other))).toEqual({
      "00100010": "changed",
      "0008103E": "added",
      "00200010": "removed",
    });
  });
});

describe("an edited copy", () => {
  it("has the new values, a UID of its own, and all the rest", () => {
    const file = decodePart10(
      encodePart10({ dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian }),
    );
    const { uid, bytes } = editedCopy(file, new Map([["0008103E", "After"]]));
    const copy = decodePart10(bytes);
    expect(copy.dataSet.string("SeriesDescription")).toBe("After");
    expect(copy.dataSet.string("SOPInstanceUID")).toBe(uid);
    expect(copy.meta.string("MediaStorageSOPInstanceUID")).toBe(uid);
    expect(uid).not.toBe("1.2.3");
    expect(copy.dataSet.string("PatientName")).toBe("Doe^Jane");
  });
  it("leaves alone what is not for typing", () => {
    expect(canEdit("00080018", "UI")).toBe(false);
    expect(canEdit("7FE00010", "OW")).toBe(false);
    expect(canEdit("00081140/0/00081155", "UI")).toBe(false);
    expect(canEdit("0008103E", "LO")).toBe(true);
  });
});
