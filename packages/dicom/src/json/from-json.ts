/** DICOM JSON (PS3.18 F) to data sets. */
import { DataSet } from "../data-set/data-set.ts";
import {
  type BulkData,
  bytesElement,
  type DataElement,
  DataElement as Element,
  type PrimitiveValue,
  sequenceElement,
  valuesElement,
} from "../data-set/element.ts";
import { DicomError } from "../errors.ts";
import { tagFromText, type Tag } from "../tag.ts";
import { isVr, type Vr, vrInfo } from "../vr.ts";
import type { DicomJsonElement, DicomJsonObject } from "./to-json.ts";

const maximumDepth = 64;

export interface FromJsonOptions {
  /** What a `BulkDataURI` stands for: its bytes, or a value to be read later. An empty element where it answers none. */
  readonly resolveBulkData?: (uri: string, tag: Tag, vr: Vr) => Uint8Array | BulkData | undefined;
}

/** @throws DicomError `json-invalid` naming the tag */
export function fromDicomJson(json: DicomJsonObject, options: FromJsonOptions = {}): DataSet {
  return dataSetOf(json, options, 0);
}

function dataSetOf(json: unknown, options: FromJsonOptions, depth: number): DataSet {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw invalid(undefined, "a data set is an object");
  if (depth > maximumDepth)
    throw new DicomError("nesting-too-deep", `The JSON is nested deeper than ${maximumDepth} items.`);
  const elements: DataElement[] = [];
  for (const [key, value] of Object.entries(json)) {
    const tag = /^[0-9A-Fa-f]{8}$/.test(key) ? tagFromText(key) : undefined;
    if (tag === undefined) throw invalid(undefined, "a key is a tag of eight hexadecimal digits");
    elements.push(elementOf(tag, value as Partial<DicomJsonElement> | null, options, depth));
  }
  return DataSet.fromElements(elements);
}

function elementOf(
  tag: Tag,
  json: Partial<DicomJsonElement> | null,
  options: FromJsonOptions,
  depth: number,
): DataElement {
  const vr = json?.vr;
  if (typeof vr !== "string" || !isVr(vr)) throw invalid(tag, "an element has a vr");
  const { kind } = vrInfo(vr);
  if (json?.InlineBinary !== undefined) {
    if (typeof json.InlineBinary !== "string") throw invalid(tag, "InlineBinary is text in base64");
    return bytesElement(tag, vr, base64(tag, json.InlineBinary));
  }
  if (json?.BulkDataURI !== undefined) {
    if (typeof json.BulkDataURI !== "string") throw invalid(tag, "BulkDataURI is text");
    const bulk = options.resolveBulkData?.(json.BulkDataURI, tag, vr);
    if (bulk instanceof Uint8Array) return bytesElement(tag, vr, bulk);
    if (bulk !== undefined) return new Element(tag, vr, undefined, 0, bulk.length, true, false, { bulk });
  }
  const values = json?.Value ?? [];
  if (!Array.isArray(values)) throw invalid(tag, "Value is an array");
  if (kind === "sequence")
    return sequenceElement(
      tag,
      values.map((item) => dataSetOf(item ?? {}, options, depth + 1)),
    );
  if (kind === "bytes") return new Element(tag, vr, undefined, 0, 0, true, false, { values: [] });
  return valuesElement(
    tag,
    vr,
    values.map((value) => primitive(tag, vr, value)),
  );
}

function primitive(tag: Tag, vr: Vr, value: unknown): PrimitiveValue {
  if (value === null || value === undefined) return "";
  if (vr === "PN") return personName(tag, value);
  if (typeof value !== "string" && typeof value !== "number")
    throw invalid(tag, `a value of VR ${vr} is text or a number`);
  const { kind } = vrInfo(vr);
  if (kind === "tag") {
    const named = tagFromText(String(value));
    if (named === undefined) throw invalid(tag, "a value of VR AT is a tag");
    return named;
  }
  if (vr === "SV" || vr === "UV") return bigint(tag, value);
  if (kind === "number") {
    const number = typeof value === "number" ? value : Number(value.replace(/^(-?)inf$/i, "$1Infinity"));
    if (Number.isNaN(number) && value !== "NaN") throw invalid(tag, `a value of VR ${vr} is a number`);
    return number;
  }
  return String(value);
}

function bigint(tag: Tag, value: string | number): bigint {
  if (!/^-?\d+$/.test(String(value))) throw invalid(tag, "a 64-bit value is a whole number");
  return BigInt(value);
}

function personName(tag: Tag, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) throw invalid(tag, "a person name is an object");
  const { Alphabetic, Ideographic, Phonetic } = value as Record<string, unknown>;
  return [Alphabetic, Ideographic, Phonetic]
    .map((group) => (typeof group === "string" ? group : ""))
    .join("=")
    .replace(/=+$/, "");
}

function base64(tag: Tag, text: string): Uint8Array {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
    return bytes;
  } catch (cause) {
    throw new DicomError("json-invalid", "InlineBinary is not base64.", { tag, cause });
  }
}

function invalid(tag: Tag | undefined, rule: string): DicomError {
  return new DicomError("json-invalid", `This is not DICOM JSON: ${rule}.`, tag === undefined ? {} : { tag });
}
