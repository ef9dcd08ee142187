import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataSet, decodePart10, toDicomJson } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { readableFixtures } from "../../../dicom/src/test/fixtures.ts";
import { JsonResults, resultJson, textJson } from "./result-json.ts";

const root = fileURLToPath(new URL("../../../../fixtures", import.meta.url));

describe("a search result's JSON", () => {
  it("is what DICOM JSON is for every fixture", () => {
    const names = readableFixtures(root);
    for (const name of names) {
      const { dataSet } = decodePart10(readFileSync(join(root, name)));
      const json = resultJson(dataSet, []);
      // Objects put keys such as 20500020 first, as if they were indexes; the text has them where they belong.
      expect(JSON.parse(json), name).toEqual(JSON.parse(JSON.stringify(toDicomJson(dataSet))));
    }
    expect(names.length).toBeGreaterThan(150);
  });

  it("is the same from matches that are JSON, in whichever order", () => {
    const results = new JsonResults();
    const members = [
      { tag: 0x00080005, json: textJson("CS", "ISO_IR 192") },
      { tag: 0x00080056, json: undefined },
      { tag: 0x00081190, json: '{"vr":"UR"}' },
      { tag: 0x7fe00010, json: '{"vr":"OW"}' },
    ];
    for (const name of readableFixtures(root)) {
      const { dataSet } = decodePart10(readFileSync(join(root, name)));
      const json = toDicomJson(dataSet);
      const reversed = Object.fromEntries(Object.entries(json).reverse());
      const text = results.text(reversed, members);
      expect(JSON.parse(text), name).toEqual(JSON.parse(resultJson(dataSet, members)));
      expect(results.text(reversed, members)).toBe(text);
      const places = ["00080005", "00081190", "7FE00010"].map((tag) => text.indexOf(`"${tag}":{`));
      expect(places, name).toEqual([...places].sort((a, b) => a - b));
    }
  });

  it("has members added, replaced and left out, in the order of their tags", () => {
    const dataSet = DataSet.of({
      SpecificCharacterSet: "ISO_IR 100",
      QueryRetrieveLevel: "STUDY",
      PatientID: 'a"\\\n\u0001',
      StudyDescription: "",
    });
    const json = resultJson(dataSet, [
      { tag: 0x00080001, json: '{"vr":"UL"}' },
      { tag: 0x00080005, json: textJson("CS", "ISO_IR 192") },
      { tag: 0x00080052, json: undefined },
      { tag: 0x00081190, json: textJson("UR", "http://x/") },
      { tag: 0x7fe00010, json: '{"vr":"OW"}' },
    ]);
    expect(json).toBe(
      '{"00080001":{"vr":"UL"},"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00081030":{"vr":"LO"},' +
        '"00081190":{"vr":"UR","Value":["http://x/"]},"00100020":{"vr":"LO","Value":["a\\"\\\\\\n\\u0001"]},"7FE00010":{"vr":"OW"}}',
    );
    expect(JSON.parse(json)).toHaveProperty("00100020.Value", ['a"\\\n\u0001']);
    expect(resultJson(DataSet.empty, [])).toBe("{}");
  });
});
