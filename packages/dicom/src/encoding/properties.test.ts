/** Properties of the codec for any data set: every VR, nesting, character set, encoding, form of length and chunking. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { bytesElement, type DataElement, sequenceElement, valuesElement } from "../data-set/element.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { DicomError } from "../errors.ts";
import { fromDicomJson } from "../json/from-json.ts";
import { toDicomJson } from "../json/to-json.ts";
import { decodePart10 } from "../part10/part10.ts";
import { type Vr, vrInfo, vrs } from "../vr.ts";
import { DataSetParser } from "./parser.ts";
import { encodeDataSet } from "./writer.ts";

const runs = { numRuns: 300 };

/** Text that survives: no delimiter, no control character, nothing that padding takes away. */
const text = (characters: string, maxLength = 20) =>
  fc
    .string({ unit: fc.constantFrom(...Array.from(characters)), minLength: 1, maxLength })
    .map((one) => one.trim() || "x");
const ascii = "ABCabc019_ -+.";
const unicode = `${ascii}äßжΩ山田😀`;

function valueOf(vr: Vr): fc.Arbitrary<DataElement["other"] | Uint8Array> {
  const list = <T extends string | number | bigint>(one: fc.Arbitrary<T>, most = 3) =>
    fc.array(one, { minLength: 1, maxLength: most }).map((values) => ({ values }));
  const { kind, charset, multiple, wordSize } = vrInfo(vr);
  if (kind === "bytes")
    return fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % Math.max(2, wordSize))));
  if (kind === "tag") return list(fc.integer({ min: 0, max: 0xffffffff }));
  switch (vr) {
    case "US":
      return list(fc.integer({ min: 0, max: 0xffff }));
    case "SS":
      return list(fc.integer({ min: -0x8000, max: 0x7fff }));
    case "UL":
      return list(fc.integer({ min: 0, max: 0xffffffff }));
    case "SL":
      return list(fc.integer({ min: -0x80000000, max: 0x7fffffff }));
    case "FL":
      return list(fc.float({ noNaN: true }));
    case "FD":
      return list(fc.double({ noNaN: true }));
    case "SV":
      return list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    case "UV":
      return list(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    case "DS":
    case "IS":
      return list(fc.integer({ min: -99_999, max: 99_999 }).map(String));
    default:
      return list(text(charset ? unicode : ascii), multiple ? 3 : 1);
  }
}

/** Explicit VR takes any VR at any tag; an even group without meaning keeps the dictionary out of it. */
const element = (items: fc.Arbitrary<DataSet>): fc.Arbitrary<DataElement> =>
  fc
    .tuple(fc.integer({ min: 0x00420100, max: 0x0042ffff }), fc.constantFrom(...vrs), fc.boolean())
    .chain(([tag, vr, isOpen]) => {
      if (vr === "SQ")
        return fc.array(items, { maxLength: 3 }).map((list) => sequenceElement(tag, list, isOpen));
      return valueOf(vr).map((value) =>
        value instanceof Uint8Array
          ? bytesElement(tag, vr, value)
          : valuesElement(tag, vr, value?.values ?? []),
      );
    });

const leaf = fc.constant(DataSet.of({}));
const level = (items: fc.Arbitrary<DataSet>) =>
  fc.array(element(items), { maxLength: 8 }).map((elements) => DataSet.fromElements(elements));
const dataSets = level(level(level(leaf))).map((dataSet) => dataSet.with(0x00080005, "ISO_IR 192", "CS"));

const explicit = [
  TransferSyntax.ExplicitVRLittleEndian,
  TransferSyntax.ExplicitVRBigEndian,
  TransferSyntax.DeflatedExplicitVRLittleEndian,
];

function parsed(bytes: Uint8Array, syntax: string, steps: readonly number[]): DataSet {
  const parser = new DataSetParser(syntax);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const step = Math.max(1, steps[index % steps.length] ?? 1);
    parser.push(bytes.subarray(at, at + step));
    at += step;
  }
  parser.end();
  return parser.dataSet;
}

describe("any data set", () => {
  it("is what was written, in every explicit encoding, form of length and chunking", () => {
    fc.assert(
      fc.property(
        dataSets,
        fc.constantFrom(...explicit),
        fc.constantFrom("as-read", "explicit-length", "undefined-length"),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (dataSet, syntax, sequences, steps) => {
          const bytes = encodeDataSet(dataSet, syntax, { sequences });
          expect(toDicomJson(parsed(bytes, syntax, steps))).toEqual(toDicomJson(dataSet));
          expect(bytes.byteLength % 2).toBe(0);
        },
      ),
      runs,
    );
  });

  it("keeps its bytes in implicit VR, where unknown tags lose their VR", () => {
    fc.assert(
      fc.property(dataSets, (dataSet) => {
        const bytes = encodeDataSet(dataSet, TransferSyntax.ImplicitVRLittleEndian, {
          sequences: "undefined-length",
        });
        const again = parsed(bytes, TransferSyntax.ImplicitVRLittleEndian, [7]);
        expect(
          Buffer.from(encodeDataSet(again, TransferSyntax.ImplicitVRLittleEndian)).equals(Buffer.from(bytes)),
        ).toBe(true);
      }),
      runs,
    );
  });

  it("means the same after DICOM JSON and back", () => {
    fc.assert(
      fc.property(dataSets, (dataSet) => {
        const json = JSON.stringify(toDicomJson(dataSet));
        expect(JSON.stringify(toDicomJson(fromDicomJson(JSON.parse(json) as never)))).toBe(json);
      }),
      runs,
    );
  });
});

describe("any bytes", () => {
  it("are a data set or a DicomError", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...explicit, TransferSyntax.ImplicitVRLittleEndian),
        (bytes, syntax) => {
          try {
            parsed(bytes, syntax, [13]);
          } catch (error) {
            expect(error).toBeInstanceOf(DicomError);
          }
          try {
            decodePart10(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DicomError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
