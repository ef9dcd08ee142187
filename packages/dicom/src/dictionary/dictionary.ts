/** The data dictionary (PS3.6): keyword, name, VR, VM. Unpacked at the first question. */
import { tagFromText, type Tag, tagToHex } from "../tag.ts";
import { packedElements, packedRepeating, vms } from "./elements.generated.ts";
import { dictionaryVr, vrTable } from "./vr-of.ts";
import { repeatingVrs } from "./vrs.generated.ts";

export interface DictionaryEntry {
  readonly tag: Tag;
  readonly keyword: string;
  readonly name: string;
  /** Alternatives joined by `|`. */
  readonly vr: string;
  /** Value multiplicity as printed: `1`, `1-n`, `2-2n`. */
  readonly vm: string;
  readonly retired: boolean;
}

interface Unpacked {
  readonly lines: Map<Tag, string>;
  readonly tags: Map<string, Tag>;
  readonly repeating: readonly { readonly pattern: RegExp; readonly line: string }[];
}
let unpacked: Unpacked | undefined;

function unpack(): Unpacked {
  if (unpacked !== undefined) return unpacked;
  const lines = new Map<Tag, string>();
  const tags = new Map<string, Tag>();
  const all = packedElements.split("\n");
  let index = 0;
  for (const tag of vrTable().keys()) {
    const line = all[index++] ?? "";
    lines.set(tag, line);
    const keyword = line.slice(0, line.indexOf("|"));
    if (keyword !== "" && !tags.has(keyword)) tags.set(keyword, tag);
  }
  const repeatingLines = packedRepeating.split("\n");
  const repeating = repeatingVrs.map(([pattern], at) => {
    const line = repeatingLines[at] ?? "";
    // The keyword of a repeating group stands for its first one: OverlayRows is (6000,0010).
    const keyword = line.slice(0, line.indexOf("|"));
    if (!tags.has(keyword)) tags.set(keyword, Number.parseInt(pattern.replaceAll("x", "0"), 16));
    return { pattern: new RegExp(`^${pattern.replaceAll("x", "[0-9A-F]")}$`), line };
  });
  unpacked = { lines, tags, repeating };
  return unpacked;
}

export function dictionaryEntry(tag: Tag): DictionaryEntry | undefined {
  const line = lineOf(tag);
  const vr = dictionaryVr(tag);
  if (line === undefined || vr === undefined) return undefined;
  const [keyword = "", multiplicity = "", name] = line.split("|");
  return {
    tag,
    keyword,
    name: name ?? nameFromKeyword(keyword),
    vr,
    vm: vms[Number.parseInt(multiplicity, 36)] ?? "1",
    retired: multiplicity.endsWith("!"),
  };
}

/** `keywordOf(0x00100010)` is `"PatientName"`. */
export function keywordOf(tag: Tag): string | undefined {
  const line = lineOf(tag);
  const keyword = line?.slice(0, line.indexOf("|"));
  return keyword === "" ? undefined : keyword;
}

/** `tagOf("PatientName")` is `0x00100010`. */
export function tagOf(keyword: string): Tag | undefined {
  return unpack().tags.get(keyword);
}

/** A tag from `00100010`, `0010,0010`, `(0010,0010)` or a keyword. */
export function parseTag(text: string): Tag | undefined {
  return tagFromText(text) ?? tagOf(text);
}

function lineOf(tag: Tag): string | undefined {
  const { lines, repeating } = unpack();
  const line = lines.get(tag);
  if (line !== undefined || dictionaryVr(tag) === undefined) return line;
  const hex = tagToHex(tag);
  return repeating.find((one) => one.pattern.test(hex))?.line;
}

/** The same rule as in tools/generate.mjs, where only the names that break it are stored. */
function nameFromKeyword(keyword: string): string {
  return keyword.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
}
