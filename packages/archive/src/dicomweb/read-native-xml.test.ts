import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePart10, fromDicomJson, toNativeXml } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { readableFixtures } from "../../../dicom/src/test/fixtures.ts";
import { readNativeXml } from "./read-native-xml.ts";

const root = fileURLToPath(new URL("../../../../fixtures", import.meta.url));
const model = (inner: string): string =>
  `<?xml version="1.0"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">${inner}</NativeDicomModel>`;
const attribute = (inner: string, vr = "LO"): string =>
  `<DicomAttribute tag="00100020" vr="${vr}">${inner}</DicomAttribute>`;

/** Empty values are written or left out; it is the same attribute. */
const plain = (xml: string): string =>
  xml
    // Of a creator itself, told from the group length that is left out.
    .replaceAll(/ privateCreator="\d+"/g, "")
    .replaceAll(/<Value number="\d+"><\/Value>\n/g, "")
    .replaceAll(/<PersonName number="\d+">\n(<\w+><\/\w+>\n)+<\/PersonName>\n/g, "")
    .replaceAll(/<(DicomAttribute [^>]*[^/])>\n<\/DicomAttribute>/g, "<$1/>");

describe("the Native DICOM Model", () => {
  it("comes back as it was written, for every fixture", () => {
    let checked = 0;
    for (const name of readableFixtures(root)) {
      const { dataSet } = decodePart10(readFileSync(join(root, name)));
      const xml = toNativeXml(dataSet, { bulkThreshold: 4096 });
      expect(plain(toNativeXml(fromDicomJson(readNativeXml(xml)))), name).toBe(plain(xml));
      checked++;
    }
    expect(checked).toBeGreaterThan(150);
  });

  it("reads values, names, references and what is written in other ways", () => {
    const xml =
      model(`<!-- a comment -->${attribute('<Value number="1"><![CDATA[a<b]]> &amp; &#x43;&#68;</Value><Value number="3">c</Value>')}
      <n:DicomAttribute xmlns:n="x" tag='7fe00010' vr="OW"><BulkData uri="a/b"/></n:DicomAttribute>`);
    expect(readNativeXml(xml)).toEqual({
      "00100020": { vr: "LO", Value: ["a<b & CD", null, "c"] },
      "7FE00010": { vr: "OW", BulkDataURI: "a/b" },
    });
  });

  it.each([
    ["a document type", `<!DOCTYPE x [<!ENTITY a "b">]>${model("")}`],
    ["an entity", model(attribute('<Value number="1">&a;</Value>'))],
    ["another root", "<x/>"],
    ["two roots", `${model("")}${model("")}`],
    ["crossed elements", "<NativeDicomModel><a></NativeDicomModel></a>"],
    ["an end that is missing", "<NativeDicomModel>"],
    ["a value far behind the others", model(attribute('<Value number="1000000">a</Value>'))],
    ["a VR that is none", model(attribute("", "XX"))],
    ["nesting without end", "<NativeDicomModel>" + "<a>".repeat(200)],
    ["a character that is none", model(attribute('<Value number="1">&#x110000;</Value>'))],
    ["nothing", ""],
  ])("refuses %s", (_, xml) => {
    expect(() => readNativeXml(xml)).toThrow(expect.objectContaining({ code: "xml-invalid" }));
  });
});
