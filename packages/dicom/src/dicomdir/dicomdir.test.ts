/** DICOMDIRs: the fixtures' records, hostile ones, and what we write. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { decodePart10 } from "../part10/part10.ts";
import { type DirectoryRecord, readDirectory, walkRecords } from "./read.ts";
import { recordTypeOf } from "./record-types.ts";
import { encodeDirectory } from "./write.ts";

const root = fileURLToPath(new URL("../../../../fixtures/", import.meta.url));
const read = (path: string): DirectoryRecord[] =>
  readDirectory(decodePart10(readFileSync(join(root, path))).dataSet);

const keyOf = ({ type, dataSet }: DirectoryRecord): string =>
  dataSet.string(
    { PATIENT: "PatientID", STUDY: "StudyInstanceUID", SERIES: "SeriesInstanceUID" }[type] ??
      "ReferencedSOPInstanceUIDInFile",
  ) ?? "";

const lines = (records: readonly DirectoryRecord[]): string[] =>
  [...walkRecords(records)].map(({ record, depth }) =>
    [depth, record.type, keyOf(record), record.fileId?.join("\\") ?? ""].join("\t"),
  );

describe("reading", () => {
  const folder = "fileset/dicomdirtests";
  it.each(["DICOMDIR", "DICOMDIR-reordered"])("%s gives the oracle's records in their order", (name) => {
    const oracle = readFileSync(join(root, folder, `${name}.records.tsv`), "utf8")
      .trimEnd()
      .split("\n")
      .slice(1);
    expect(lines(read(join(folder, name)))).toEqual(
      oracle
        .map((line) => line.trimEnd())
        .map((line, index) => (oracle[index]?.endsWith("\t") === true ? `${line}\t` : line)),
    );
  });

  it.each(
    readdirSync(join(root, "malformed")).filter((name) => name.startsWith("DICOMDIR") && !name.includes(".")),
  )("malformed/%s is refused with an offset", (name) => {
    expect(() => read(join("malformed", name))).toThrowError(
      expect.objectContaining({ code: "directory-invalid", offset: expect.any(Number) as number }),
    );
  });

  it("a file ID that leaves the file-set is refused", () => {
    expect(() => read("hostile-values/DICOMDIR_traversal")).toThrowError(
      expect.objectContaining({ code: "directory-invalid" }),
    );
  });
});

describe("writing", () => {
  const instance = (
    patient: string,
    study: string,
    series: string,
    sop: string,
    sopClass: string,
    fileId: readonly string[],
  ) => ({
    dataSet: DataSet.of({
      SpecificCharacterSet: "ISO_IR 100",
      PatientID: patient,
      PatientName: "Müller^Anna",
      StudyInstanceUID: study,
      SeriesInstanceUID: series,
      SOPInstanceUID: sop,
      SOPClassUID: sopClass,
      Modality: "CT",
      InstanceNumber: 1,
    }),
    transferSyntaxUid: "1.2.840.10008.1.2.1",
    fileId,
  });
  const ct = "1.2.840.10008.5.1.4.1.1.2";
  const bytes = encodeDirectory(
    [
      instance("P1", "1.1", "1.1.1", "1.1.1.1", ct, ["A", "I1"]),
      instance("P2", "1.2", "1.2.1", "1.2.1.1", ct, ["B", "I1"]),
      instance("P1", "1.1", "1.1.1", "1.1.1.2", ct, ["A", "I2"]),
      instance("P1", "1.1", "1.1.2", "1.1.2.1", "1.2.840.10008.5.1.4.1.1.88.33", ["A", "SR1"]),
    ],
    { fileSetId: "TEST" },
  );

  it("gives a directory that reads back, its tree in order", () => {
    const { dataSet, meta } = decodePart10(bytes);
    expect(meta.string("MediaStorageSOPClassUID")).toBe("1.2.840.10008.1.3.10");
    const records = readDirectory(dataSet);
    expect(lines(records)).toEqual([
      "0\tPATIENT\tP1\t",
      "1\tSTUDY\t1.1\t",
      "2\tSERIES\t1.1.1\t",
      "3\tIMAGE\t1.1.1.1\tA\\I1",
      "3\tIMAGE\t1.1.1.2\tA\\I2",
      "2\tSERIES\t1.1.2\t",
      "3\tSR DOCUMENT\t1.1.2.1\tA\\SR1",
      "0\tPATIENT\tP2\t",
      "1\tSTUDY\t1.2\t",
      "2\tSERIES\t1.2.1\t",
      "3\tIMAGE\t1.2.1.1\tB\\I1",
    ]);
    expect(records[0]?.dataSet.string("PatientName")).toBe("Müller^Anna");
  });

  it.each([["../X"], ["TOOLONGNAME"], ["lower"], [""]])("refuses the file ID %j", (id) => {
    expect(() => encodeDirectory([instance("P", "1", "2", "3", ct, [id])])).toThrowError(
      expect.objectContaining({ code: "directory-invalid" }),
    );
  });

  it.each([
    ["1.2.840.10008.5.1.4.1.1.2", "IMAGE"],
    ["1.2.840.10008.5.1.4.1.1.66.4", "IMAGE"],
    ["1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC"],
    ["1.2.840.10008.5.1.4.1.1.88.11", "SR DOCUMENT"],
    ["1.2.840.10008.5.1.4.1.1.9.1.1", "WAVEFORM"],
    ["1.2.840.10008.5.1.4.1.1.104.1", "ENCAP DOC"],
    ["1.2.840.10008.5.1.4.1.1.481.2", "RT DOSE"],
    ["1.2.840.10008.5.1.4.1.1.11.1", "PRESENTATION"],
  ])("%s has the record type %s", (uid, type) => {
    expect(recordTypeOf(uid)).toBe(type);
  });
});
