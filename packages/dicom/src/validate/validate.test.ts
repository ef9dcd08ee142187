/** Validation: one rule at a time, and the demo's images as they are. */
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { bytesElement, valuesElement } from "../data-set/element.ts";
import type { Vr } from "../vr.ts";
import { validate } from "./validate.ts";
import { fitsMultiplicity, valueProblem } from "./values.ts";

describe("values", () => {
  it.each<[Vr, string, boolean]>([
    ["AE", "SEVENTEEN-LETTERS", false],
    ["AE", "PACS 1", true],
    ["AS", "034Y", true],
    ["AS", "34Y", false],
    ["CS", "lower", false],
    ["CS", "ORIGINAL_1", true],
    ["DA", "20240229", true],
    ["DA", "20230229", false],
    ["DA", "2024.02.29", false],
    ["DS", "-1.5E+10", true],
    ["DS", "1,5", false],
    ["DS", "12345678901234567", false],
    ["DT", "20240229101112.123456+0100", true],
    ["DT", "2024", true],
    ["DT", "20241301", false],
    ["IS", "2147483647", true],
    ["IS", "99999999999", false],
    ["LO", "x".repeat(65), false],
    ["PN", "A^B^C^D^E^F", false],
    ["PN", "A=B=C", true],
    ["SH", "x".repeat(17), false],
    ["TM", "235959.999999", true],
    ["TM", "2460", false],
    ["UI", "1.2.840", true],
    ["UI", "1.02.3", false],
    ["UI", "1..2", false],
    ["LT", "two\r\nlines", true],
    ["LO", "two\nlines", false],
  ])("%s %j is valid: %s", (vr, value, isValid) => {
    expect(valueProblem(vr, value) === undefined).toBe(isValid);
  });

  it.each([
    [1, "1", true],
    [2, "1", false],
    [4, "2-2n", true],
    [3, "2-2n", false],
    [3, "1-3", true],
    [4, "1-3", false],
    [7, "1-n", true],
    [6, "3-3n", true],
    [8, "1-8", true],
  ])("%i values fit %s: %s", (count, vm, fits) => {
    expect(fitsMultiplicity(count, vm)).toBe(fits);
  });
});

describe("data sets", () => {
  const codes = (dataSet: DataSet): string[] =>
    validate(dataSet).map(({ path, code }) => `${path} ${code}`.trim());

  it("are reported by path, in sequences too", () => {
    const dataSet = DataSet.of({ ReferencedStudySequence: [{ ReferencedSOPInstanceUID: "1..2" }] });
    expect(codes(dataSet)).toContain("00081110/0/00081155 value-invalid");
  });

  it("with other VRs, counts, lengths and character sets than they may have", () => {
    const dataSet = DataSet.fromElements([
      valuesElement(0x00080005, "CS", ["ISO_IR 999"]),
      valuesElement(0x00100020, "SH", ["A"]),
      valuesElement(0x00280010, "US", [1, 2]),
      bytesElement(0x00104000, "LT", Uint8Array.of(0x41, 0x41, 0x41)),
      valuesElement(0x00091001, "LO", ["x"]),
      bytesElement(0x00081030, "LO", Uint8Array.of(0xe4, 0x20)),
    ]);
    expect(codes(dataSet)).toEqual(
      expect.arrayContaining([
        "00080005 character-set-unknown",
        "00100020 vr-unexpected",
        "00280010 multiplicity-invalid",
        "00104000 length-odd",
        "00091001 private-creator-missing",
        "00081030 text-undecodable",
      ]),
    );
  });

  it("lacking what their IOD's mandatory modules need", () => {
    const messages = validate(
      DataSet.of({
        SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
        SOPInstanceUID: "1.2",
        PatientName: "",
        Rows: null,
      }),
    ).map(({ message }) => message);
    expect(messages).toContain("PatientID of the module Patient is missing.");
    expect(messages).toContain("Rows of the module Image Pixel has no value.");
    expect(messages).toContain("RescaleSlope of the module CT Image is missing.");
    expect(messages.join()).not.toContain("PatientName of");
  });

  it("never tell the values", () => {
    const dataSet = DataSet.of({ PatientID: `SECRET${"x".repeat(80)}`, StudyDate: "SECRET" });
    expect(JSON.stringify(validate(dataSet))).not.toContain("SECRET");
  });
});
