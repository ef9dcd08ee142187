/** Every fixture file: values against its oracle, byte-for-byte rewriting, any chunking, and errors instead of crashes. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeDataSet } from "./encoding/writer.ts";
import { DicomError } from "./errors.ts";
import { fromDicomJson } from "./json/from-json.ts";
import { toDicomJson } from "./json/to-json.ts";
import { decodePart10, encodePart10, type Part10 } from "./part10/part10.ts";
import { Part10Parser } from "./part10/part10-parser.ts";
import { differences, meaning, type OracleDataSet } from "./test/oracle.ts";

const root = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".dump.json"))
  .map((name) => name.slice(0, -".dump.json".length))
  .sort();

/** A stray byte stands before its first element; the oracle's answer is one element of 38 kB of nonsense. */
const notDicom = "no-meta/no_meta.dcm";
const isMalformed = (name: string): boolean => dirname(name) === "malformed";
const wellFormed = files.filter((name) => !isMalformed(name) && name !== notDicom);

/** Files that are not written back byte for byte, and why not. */
const rewritten: Readonly<Record<string, string>> = {
  "hostile-values/control_chars.dcm": "its elements are not in ascending order, and are afterwards",
  "jpeg-baseline/SC_rgb_jpeg.dcm":
    "it announces Explicit VR and is Implicit VR, and is as announced afterwards",
  "sequences/nested_priv_SQ.dcm": "a value has an odd length, and is padded afterwards",
};

const bytesOf = (name: string): Uint8Array => readFileSync(join(root, name));

function readInSteps(bytes: Uint8Array, step: number): Part10 {
  const parser = new Part10Parser();
  for (let at = 0; at < bytes.length && !parser.done; at += step) parser.push(bytes.subarray(at, at + step));
  if (!parser.done) parser.end();
  return parser;
}

it("there are fixtures to read", () => {
  expect(wellFormed.length).toBe(153);
});

describe.each(wellFormed)("%s", (name) => {
  const bytes = bytesOf(name);

  it("has the oracle's elements and values", () => {
    const oracle = JSON.parse(readFileSync(join(root, `${name}.dump.json`), "utf8")) as {
      meta: OracleDataSet;
      dataset: OracleDataSet;
    };
    const { meta, dataSet } = decodePart10(bytes);
    expect(differences(dataSet, oracle.dataset)).toEqual([]);
    expect(differences(meta, oracle.meta)).toEqual([]);
  });

  const step = bytes.length < 100_000 ? 1 : 61;
  it(`reads the same in chunks of ${step}`, () => {
    const whole = decodePart10(bytes);
    const pieces = readInSteps(bytes, step);
    expect(meaning(pieces.dataSet)).toEqual(meaning(whole.dataSet));
    expect(pieces.transferSyntaxUid).toBe(whole.transferSyntaxUid);
  });

  it("is written back byte for byte", () => {
    const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(bytes);
    if (transferSyntaxUid === "1.2.840.10008.1.2.1.99") {
      const again = decodePart10(encodePart10({ dataSet, transferSyntaxUid }));
      expect(meaning(again.dataSet)).toEqual(meaning(dataSet));
      return;
    }
    const written = encodeDataSet(dataSet, transferSyntaxUid, { keepGroupLengths: true });
    const same = Buffer.from(written).equals(bytes.subarray(dataSetOffset));
    expect(same, rewritten[name]).toBe(rewritten[name] === undefined);
  });

  it("means the same after DICOM JSON and back", () => {
    const { dataSet } = decodePart10(bytes);
    const json = JSON.parse(JSON.stringify(toDicomJson(dataSet))) as Parameters<typeof fromDicomJson>[0];
    const again = toDicomJson(fromDicomJson(json));
    expect(JSON.parse(JSON.stringify(again))).toEqual(json);
  });
});

describe.each(readdirSync(join(root, "malformed")).filter((name) => name.endsWith(".dcm")))(
  "malformed/%s",
  (name) => {
    it("is an error or a part, and soon", () => {
      const bytes = bytesOf(join("malformed", name));
      const start = performance.now();
      try {
        expect(decodePart10(bytes).dataSet.size).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(DicomError);
        expect((error as DicomError).message).toMatch(/^[A-Z(].*\.$/);
      }
      expect(performance.now() - start).toBeLessThan(5000);
    });
  },
);

it("a file that begins with a stray byte is refused, not misread", () => {
  expect(() => decodePart10(bytesOf(notDicom))).toThrowError(expect.objectContaining({ code: "not-dicom" }));
});
