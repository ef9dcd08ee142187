/** A data set as rows of a tree: what stands in each, and which of them are open. */
import {
  type DataElement,
  type DataSet,
  dictionaryEntry,
  formatTag,
  isPrivate,
  keywordOf,
  tagToHex,
  uidName,
} from "@isocenter/dicom";
import { privateEntry } from "@isocenter/dicom/private";

export interface TagRow {
  /** Tags in hex and item numbers from 0: `00081115/0/0020000E`. */
  readonly path: string;
  readonly depth: number;
  readonly tag: string;
  readonly name: string;
  readonly vr: string;
  readonly length: number | undefined;
  readonly value: string;
  /** Of a sequence: its items; of others undefined. */
  readonly items: number | undefined;
  /** An item of a sequence, rather than an element. */
  readonly isItem: boolean;
  readonly element: DataElement | undefined;
  readonly creator: string | undefined;
}

/** Values longer than this are cut; the hex view has the rest. */
const longestValue = 240;

/** @param isOpen whether what is below a path is listed */
export function rowsOf(dataSet: DataSet, isOpen: (path: string) => boolean): TagRow[] {
  const rows: TagRow[] = [];
  addRows(dataSet, "", 0, isOpen, rows);
  return rows;
}

function addRows(
  dataSet: DataSet,
  prefix: string,
  depth: number,
  isOpen: (path: string) => boolean,
  rows: TagRow[],
): void {
  for (const element of dataSet) {
    const path = `${prefix}${tagToHex(element.tag)}`;
    const { items } = element;
    const creator = creatorOf(dataSet, element);
    rows.push({
      path,
      depth,
      tag: formatTag(element.tag),
      name: nameOf(element, creator),
      vr: element.vr,
      length: lengthOf(element),
      value: items === undefined ? valueOf(dataSet, element) : "",
      items: items?.length,
      isItem: false,
      element,
      creator,
    });
    if (items === undefined || !isOpen(path)) continue;
    items.forEach((item, index) => {
      const itemPath = `${path}/${index}`;
      rows.push({
        path: itemPath,
        depth: depth + 1,
        tag: "",
        name: String(index + 1),
        vr: "",
        length: undefined,
        value: "",
        items: item.size,
        isItem: true,
        element: undefined,
        creator: undefined,
      });
      if (isOpen(itemPath)) addRows(item, `${itemPath}/`, depth + 2, isOpen, rows);
    });
  }
}

function lengthOf({ bulk, fragments, length }: DataElement): number {
  if (fragments !== undefined) return fragments.fragments.reduce((sum, one) => sum + one.length, 0);
  return bulk?.length ?? length;
}

function creatorOf(dataSet: DataSet, { tag }: DataElement): string | undefined {
  if (!isPrivate(tag)) return undefined;
  const block = (tag & 0xff00) >>> 8;
  return block === 0 ? undefined : dataSet.string(tag - (tag & 0xffff) + block);
}

function nameOf({ tag }: DataElement, creator: string | undefined): string {
  const keyword = keywordOf(tag);
  if (keyword !== undefined) return keyword;
  if (isPrivate(tag) && (tag & 0xff00) === 0) return "PrivateCreator";
  if (creator !== undefined) return privateEntry(creator, tag)?.name ?? "";
  return dictionaryEntry(tag)?.keyword ?? "";
}

function valueOf(dataSet: DataSet, element: DataElement): string {
  if (element.isEmpty || isBinary(element)) return "";
  const values = dataSet.strings(element.tag);
  const text = values.map((value) => (element.vr === "UI" ? named(value) : value)).join(" \\ ");
  return text.length > longestValue ? `${text.slice(0, longestValue)} …` : text;
}

function named(uid: string): string {
  const name = uidName(uid);
  return name === undefined ? uid : `${uid} (${name})`;
}

const binary = new Set(["OB", "OW", "OD", "OF", "OL", "OV", "UN"]);
export const isBinary = ({ vr, fragments, bulk }: DataElement): boolean =>
  binary.has(vr) || fragments !== undefined || bulk !== undefined;

export function matchesRow(row: TagRow, words: string): boolean {
  const wanted = words.trim().toLowerCase();
  if (wanted === "") return true;
  const plainTag = row.tag.replace(/[(),]/g, "").toLowerCase();
  return (
    row.name.toLowerCase().includes(wanted) ||
    row.value.toLowerCase().includes(wanted) ||
    plainTag.includes(wanted.replace(/[(), ]/g, ""))
  );
}

/** 16 bytes a line: where, in hex, and as letters. */
export function hexLines(bytes: Uint8Array, limit = 4096): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, limit); at += 16) {
    const part = bytes.subarray(at, at + 16);
    const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = Array.from(part, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·",
    ).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${letters}`);
  }
  return lines;
}
