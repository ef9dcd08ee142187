/** Data sets in memory: typed access, edits, and what is written for them (PS3.5 6.2, 7). */
import "../dictionary/register.ts";
import { describe, expect, expectTypeOf, it } from "vitest";
import { decodeDataSet } from "../encoding/decode.ts";
import { encodeDataSet } from "../encoding/writer.ts";
import { DicomError } from "../errors.ts";
import { toDicomJson } from "../json/to-json.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { DataSet } from "./data-set.ts";
import type { PersonName } from "./person-name.ts";

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian } = TransferSyntax;
const study = DataSet.of({
  PatientName: "Lindqvist^Åsa",
  SpecificCharacterSet: "ISO_IR 192",
  StudyDate: "20261118",
  Rows: 512,
  PixelSpacing: ["0.5", "0.5"],
  RequestAttributesSequence: [{ ScheduledProcedureStepID: "1" }, { ScheduledProcedureStepID: "2" }],
});

describe("a data set", () => {
  it("iterates in ascending tag order, whatever the order given", () => {
    const tags = Array.from(study, ({ tag }) => tag);
    expect(tags).toEqual([...tags].sort((a, b) => a - b));
    expect(tags[0]).toBe(0x00080005);
  });

  it("gives values by keyword, tag number and tag text, typed by keyword", () => {
    expect(study.get("Rows")).toBe(512);
    expect(study.get(0x00280010)).toBe(512);
    expect(study.get("(0028,0010)")).toBe(512);
    expect(study.get("PatientName")?.toString()).toBe("Lindqvist^Åsa");
    expectTypeOf(study.get("Rows")).toEqualTypeOf<number | undefined>();
    expectTypeOf(study.get("PatientName")).toEqualTypeOf<PersonName | undefined>();
    expectTypeOf(study.get("RequestAttributesSequence")).toEqualTypeOf<readonly DataSet[] | undefined>();
    expectTypeOf(study.get("StudyDate")).toEqualTypeOf<string | undefined>();
  });

  it("keeps the text of decimal strings and gives their numbers", () => {
    expect(study.strings("PixelSpacing")).toEqual(["0.5", "0.5"]);
    expect(study.numbers("PixelSpacing")).toEqual([0.5, 0.5]);
  });

  it("is edited by copies", () => {
    const edited = study.with("PatientID", "X").without("Rows");
    expect(edited.string("PatientID")).toBe("X");
    expect(edited.has("Rows")).toBe(false);
    expect(study.has("PatientID")).toBe(false);
    expect(study.has("Rows")).toBe(true);
  });

  it.each([ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])(
    "reads back from %s, with either form of lengths",
    (syntax) => {
      for (const sequences of ["explicit-length", "undefined-length"] as const) {
        const again = decodeDataSet(encodeDataSet(study, syntax, { sequences }), syntax);
        expect(toDicomJson(again)).toEqual(toDicomJson(study));
      }
    },
  );

  it("pads text with a space and UIDs with NUL, to even lengths", () => {
    const bytes = encodeDataSet(
      DataSet.of({ PatientID: "ABC", StudyInstanceUID: "1.2.3" }),
      ImplicitVRLittleEndian,
    );
    expect(Buffer.from(bytes).toString("latin1")).toBe(
      "\x10\x00\x20\x00\x04\x00\x00\x00ABC " + "\x20\x00\x0d\x00\x06\x00\x00\x001.2.3\0",
    );
  });

  it("refuses text that its character set cannot express, unless a replacement is named", () => {
    const greek = DataSet.of({ SpecificCharacterSet: "ISO_IR 100", PatientName: "Διονυσιος" });
    expect(() => encodeDataSet(greek, ExplicitVRLittleEndian)).toThrowError(
      expect.objectContaining({ code: "text-unencodable" }),
    );
    const replaced = encodeDataSet(greek, ExplicitVRLittleEndian, { replacement: "?" });
    expect(decodeDataSet(replaced, ExplicitVRLittleEndian).string("PatientName")).toBe("?????????");
  });

  it("writes items in the character set of what is around them", () => {
    const inner = { PatientComments: "Ä" };
    const utf8 = DataSet.of({ SpecificCharacterSet: "ISO_IR 192", ReferencedStudySequence: [inner] });
    const read = decodeDataSet(encodeDataSet(utf8, ExplicitVRLittleEndian), ExplicitVRLittleEndian);
    const [item] = read.items("ReferencedStudySequence");
    expect(item?.string("PatientComments")).toBe("Ä");
    // The item, as it was read in UTF-8, moves to a data set in Latin 1.
    const moved = DataSet.of({
      SpecificCharacterSet: "ISO_IR 100",
      ReferencedStudySequence: [item ?? inner],
    });
    const bytes = Buffer.from(encodeDataSet(moved, ExplicitVRLittleEndian));
    expect(bytes.includes(Buffer.from([0xc4, 0x20]))).toBe(true);
    expect(
      decodeDataSet(bytes, ExplicitVRLittleEndian)
        .items("ReferencedStudySequence")[0]
        ?.string("PatientComments"),
    ).toBe("Ä");
  });

  it("keeps the meaning of text when the character set changes around it", () => {
    const latin = DataSet.of({ SpecificCharacterSet: "ISO_IR 100", PatientName: "Åsa" });
    const read = decodeDataSet(encodeDataSet(latin, ExplicitVRLittleEndian), ExplicitVRLittleEndian);
    const utf8 = read.with("SpecificCharacterSet", "ISO_IR 192");
    const again = decodeDataSet(encodeDataSet(utf8, ExplicitVRLittleEndian), ExplicitVRLittleEndian);
    expect(again.string("PatientName")).toBe("Åsa");
  });
});

describe("hostile bytes", () => {
  const element = (tag: string, length: string, rest = ""): Uint8Array =>
    Buffer.from(tag + length + rest, "hex");

  it("that declare gigabytes end as truncated, at once", () => {
    expect(() => decodeDataSet(element("10002000", "f0ffffff", "41"), ImplicitVRLittleEndian)).toThrowError(
      expect.objectContaining({ code: "truncated" }),
    );
  });

  it("that nest without end meet the limit of depth", () => {
    const nested = Buffer.concat(
      Array.from({ length: 1000 }, () => Buffer.from("08001111fffffffffeff00e0ffffffff", "hex")),
    );
    expect(() => decodeDataSet(nested, ImplicitVRLittleEndian)).toThrowError(
      expect.objectContaining({ code: "nesting-too-deep" }),
    );
  });

  it("whose element is longer than its item are refused with tag and offset", () => {
    const bytes = Buffer.from(
      "080011111400000" + "0feff00e00c000000" + "10002000ff000000" + "41424344",
      "hex",
    );
    try {
      decodeDataSet(bytes, ImplicitVRLittleEndian);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DicomError);
      expect(error).toMatchObject({ code: "length-invalid", offset: 16, tag: 0x00100020 });
    }
  });
});
