/**
 * Matching of text values in memory, PS3.4 C.2.2.2: single value, list, wildcard, range and universal matching, by the rules
 * that the database's conditions in `match.ts` follow. Knows no database.
 */
import { foldPersonName, foldText, fullTime, plainDate } from "./fold.ts";

/** @returns whether any of the stored values matches any of the wanted; no wanted value matches everything */
export function matchesText(vr: string, stored: readonly string[], wanted: readonly string[]): boolean {
  const patterns = wanted.filter((value) => value !== "");
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => {
    if (/^\*+$/.test(pattern)) return true;
    const test = textTest(vr, pattern);
    return stored.some((value) => test(value));
  });
}

/** @returns a test on one stored value, by the rules of its VR */
export function textTest(vr: string, wanted: string): (stored: string) => boolean {
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
    case "PN":
      return nameTest(wanted);
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

/**
 * A name with `=` is matched group by group; one without is tried on each group (PS3.4 C.2.2.2.1 leaves this to the
 * archive).
 */
function nameTest(wanted: string): (stored: string) => boolean {
  const patterns = foldPersonName(wanted).map(wildcard);
  const [only] = patterns;
  if (!wanted.includes("="))
    return (stored) => foldPersonName(stored).some((group) => group !== "" && only?.test(group) === true);
  const asked = foldPersonName(wanted).map((pattern) => pattern !== "");
  return (stored) =>
    foldPersonName(stored).every(
      (group, index) => asked[index] !== true || patterns[index]?.test(group) === true,
    );
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

/** The two ends of a range; the same for a single value. */
export function ends(
  value: string,
  lower: (text: string) => string,
  upper: (text: string) => string,
): [from: string, to: string] {
  const dash = value.indexOf("-");
  return dash < 0
    ? [lower(value), upper(value)]
    : [lower(value.slice(0, dash)), upper(value.slice(dash + 1))];
}

/** An IS or DS value by what it says: `007` and `7` are the same number (PS3.5 6.2). */
export function plainNumber(text: string): string {
  const trimmed = text.trim();
  return /^[+-]?\d{1,15}$/.test(trimmed) ? String(Number(trimmed)) : trimmed;
}

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
