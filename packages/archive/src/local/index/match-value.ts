/**
 * Matching of a key on DICOM JSON (PS3.18 F), for keys that have no column: the rules of PS3.4 C.2.2.2, and sequence
 * matching (C.2.2.2.6), where one item has to match all of a key's item.
 */
import { type DataElement, type DataSet, type DicomJsonObject, tagToHex } from "@isocenter/dicom";
import { foldPersonName, foldText, fullTime, plainDate } from "./fold.ts";
import { ends, plainNumber } from "./match.ts";

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

function textTest(vr: string, wanted: string): (stored: string) => boolean {
  switch (vr) {
    case "DA":
      return rangeTest(wanted, plainDate, plainDate, plainDate);
    case "TM":
      return rangeTest(
        wanted,
        (t) => fullTime(t, "0"),
        (t) => fullTime(t, "9"),
        (t) => fullTime(t, "0"),
      );
    case "DT":
      return dateTimeTest(wanted);
    case "PN": {
      const [alphabetic] = foldPersonName(wanted);
      const pattern = wildcard(alphabetic);
      return (stored) => foldPersonName(stored).some((group) => group !== "" && pattern.test(group));
    }
    case "UI":
      return (stored) => stored === wanted;
    case "IS":
    case "DS":
      return (stored) => stored.trim() !== "" && sameNumber(stored, wanted);
    case "LO":
    case "LT":
    case "SH":
    case "ST":
    case "UC":
    case "UT": {
      const pattern = wildcard(foldText(wanted));
      return (stored) => pattern.test(foldText(stored));
    }
    default: {
      const pattern = wildcard(wanted.trim());
      return (stored) => pattern.test(stored.trim());
    }
  }
}

function sameNumber(stored: string, wanted: string): boolean {
  return Number(stored) === Number(wanted) || plainNumber(stored) === plainNumber(wanted);
}

function rangeTest(
  wanted: string,
  lower: (text: string) => string,
  upper: (text: string) => string,
  point: (text: string) => string,
): (stored: string) => boolean {
  const [from, to] = ends(wanted, lower, upper);
  return (text) => {
    const stored = point(text);
    return stored !== "" && (from === "" || stored >= from) && (to === "" || stored <= to);
  };
}

/** DT values have an offset from UTC after a sign, so a range is parted by a hyphen that no offset follows. */
function dateTimeTest(wanted: string): (stored: string) => boolean {
  const parts = /^(\d*(?:\.\d+)?(?:[+-]\d{4}(?=-|$))?)(?:(-)(.*))?$/.exec(wanted);
  const [, first = wanted, dash, second = ""] = parts ?? [];
  const digits = (text: string, fill: string): string => {
    const plain = text.replace(/[+-]\d{4}$/, "").replace(".", "");
    return plain === "" ? "" : plain.padEnd(20, fill);
  };
  const from = digits(first, "0");
  const to = dash === undefined ? digits(first, "9") : digits(second, "9");
  return (text) => {
    const stored = digits(text, "0");
    return stored !== "" && (from === "" || stored >= from) && (to === "" || stored <= to);
  };
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

/**
 * `*` stands for any run of characters and `?` for one. Only the last `*` is ever tried again, so that patterns from the
 * wire cost at most their length times that of the text; a regular expression would not promise that.
 */
function wildcard(pattern: string): { test(text: string): boolean } {
  const wanted = Array.from(pattern);
  return {
    test(text) {
      const given = Array.from(text);
      let at = 0;
      let star = -1;
      let retry = 0;
      for (let index = 0; index < given.length; ) {
        if (wanted[at] === "*") {
          star = at++;
          retry = index;
        } else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === given[index])) {
          at++;
          index++;
        } else if (star >= 0) {
          at = star + 1;
          index = ++retry;
        } else return false;
      }
      while (wanted[at] === "*") at++;
      return at === wanted.length;
    },
  };
}
