/** Data sets as DICOM JSON, PS3.18 F. */
import type { DataSet } from "../data-set/data-set.ts";
import type { DataElement, Fragments } from "../data-set/element.ts";
import { PersonName } from "../data-set/person-name.ts";
import { bigintValues, numberValues, textValues } from "../data-set/values.ts";
import { tagToHex } from "../tag.ts";
import { type Vr, vrInfo } from "../vr.ts";

export interface DicomJsonPersonName {
  Alphabetic?: string;
  Ideographic?: string;
  Phonetic?: string;
}

export type DicomJsonValue = string | number | null | DicomJsonPersonName | DicomJsonObject;

export interface DicomJsonElement {
  vr: Vr;
  Value?: DicomJsonValue[];
  InlineBinary?: string;
  BulkDataURI?: string;
}

export interface DicomJsonObject {
  [tag: string]: DicomJsonElement;
}

export interface ToJsonOptions {
  /** Binary values longer than this become references, or are left out when `bulkDataUri` gives none. Default: no limit. */
  readonly bulkThreshold?: number;
  /** The URI for a binary value, by its path: tags in hex, and item indexes from 0 between them. */
  readonly bulkDataUri?: (path: readonly (string | number)[], element: DataElement) => string | undefined;
}

/** Group lengths are left out, as PS3.18 F.2.2 asks. */
export function toDicomJson(dataSet: DataSet, options: ToJsonOptions = {}): DicomJsonObject {
  return objectOf(dataSet, options, []);
}

type Path = readonly (string | number)[];

/** @param path of the data set itself; an element's own is only made where someone asks for it */
function objectOf(dataSet: DataSet, options: ToJsonOptions, path: Path): DicomJsonObject {
  const object: DicomJsonObject = {};
  for (const element of dataSet.elements) {
    if ((element.tag & 0xffff) === 0) continue;
    const hex = tagToHex(element.tag);
    object[hex] = elementOf(dataSet, element, options, path, hex);
  }
  return object;
}

function elementOf(
  dataSet: DataSet,
  element: DataElement,
  options: ToJsonOptions,
  path: Path,
  hex: string,
): DicomJsonElement {
  const { vr } = element;
  const { kind } = vrInfo(vr);
  if (kind === "sequence") {
    const items = element.items ?? [];
    if (items.length === 0) return { vr };
    return { vr, Value: items.map((item, index) => objectOf(item, options, [...path, hex, index])) };
  }
  if (kind === "bytes" || element.bulk !== undefined) return binaryElement(element, options, [...path, hex]);
  if (element.isEmpty) return { vr };
  const Value = valuesOf(dataSet, element);
  return Value.length === 0 || (Value.length === 1 && Value[0] === null) ? { vr } : { vr, Value };
}

function valuesOf(dataSet: DataSet, element: DataElement): DicomJsonValue[] {
  const { vr } = element;
  switch (vr) {
    case "DS":
    case "IS":
      return textValues(element, dataSet.characterSet).map(numberOrText);
    case "FL":
    case "FD":
      return numberValues(element).map((value) =>
        Number.isFinite(value) ? value : String(value).replace("Infinity", "inf"),
      );
    case "SV":
    case "UV":
      // Beyond 2^53 a JSON number would be another number.
      return bigintValues(element).map((value) =>
        Number.isSafeInteger(Number(value)) ? Number(value) : value.toString(),
      );
    case "US":
    case "SS":
    case "UL":
    case "SL":
      return numberValues(element) as number[];
    case "PN":
      return textValues(element, dataSet.characterSet).map(personName);
    default: {
      const texts = textValues(element, dataSet.characterSet);
      return texts.includes("") ? texts.map((text) => (text === "" ? null : text)) : (texts as string[]);
    }
  }
}

/** A number where JSON has one; the text where it has not, so that nothing is lost. */
function numberOrText(text: string): number | string | null {
  if (text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

function personName(text: string): DicomJsonPersonName | null {
  const { alphabetic, ideographic, phonetic } = PersonName.parse(text);
  const name: DicomJsonPersonName = {};
  if (alphabetic !== "") name.Alphabetic = alphabetic;
  if (ideographic !== "") name.Ideographic = ideographic;
  if (phonetic !== "") name.Phonetic = phonetic;
  return Object.keys(name).length === 0 ? null : name;
}

/** A binary value: inline, or a reference where it is long or was not read. */
export function binaryElement(
  element: DataElement,
  options: ToJsonOptions,
  path: readonly (string | number)[],
): DicomJsonElement {
  const { vr, bulk, fragments } = element;
  const length = bulk?.length ?? (fragments === undefined ? element.length : Number.POSITIVE_INFINITY);
  if (element.isEmpty) return { vr };
  const threshold = options.bulkThreshold ?? Number.POSITIVE_INFINITY;
  if (bulk !== undefined || length > threshold || (fragments !== undefined && !isHeld(fragments))) {
    const uri = options.bulkDataUri?.(path, element);
    return uri === undefined ? { vr } : { vr, BulkDataURI: uri };
  }
  const bytes = fragments === undefined ? element.raw : concatenated(fragments);
  return bytes === undefined ? { vr } : { vr, InlineBinary: base64(littleEndian(bytes, element)) };
}

const isHeld = (fragments: Fragments): boolean =>
  fragments.fragments.every((fragment) => fragment.bytes !== undefined);

function concatenated({ fragments }: Fragments): Uint8Array {
  const bytes = new Uint8Array(fragments.reduce((sum, fragment) => sum + fragment.length, 0));
  let at = 0;
  for (const fragment of fragments) {
    if (fragment.bytes !== undefined) bytes.set(fragment.bytes, at);
    at += fragment.length;
  }
  return bytes;
}

/** PS3.18 F.2.7: inline binary is little endian. */
function littleEndian(bytes: Uint8Array, element: DataElement): Uint8Array {
  const { wordSize } = vrInfo(element.vr);
  if (element.littleEndian || wordSize <= 1) return bytes;
  const out = new Uint8Array(bytes.byteLength);
  for (let index = 0; index < bytes.byteLength; index++) {
    const word = index - (index % wordSize);
    out[index] = bytes[word + wordSize - 1 - (index - word)] ?? 0;
  }
  return out;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: an argument list has a limit.
  for (let at = 0; at < bytes.byteLength; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
