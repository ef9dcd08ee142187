/**
 * Data sets as `-d` shows them. What may identify a patient is hidden unless it was asked for: of free text, names, dates
 * and all of group 0010 only the length is told.
 */
import { type DataSet, decodeDataSet, dictionaryEntry, formatTag, uidName, type Vr } from "@isocenter/dicom";
import { printable } from "../table.ts";

/** Values of these tell what was asked in which form, and not of whom. */
const harmless = new Set<Vr>(["CS", "AE", "AT", "UI", "US", "SS", "UL", "SL", "FL", "FD", "IS"]);
const longest = 64;

export function dataSetText(
  bytes: Uint8Array,
  transferSyntaxUid: string,
  { showPhi, isCut }: { readonly showPhi: boolean; readonly isCut: boolean },
): string[] {
  try {
    const dataSet = decodeDataSet(bytes, transferSyntaxUid);
    return [...lines(dataSet, showPhi, "")];
  } catch {
    // The beginning of a large object, or something else: told as what it is.
    return [`(${bytes.byteLength} bytes${isCut ? " of a longer data set" : " that are no data set"})`];
  }
}

function* lines(dataSet: DataSet, showPhi: boolean, indent: string): Generator<string> {
  for (const { tag, vr } of dataSet) {
    const name = dictionaryEntry(tag)?.keyword ?? "";
    if (vr === "SQ") {
      yield `${indent}${formatTag(tag)} SQ ${dataSet.items(tag).length} item(s)  # ${name}`;
      for (const item of dataSet.items(tag)) yield* lines(item, showPhi, `${indent}  `);
      continue;
    }
    yield `${indent}${formatTag(tag)} ${vr} ${valueText(dataSet, tag, vr, showPhi)}  # ${name}`;
  }
}

function valueText(dataSet: DataSet, tag: number, vr: Vr, showPhi: boolean): string {
  const length = dataSet.element(tag)?.length ?? 0;
  if (length === 0) return "(no value)";
  if (["OB", "OW", "OF", "OD", "OL", "OV", "UN"].includes(vr)) return `(${length} bytes)`;
  const isHidden = !showPhi && (!harmless.has(vr) || tag >>> 16 === 0x0010);
  if (isHidden) return `(hidden, ${length} bytes)`;
  const text = printable(dataSet.strings(tag).join("\\"));
  const meaning = vr === "UI" ? uidName(text) : undefined;
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return meaning === undefined ? `[${shown}]` : `[${shown}] ${meaning}`;
}
