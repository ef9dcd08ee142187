/**
 * Compares a data set with the `dump.json` beside a fixture, by the rules of fixtures/README.md. For tests only.
 *
 * It does not know pixels: frames have oracles of their own.
 */
import type { DataSet } from "../data-set/data-set.ts";
import type { DataElement } from "../data-set/element.ts";
import { formatTag } from "../tag.ts";
import { vrInfo } from "../vr.ts";

export interface OracleElement {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly raw?: readonly string[] | string;
  readonly count?: number;
  readonly first?: readonly unknown[];
  readonly last?: readonly unknown[];
  readonly sha256?: string;
  readonly bytes?: number;
  readonly fragments?: readonly { readonly bytes: number; readonly sha256: string }[];
}
export type OracleDataSet = Readonly<Record<string, OracleElement>>;

/** By Web Crypto, so that the same comparison runs in every runtime. */
async function sha256(data: Uint8Array | string): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : Uint8Array.from(data);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @returns one line per difference */
export async function differences(dataSet: DataSet, oracle: OracleDataSet, path = ""): Promise<string[]> {
  const found: string[] = [];
  const seen = new Set<string>();
  for (const element of dataSet) {
    const key = element.tag.toString(16).toUpperCase().padStart(8, "0");
    const expected = oracle[key];
    seen.add(key);
    // Group lengths may be dropped on either side.
    if (element.tag % 0x10000 === 0 && expected === undefined) continue;
    const place = `${path}${formatTag(element.tag)}`;
    if (expected === undefined) found.push(`${place}: not in the oracle`);
    else found.push(...(await elementDifferences(dataSet, element, expected, place)));
  }
  for (const key of Object.keys(oracle)) {
    if (!seen.has(key) && !key.endsWith("0000")) found.push(`${path}${key}: missing`);
  }
  return found;
}

async function elementDifferences(
  dataSet: DataSet,
  element: DataElement,
  expected: OracleElement,
  place: string,
): Promise<string[]> {
  const { vr, tag } = element;
  if (expected.fragments !== undefined) {
    // The dumps list the offset table as the first fragment.
    const { offsetTable, fragments = [] } = element.fragments ?? {};
    const all = [offsetTable, ...fragments.map((one) => one.bytes)];
    const actual = await Promise.all(
      all.map(async (bytes = new Uint8Array(0)) => ({
        bytes: bytes.byteLength,
        sha256: await sha256(bytes),
      })),
    );
    return same(
      place,
      actual,
      expected.fragments.map(({ bytes, sha256: hash }) => ({ bytes, sha256: hash })),
    );
  }
  if (vr === "SQ" || expected.vr === "SQ") {
    const items = (expected.Value ?? []) as readonly OracleDataSet[];
    const actual = dataSet.items(tag);
    if (actual.length !== items.length) return [`${place}: ${actual.length} items, not ${items.length}`];
    const inItems = await Promise.all(
      actual.map((item, index) => differences(item, items[index] ?? {}, `${place}[${index}].`)),
    );
    return inItems.flat();
  }
  // UN is as good an answer as a VR from a private dictionary, and the other way round.
  if (vr !== expected.vr) {
    const unknown = vr === "UN" || expected.vr === "UN";
    return unknown ? [] : [`${place}: VR ${vr}, not ${expected.vr}`];
  }
  if (expected.bytes !== undefined) {
    const bytes = dataSet.bytes(tag) ?? new Uint8Array(0);
    return same(place, [bytes.byteLength, await sha256(bytes)], [expected.bytes, expected.sha256]);
  }
  return valueDifferences(dataSet, element, expected, place);
}

async function valueDifferences(
  dataSet: DataSet,
  { vr, tag }: DataElement,
  expected: OracleElement,
  place: string,
): Promise<string[]> {
  const { kind } = vrInfo(vr);
  const actual: readonly unknown[] =
    vr === "SV" || vr === "UV"
      ? dataSet.bigints(tag).map(Number)
      : kind === "number"
        ? dataSet.numbers(tag)
        : vr === "DS" || vr === "IS"
          ? dataSet.strings(tag).map((text) => (text.trim() === "" ? null : Number(text)))
          : dataSet.strings(tag);
  if (expected.count !== undefined) {
    return [
      ...same(`${place} count`, actual.length, expected.count),
      ...same(
        `${place} first`,
        actual.slice(0, 3).map(String),
        (expected.first ?? []).map(plain).map(String),
      ),
      ...same(`${place} last`, actual.slice(-3).map(String), (expected.last ?? []).map(plain).map(String)),
    ];
  }
  const long = (expected as { readonly sha256_utf8?: string }).sha256_utf8;
  if (long !== undefined) return same(place, await sha256(actual.join("\\")), long);
  return same(place, comparable(actual, vr), comparable((expected.Value ?? []).map(plain), vr));
}

/** An all-empty value and no value are the same; text is compared without padding. */
function comparable(values: readonly unknown[], vr: string): readonly unknown[] {
  const trimmed = values.map((value) => {
    if (value === null || value === undefined) return "";
    if (typeof value !== "string") return Object.is(value, -0) ? 0 : value;
    const text = vr === "PN" ? value.replace(/=+$/, "").replace(/\^+(?==|$)/g, "") : value;
    return text.trim();
  });
  return trimmed.every((value) => value === "") ? [] : trimmed;
}

function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { Alphabetic = "", Ideographic = "", Phonetic = "" } = value as Record<string, string>;
  return [Alphabetic, Ideographic, Phonetic].join("=").replace(/=+$/, "");
}

function same(place: string, actual: unknown, expected: unknown): string[] {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  return left === right ? [] : [`${place}: ${left?.slice(0, 200)}, not ${right?.slice(0, 200)}`];
}

/** What a data set says in whole, for comparing two of them; group lengths and padding apart. */
export function meaning(dataSet: DataSet): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const element of dataSet) {
    if (element.tag % 0x10000 !== 0) out[formatTag(element.tag)] = elementMeaning(dataSet, element);
  }
  return out;
}

function elementMeaning(dataSet: DataSet, { tag, vr, fragments }: DataElement): unknown {
  if (vr === "SQ") return dataSet.items(tag).map(meaning);
  if (fragments !== undefined) return fragments.fragments.map(({ bytes }) => text(bytes));
  const { kind } = vrInfo(vr);
  if (vr === "SV" || vr === "UV") return dataSet.bigints(tag).map(String);
  if (kind === "number" || kind === "tag") return dataSet.numbers(tag).map(String);
  if (kind === "text") return dataSet.strings(tag);
  return text(dataSet.bytes(tag));
}

/** Bytes as text, which compares quickly. */
function text(bytes: Uint8Array = new Uint8Array(0)): string {
  return new TextDecoder("windows-1252").decode(bytes);
}
