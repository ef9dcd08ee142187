/** The Native DICOM Model (PS3.19 A.1), and bulk data references of DICOM JSON. */
import "../dictionary/register.ts";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { fromDicomJson } from "../json/from-json.ts";
import { toDicomJson } from "../json/to-json.ts";
import { toNativeXml } from "./native-xml.ts";

const dataSet = DataSet.of({
  PatientName: "Yamada^Tarou=山田^太郎",
  PatientComments: `<b>"A" & 'B'\u0007</b>`,
  ReferencedStudySequence: [{ ReferencedSOPInstanceUID: "1.2" }, {}],
  Rows: 2,
  ImageType: ["ORIGINAL", "PRIMARY"],
  RedPaletteColorLookupTableData: { vr: "OW", value: Uint8Array.of(1, 2, 3, 4) },
}).withPrivate("ACME", 0x0011, 0x01, "LO", "x");

describe("native XML", () => {
  const xml = toNativeXml(dataSet);

  it("is written as PS3.19 has it", () => {
    expect(xml).toContain(
      '<DicomAttribute tag="00280010" vr="US" keyword="Rows">\n<Value number="1">2</Value>\n</DicomAttribute>',
    );
    expect(xml).toContain('<Value number="1">ORIGINAL</Value>\n<Value number="2">PRIMARY</Value>');
    expect(xml).toContain(
      '<PersonName number="1">\n<Alphabetic><FamilyName>Yamada</FamilyName><GivenName>Tarou</GivenName></Alphabetic>\n<Ideographic><FamilyName>山田</FamilyName><GivenName>太郎</GivenName></Ideographic>\n</PersonName>',
    );
    expect(xml).toContain('<Item number="1">\n<DicomAttribute tag="00081155"');
    expect(xml).toContain('<Item number="2">\n</Item>');
    expect(xml).toContain('tag="00111001" vr="LO" privateCreator="ACME"');
    expect(xml).toContain("<InlineBinary>AQIDBA==</InlineBinary>");
  });

  it("lets nothing in a value become markup", () => {
    expect(xml).toContain("&lt;b&gt;&quot;A&quot; &amp; 'B'\ufffd&lt;/b&gt;");
    expect(xml).not.toContain("<b>");
    expect(xml).not.toContain("\u0007");
  });
});

describe("bulk data references", () => {
  const options = {
    bulkThreshold: 2,
    bulkDataUri: (path: readonly (string | number)[]) => `../bulk/${path.join("/")}`,
  };

  it("take the place of long binary values, in JSON and XML", () => {
    expect(toDicomJson(dataSet, options)["00281201"]).toEqual({ vr: "OW", BulkDataURI: "../bulk/00281201" });
    expect(toNativeXml(dataSet, options)).toContain('<BulkData uri="../bulk/00281201"/>');
  });

  it("are resolved when read back", () => {
    const json = toDicomJson(dataSet, options);
    const again = fromDicomJson(json, {
      resolveBulkData: (uri) => (uri.endsWith("00281201") ? Uint8Array.of(1, 2, 3, 4) : undefined),
    });
    expect(toDicomJson(again)).toEqual(toDicomJson(dataSet));
    expect(fromDicomJson(json).element("RedPaletteColorLookupTableData")?.isEmpty).toBe(true);
  });
});
