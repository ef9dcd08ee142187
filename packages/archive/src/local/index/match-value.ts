/**
 * Matching of a key on DICOM JSON (PS3.18 F), for keys that have no column: the rules of PS3.4 C.2.2.2, and sequence
 * matching (C.2.2.2.6), where one item has to match all of a key's item.
 */
import { type DataElement, type DataSet, type DicomJsonObject, tagToHex } from "@isocenter/dicom";
import { textTest } from "./match-text.ts";

/** A key matches everything: it is a return key only. */
export function isUniversal(keys: DataSet, element: DataElement): boolean {
  if (element.vr === "SQ") {
    return (element.items ?? []).every((item) => [...item].every((inner) => isUniversal(item, inner)));
  }
  return keys.strings(element.tag).every((value) => value === "" || /^\*+$/.test(value));
}

/** @returns a test on the attributes that a row has as JSON */
export function valueTest(keys: DataSet, element: DataElement): (attributes: DicomJsonObject) => boolean {
  const hex = tagToHex(element.tag);
  if (element.vr === "SQ") {
    const [item] = element.items ?? [];
    if (item === undefined) return () => true;
    const tests = [...item]
      .filter((inner) => !isUniversal(item, inner))
      .map((inner) => valueTest(item, inner));
    return (attributes) =>
      (attributes[hex]?.Value ?? []).some(
        (one) => isObject(one) && tests.every((test) => test(one as DicomJsonObject)),
      );
  }
  const wanted = keys.strings(element.tag).filter((value) => value !== "");
  const one = wanted.map((value) => textTest(element.vr, value));
  return (attributes) => textsOf(attributes, hex).some((text) => one.some((test) => test(text)));
}

function textsOf(attributes: DicomJsonObject, hex: string): string[] {
  const values: readonly unknown[] = attributes[hex]?.Value ?? [];
  return values.map((value) => {
    if (!isObject(value))
      return value === null || value === undefined ? "" : String(value as string | number);
    const { Alphabetic = "", Ideographic = "", Phonetic = "" } = value as Record<string, string | undefined>;
    return `${Alphabetic}=${Ideographic}=${Phonetic}`;
  });
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
