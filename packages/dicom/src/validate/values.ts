/** Values against their VR: length, repertoire and form, PS3.5 6.2. */
import type { Vr } from "../vr.ts";

interface TextRule {
  /** Characters of one value at most. */
  readonly length?: number;
  readonly pattern?: RegExp;
  readonly says: string;
}

const anyText = /^[^\\\p{Cc}]*$/u;
const paragraphs = /^(?:[^\p{Cc}]|[\t\n\f\r])*$/u;

const rules: Partial<Record<Vr, TextRule>> = {
  AE: { length: 16, pattern: /^[\x20-\x5b\x5d-\x7e]*$/, says: "up to 16 characters without backslash" },
  AS: { pattern: /^\d{3}[DWMY]$/, says: "three digits and D, W, M or Y" },
  CS: {
    length: 16,
    pattern: /^[A-Z0-9 _]*$/,
    says: "up to 16 capital letters, digits, spaces and underscores",
  },
  DA: { pattern: /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/, says: "a date YYYYMMDD" },
  DS: {
    length: 16,
    pattern: /^ *[+-]?(\d+(\.\d*)?|\.\d+)(E[+-]?\d+)? *$/i,
    says: "a decimal number in up to 16 characters",
  },
  DT: {
    pattern:
      /^\d{4}((0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?)?)?)?([+-](0\d|1[0-4])[0-5]\d)?$/,
    says: "a date and time YYYYMMDDHHMMSS.FFFFFF&ZZXX",
  },
  IS: { length: 12, pattern: /^ *[+-]?\d+ *$/, says: "a whole number in up to 12 characters" },
  LO: { length: 64, pattern: anyText, says: "up to 64 characters" },
  LT: { length: 10_240, pattern: paragraphs, says: "up to 10,240 characters" },
  PN: { pattern: anyText, says: "up to 64 characters in each of three groups" },
  SH: { length: 16, pattern: anyText, says: "up to 16 characters" },
  ST: { length: 1024, pattern: paragraphs, says: "up to 1,024 characters" },
  TM: { pattern: /^([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?$/, says: "a time HHMMSS.FFFFFF" },
  UC: { pattern: anyText, says: "text without control characters" },
  UI: {
    length: 64,
    pattern: /^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/,
    says: "a UID: numbers and dots, up to 64 characters",
  },
  UR: { pattern: /^[\x21-\x7e]*$/, says: "a URI" },
  UT: { pattern: paragraphs, says: "text" },
};

/** Attributes whose CS values are character set terms may hold a hyphen in old files; nothing else is excepted. */
export function valueProblem(vr: Vr, value: string): string | undefined {
  const rule = rules[vr];
  if (rule === undefined || value === "") return undefined;
  const { length, pattern, says } = rule;
  if (length !== undefined && Array.from(value).length > length) return says;
  if (pattern !== undefined && !pattern.test(value)) return says;
  if (vr === "PN") return nameProblem(value) ? says : undefined;
  if (vr === "DA") return isDay(value) ? undefined : "a day of the calendar";
  if (vr === "IS" && Math.abs(Number(value)) > 2 ** 31) return "a number of 32 bits";
  return undefined;
}

function nameProblem(value: string): boolean {
  const groups = value.split("=");
  return (
    groups.length > 3 || groups.some((group) => Array.from(group).length > 64 || group.split("^").length > 5)
  );
}

function isDay(value: string): boolean {
  const [year, month, day] = [Number(value.slice(0, 4)), Number(value.slice(4, 6)), Number(value.slice(6))];
  return new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDate() === day;
}

/** Whether a number of values fits a multiplicity as the dictionary prints it: `1`, `1-3`, `2-2n`, `1-n`. */
export function fitsMultiplicity(count: number, vm: string): boolean {
  const alternatives = vm.split(" or ");
  return alternatives.some((one) => {
    const match = /^(\d+)(?:-(\d*)(n?))?$/.exec(one.trim());
    if (match === null) return true;
    const [, least = "1", most, open] = match;
    if (most === undefined && open === undefined) return count === Number(least);
    if (open === "n")
      return count >= Number(least) && (most === "" || most === undefined || count % Number(most) === 0);
    return count >= Number(least) && count <= Number(most);
  });
}
