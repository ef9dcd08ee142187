/** What every readable fixture must satisfy. One source for all runtimes: each check answers what is wrong. */
import { decodeDataSet } from "../encoding/decode.ts";
import { encodeDataSet } from "../encoding/writer.ts";
import { fromDicomJson } from "../json/from-json.ts";
import { type DicomJsonElement, type DicomJsonObject, toDicomJson } from "../json/to-json.ts";
import { decodePart10, encodePart10 } from "../part10/part10.ts";
import { Part10Parser } from "../part10/part10-parser.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { differences, meaning, type OracleDataSet } from "./oracle.ts";

export interface Fixture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly oracle: { readonly meta: OracleDataSet; readonly dataset: OracleDataSet };
}

/** Files that are not written back byte for byte, and why not. */
export const rewritten: Readonly<Record<string, string>> = {
  "hostile-values/control_chars.dcm": "its elements are not in ascending order, and are afterwards",
  "jpeg-baseline/SC_rgb_jpeg.dcm":
    "it announces Explicit VR and is Implicit VR, and is as announced afterwards",
  "sequences/nested_priv_SQ.dcm": "a value has an odd length, and is padded afterwards",
};

/** Files with a value of an odd length, which is longer by its padding once it was written. */
const paddedValues = new Set(["sequences/nested_priv_SQ.dcm"]);

const uncompressed = [
  TransferSyntax.ImplicitVRLittleEndian,
  TransferSyntax.ExplicitVRLittleEndian,
  TransferSyntax.ExplicitVRBigEndian,
  TransferSyntax.DeflatedExplicitVRLittleEndian,
];

export const checks: Readonly<Record<string, (fixture: Fixture) => Promise<readonly string[]>>> = {
  "has the oracle's elements and values": async ({ bytes, oracle }) => {
    const { meta, dataSet } = decodePart10(bytes);
    return [...(await differences(dataSet, oracle.dataset)), ...(await differences(meta, oracle.meta))];
  },

  "reads the same in small chunks": async ({ bytes }) => {
    const step = bytes.length < 100_000 ? 1 : 61;
    const parser = new Part10Parser();
    for (let at = 0; at < bytes.length && !parser.done; at += step)
      parser.push(bytes.subarray(at, at + step));
    if (!parser.done) parser.end();
    return same(meaning(parser.dataSet), meaning(decodePart10(bytes).dataSet));
  },

  "is written back byte for byte": async ({ name, bytes }) => {
    const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(bytes);
    // Deflate has many right answers for one input.
    if (transferSyntaxUid === TransferSyntax.DeflatedExplicitVRLittleEndian) {
      const again = decodePart10(encodePart10({ dataSet, transferSyntaxUid }));
      return same(meaning(again.dataSet), meaning(dataSet));
    }
    const written = encodeDataSet(dataSet, transferSyntaxUid, { keepGroupLengths: true });
    const isSame = equal(written, bytes.subarray(dataSetOffset));
    if (isSame && rewritten[name] !== undefined) return ["is the same, though it is listed as an exception"];
    return isSame || rewritten[name] !== undefined ? [] : ["differs"];
  },

  "means the same in every encoding": async ({ name, bytes }) => {
    const { dataSet } = decodePart10(bytes);
    const expected = toDicomJson(dataSet);
    const isEncapsulated = dataSet.element("PixelData")?.fragments !== undefined;
    const found: string[] = [];
    for (const syntax of isEncapsulated ? [TransferSyntax.JPEGBaseline8Bit] : uncompressed) {
      for (const sequences of ["explicit-length", "undefined-length"] as const) {
        const again = decodeDataSet(encodeDataSet(dataSet, syntax, { sequences }), syntax);
        const isTold = syntax !== TransferSyntax.ImplicitVRLittleEndian;
        found.push(
          ...jsonDifferences(toDicomJson(again), expected, isTold).map((one) => `${syntax}: ${one}`),
        );
      }
    }
    return paddedValues.has(name) ? [] : found;
  },

  "means the same after DICOM JSON and back": async ({ bytes }) => {
    const json = JSON.stringify(toDicomJson(decodePart10(bytes).dataSet));
    const again = JSON.stringify(
      toDicomJson(fromDicomJson(JSON.parse(json) as Parameters<typeof fromDicomJson>[0])),
    );
    return again === json ? [] : ["differs"];
  },
};

/** @param isTold VRs are in the encoding; those that are not may come back as others, and their values in another form */
function jsonDifferences(
  actual: DicomJsonObject,
  expected: DicomJsonObject,
  isTold: boolean,
  path = "",
): string[] {
  const tags = [...new Set([...Object.keys(actual), ...Object.keys(expected)])];
  return tags.flatMap((tag) => elementDifferences(actual[tag], expected[tag], isTold, `${path}${tag}`));
}

function elementDifferences(
  a: DicomJsonElement | undefined,
  b: DicomJsonElement | undefined,
  isTold: boolean,
  place: string,
): string[] {
  if (a === undefined || b === undefined) return [`${place} is ${a === undefined ? "lost" : "new"}`];
  if (a.vr !== b.vr) return isTold ? [`${place} has the VR ${a.vr}, not ${b.vr}`] : [];
  if (a.vr !== "SQ") return JSON.stringify(a) === JSON.stringify(b) ? [] : [`${place} differs`];
  const [left, right] = [a.Value ?? [], b.Value ?? []] as DicomJsonObject[][];
  if (left?.length !== right?.length) return [`${place} has ${left?.length} items, not ${right?.length}`];
  return (left ?? []).flatMap((item, index) =>
    jsonDifferences(item, right?.[index] ?? {}, isTold, `${place}/${index}/`),
  );
}

function same(actual: Record<string, unknown>, expected: Record<string, unknown>): string[] {
  const tags = [...new Set([...Object.keys(actual), ...Object.keys(expected)])];
  return tags
    .filter((tag) => JSON.stringify(actual[tag]) !== JSON.stringify(expected[tag]))
    .map((tag) => `${tag} differs`);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
