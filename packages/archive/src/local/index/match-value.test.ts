/** Matching on DICOM JSON, for keys that have no column. */
import { DataSet, type DataSetInit, toDicomJson } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { isUniversal, valueTest } from "./match-value.ts";

function matches(stored: DataSetInit, key: DataSetInit): boolean {
  const keys = DataSet.of(key);
  const json = toDicomJson(DataSet.of(stored));
  return [...keys].every((element) => isUniversal(keys, element) || valueTest(keys, element)(json));
}

describe("a key on stored attributes", () => {
  it.each<[DataSetInit, DataSetInit, boolean]>([
    [{ ContentDate: "20240115" }, { ContentDate: "20240101-20240131" }, true],
    [{ ContentDate: "20240201" }, { ContentDate: "20240101-20240131" }, false],
    [{ ContentDate: "" }, { ContentDate: "-20240131" }, false],
    [{ ContentTime: "101530.5" }, { ContentTime: "10-11" }, true],
    [{ ContentTime: "1115" }, { ContentTime: "10-1114" }, false],
    [{ AcquisitionDateTime: "20240115101010" }, { AcquisitionDateTime: "20240115" }, true],
    [{ AcquisitionDateTime: "20240115101010.5+0100" }, { AcquisitionDateTime: "2024-2025" }, true],
    [{ AcquisitionDateTime: "20230115" }, { AcquisitionDateTime: "20240101-" }, false],
    [{ AcquisitionDateTime: "20240115" }, { AcquisitionDateTime: "20240101+0100-20240131+0100" }, true],
    [{ OperatorsName: "Größ^Eva" }, { OperatorsName: "gros*" }, true],
    [{ OperatorsName: "A^B=山田^太郎" }, { OperatorsName: "山田*" }, true],
    [{ OperatorsName: ["X^Y", "A^B"] }, { OperatorsName: "a^b" }, true],
    [{ ProtocolName: "Thorax Routine" }, { ProtocolName: "*ROUTINE" }, true],
    [{ ImageType: ["ORIGINAL", "PRIMARY"] }, { ImageType: "PRIMARY" }, true],
    [{ ImageType: ["ORIGINAL", "PRIMARY"] }, { ImageType: "primary" }, false],
    [{ ImageType: ["ORIGINAL"] }, { ImageType: "?RIG*" }, true],
    [{ FrameOfReferenceUID: "1.2.3" }, { FrameOfReferenceUID: ["1.2.4", "1.2.3"] }, true],
    [{ FrameOfReferenceUID: "1.2.3" }, { FrameOfReferenceUID: "1.2.*" }, false],
    [{ InstanceNumber: "05" }, { InstanceNumber: 5 }, true],
    [{ SliceThickness: "1.50" }, { SliceThickness: "1.50" }, true],
    [{}, { ProtocolName: "x" }, false],
    [{}, { ProtocolName: "" }, true],
    [{}, { ProtocolName: "**" }, true],
  ])("%j against %j: %s", (stored, key, expected) => {
    expect(matches(stored, key)).toBe(expected);
  });

  it("of a sequence matches when one item matches all of it, at any depth", () => {
    const stored = {
      RequestAttributesSequence: [
        { RequestedProcedureID: "1", ScheduledProtocolCodeSequence: [{ CodeValue: "A" }] },
        { RequestedProcedureID: "2", ScheduledProtocolCodeSequence: [{ CodeValue: "B" }] },
      ],
    };
    const key = (id: string, code: string): DataSetInit => ({
      RequestAttributesSequence: [
        { RequestedProcedureID: id, ScheduledProtocolCodeSequence: [{ CodeValue: code }] },
      ],
    });
    expect(matches(stored, key("2", "B"))).toBe(true);
    expect(matches(stored, key("2", "A"))).toBe(false);
    expect(matches(stored, key("", "A"))).toBe(true);
    expect(matches(stored, key("", ""))).toBe(true);
    expect(matches({}, key("", ""))).toBe(true);
    expect(matches({}, key("1", ""))).toBe(false);
  });
});
