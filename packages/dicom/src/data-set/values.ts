/** From an element's bytes to values: text by character set, numbers by word size (PS3.5 6.2). */
import { asciiText, type CharacterSet } from "../charset/character-set.ts";
import { DicomError } from "../errors.ts";
import { formatTag, tagToHex } from "../tag.ts";
import { vrInfo } from "../vr.ts";
import type { DataElement } from "./element.ts";

/** The values as text: one for unlimited text, several where backslashes separate; numbers in decimal. */
export function textValues(element: DataElement, charset: CharacterSet): readonly string[] {
  const given = element.other?.values;
  if (given !== undefined)
    return given.map((value) => (element.vr === "AT" ? tagToHex(Number(value)) : String(value)));
  const { buffer, offset, length } = element;
  if (buffer === undefined || length === 0) return [];
  const info = vrInfo(element.vr);
  if (info.kind === "tag") return numberValues(element).map(tagToHex);
  if (info.kind === "number")
    return isWide(element) ? bigintValues(element).map(String) : numberValues(element).map(String);
  if (info.kind !== "text" && element.vr !== "UN") return [];
  let end = offset + length;
  // Trailing padding: spaces for text, NUL for UIDs; writers mix them up, so both are taken.
  while (end > offset && (buffer[end - 1] === 0x20 || buffer[end - 1] === 0x00)) end--;
  if (end === offset) return info.multiple ? [""] : [];
  const single = singleAscii(
    buffer,
    offset,
    end,
    info.multiple && element.vr !== "UC" && element.vr !== "PN",
  );
  if (single !== undefined && element.vr !== "UN") return [single];
  if (!info.charset && element.vr !== "UN") {
    const text = asciiText(buffer, offset, end);
    return info.multiple ? splitTrimmed(text, element.vr) : [text];
  }
  const shape = element.vr === "PN" ? "person-name" : info.multiple ? "multiple" : "text";
  const text = (element.charset ?? charset).decode(buffer.subarray(offset, end), shape);
  return info.multiple ? splitTrimmed(text, element.vr) : [text];
}

/**
 * What most values are: one of them, in ASCII.
 * @returns undefined where there are several values, or characters that need the character set
 */
function singleAscii(buffer: Uint8Array, offset: number, end: number, trims: boolean): string | undefined {
  for (let at = offset; at < end; at++) {
    const byte = buffer[at] as number;
    if (byte === 0x5c || byte === 0x1b || byte >= 0x80) return undefined;
  }
  let start = offset;
  if (trims) while (start < end && buffer[start] === 0x20) start++;
  return asciiText(buffer, start, end);
}

function splitTrimmed(text: string, vr: string): readonly string[] {
  // Leading spaces mean nothing in most text VRs, PS3.5 6.2; names keep theirs inside components.
  const trim = (one: string): string =>
    vr === "UC" || vr === "PN" ? one.replace(/[ \0]+$/, "") : one.replace(/^ +|[ \0]+$/g, "");
  return text.includes("\\") ? text.split("\\").map(trim) : [trim(text)];
}

const isWide = (element: DataElement): boolean =>
  element.vr === "SV" || element.vr === "UV" || element.vr === "OV";

/** Numbers of binary VRs, and DS and IS parsed; NaN where the text is no number. */
export function numberValues(element: DataElement): readonly number[] {
  const given = element.other?.values;
  if (given !== undefined)
    return given.map((value) => (typeof value === "string" ? parseNumber(value) : Number(value)));
  const { buffer, offset, length, littleEndian } = element;
  if (buffer === undefined || length === 0) return [];
  // The commonest by far is one unsigned word.
  if (element.vr === "US" && length === 2) {
    const [low, high] = littleEndian ? [offset, offset + 1] : [offset + 1, offset];
    return [(buffer[low] as number) | ((buffer[high] as number) << 8)];
  }
  const view = new DataView(buffer.buffer, buffer.byteOffset + offset, length);
  const read = (size: number, one: (at: number) => number): number[] => {
    const numbers: number[] = [];
    for (let at = 0; at + size <= length; at += size) numbers.push(one(at));
    return numbers;
  };
  switch (element.vr) {
    case "US":
    case "OW":
      return read(2, (at) => view.getUint16(at, littleEndian));
    case "SS":
      return read(2, (at) => view.getInt16(at, littleEndian));
    case "UL":
    case "OL":
      return read(4, (at) => view.getUint32(at, littleEndian));
    case "SL":
      return read(4, (at) => view.getInt32(at, littleEndian));
    case "FL":
    case "OF":
      return read(4, (at) => view.getFloat32(at, littleEndian));
    case "FD":
    case "OD":
      return read(8, (at) => view.getFloat64(at, littleEndian));
    case "AT":
      return read(
        4,
        (at) => view.getUint16(at, littleEndian) * 0x10000 + view.getUint16(at + 2, littleEndian),
      );
    case "SV":
    case "UV":
    case "OV":
      return bigintValues(element).map(Number);
    case "OB":
    case "UN":
      return Array.from(buffer.subarray(offset, offset + length));
    default: {
      const text = asciiText(buffer, offset, offset + length);
      return text.trim() === "" ? [] : text.split("\\").map(parseNumber);
    }
  }
}

/** @throws DicomError `value-invalid` where a value is no whole number */
export function bigintValues(element: DataElement): readonly bigint[] {
  const given = element.other?.values;
  if (given !== undefined) return given.map((value) => wholeNumber(value, element));
  const { buffer, offset, length, littleEndian } = element;
  if (buffer === undefined) return [];
  if (!isWide(element)) return numberValues(element).map((value) => wholeNumber(Math.trunc(value), element));
  const view = new DataView(buffer.buffer, buffer.byteOffset + offset, length);
  const numbers: bigint[] = [];
  for (let at = 0; at + 8 <= length; at += 8) {
    numbers.push(
      element.vr === "SV" ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian),
    );
  }
  return numbers;
}

/** There is no NaN among whole numbers. */
function wholeNumber(value: string | number | bigint, { tag }: DataElement): bigint {
  try {
    return BigInt(value);
  } catch (cause) {
    throw new DicomError("value-invalid", `${formatTag(tag)} holds what is no whole number.`, { tag, cause });
  }
}

function parseNumber(text: string): number {
  const trimmed = text.replace(/[ \0]+/g, "");
  return trimmed === "" ? Number.NaN : Number(trimmed);
}
