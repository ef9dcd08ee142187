/**
 * Text in and out of bytes, PS3.5 6.1: single character sets, ISO 2022 code extensions with their resets, and the whole
 * encodings (UTF-8, GB18030).
 */
import { DicomError } from "../errors.ts";
import {
  type CharacterSetTerm,
  type CodeElement,
  characterSetTerm,
  defaultTerm,
  type Repertoire,
} from "./terms.ts";

/** Which delimiters end a code extension (PS3.5 6.1.2.5.3): those of a person name, of several values, or of text. */
export type TextShape = "person-name" | "multiple" | "text";

export interface CharacterSetOptions {
  /** Used when (0008,0005) is missing or names nothing known, where bytes are not plain ASCII. */
  readonly fallback?: string;
  /** What to write for a character that the set cannot express; an error is thrown when left out. */
  readonly replacement?: string;
}

const escapeByte = 0x1b;

export class CharacterSet {
  readonly terms: readonly string[];
  readonly #sets: readonly CharacterSetTerm[];
  readonly #initialG0: Repertoire;
  readonly #initialG1: Repertoire | undefined;
  /** Set for UTF-8, GB18030 and GBK, which have no code extensions. */
  readonly #whole: string | undefined;

  private constructor(terms: readonly string[], sets: readonly CharacterSetTerm[]) {
    this.terms = terms;
    this.#sets = sets;
    const first = sets[0] ?? defaultTerm;
    this.#initialG0 = first.elements.find((one) => one.half === "G0" && isSingle(one))?.repertoire ?? {
      kind: "ascii",
    };
    this.#initialG1 = first.elements.find((one) => one.half === "G1")?.repertoire;
    const whole = first.elements[0]?.repertoire;
    this.#whole = whole?.kind === "whole" ? whole.label : undefined;
  }

  /** @param values of (0008,0005); none or only empty ones mean the fallback, or the default repertoire */
  static of(values: readonly string[], options: CharacterSetOptions = {}): CharacterSet {
    const given = values.some((value) => value.trim() !== "")
      ? values
      : options.fallback === undefined
        ? []
        : [options.fallback];
    const key = given.join("\\");
    const known = cache.get(key);
    if (known !== undefined) return known;
    const sets = given.flatMap((value) => characterSetTerm(value) ?? []);
    const fallback = options.fallback === undefined ? undefined : characterSetTerm(options.fallback);
    const set = new CharacterSet(given, sets.length > 0 ? sets : [fallback ?? defaultTerm]);
    if (cache.size < 200) cache.set(key, set);
    return set;
  }

  get isDefault(): boolean {
    return this.#whole === undefined && this.#sets.length === 1 && this.#initialG1 === undefined;
  }

  decode(bytes: Uint8Array, shape: TextShape): string {
    if (this.#whole !== undefined) return decoder(this.#whole).decode(bytes);
    if (isAscii(bytes)) return asciiText(bytes);
    if (!bytes.includes(escapeByte)) return this.#decodeRun(bytes, this.#initialG0, this.#initialG1);
    return this.#decodeExtended(bytes, shape);
  }

  /** @throws DicomError `text-unencodable` */
  encode(text: string, options: CharacterSetOptions = {}): Uint8Array {
    if (this.#whole === "utf-8") return new TextEncoder().encode(text);
    const out: number[] = [];
    let current: CodeElement | undefined;
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0;
      // Delimiters reset the code elements (PS3.5 6.1.2.5.3), so whatever follows one starts afresh.
      if (code < 0x20 || character === "^" || character === "=" || character === "\\") {
        if (current !== undefined && current.half === "G0")
          out.push(escapeByte, ...latin(this.#escapeOfFirst()));
        current = undefined;
        out.push(code);
        continue;
      }
      if (
        code < 0x80 &&
        (current === undefined || current.half === "G1") &&
        this.#initialG0.kind === "ascii"
      ) {
        out.push(code);
        continue;
      }
      const found = this.#find(character, current);
      if (found === undefined) {
        if (code < 0x80) {
          if (current?.half === "G0") out.push(escapeByte, ...latin(this.#escapeOfFirst()));
          current = undefined;
          out.push(code);
          continue;
        }
        if (options.replacement === undefined) {
          throw new DicomError(
            "text-unencodable",
            `U+${code.toString(16).toUpperCase().padStart(4, "0")} cannot be written in the character set ${this.terms.join("\\") || "ISO_IR 6"}.`,
          );
        }
        out.push(...latin(options.replacement));
        continue;
      }
      const { element, bytes } = found;
      if (element !== undefined && element !== current) {
        out.push(escapeByte, ...latin(element.escape));
        current = element;
      }
      out.push(...bytes);
    }
    if (current !== undefined && current.half === "G0") out.push(escapeByte, ...latin(this.#escapeOfFirst()));
    return Uint8Array.from(out);
  }

  #escapeOfFirst(): string {
    return this.#initialG0.kind === "jis-x0201" ? "(J" : "(B";
  }

  /** Bytes for one character; `element` when its code element has to be designated first. */
  #find(
    character: string,
    current: CodeElement | undefined,
  ): { element?: CodeElement; bytes: readonly number[] } | undefined {
    if (current !== undefined) {
      const bytes = encodeIn(current.repertoire, character);
      if (bytes !== undefined) return { element: current, bytes };
    }
    if (this.#whole !== undefined) {
      const bytes = encodeIn({ kind: "whole", label: this.#whole }, character);
      return bytes === undefined ? undefined : { bytes };
    }
    for (const repertoire of [this.#initialG1, this.#initialG0]) {
      if (repertoire === undefined || current?.half === "G0") continue;
      // A double-byte set has to be designated even as the first value.
      if (repertoire.kind === "double") continue;
      const bytes = encodeIn(repertoire, character);
      if (bytes !== undefined) return { bytes };
    }
    for (const set of this.#sets) {
      if (!set.extensions) continue;
      for (const element of set.elements) {
        if (element.repertoire.kind === "ascii") continue;
        const bytes = encodeIn(element.repertoire, character);
        if (bytes !== undefined) return { element, bytes };
      }
    }
    return undefined;
  }

  #decodeRun(bytes: Uint8Array, g0: Repertoire, g1: Repertoire | undefined): string {
    let text = "";
    let start = 0;
    while (start < bytes.length) {
      const isUpper = (bytes[start] ?? 0) >= 0x80;
      let end = start + 1;
      while (end < bytes.length && (bytes[end] ?? 0) >= 0x80 === isUpper) end++;
      // GBK and EUC-KR extensions may have a second byte in the lower half.
      if (isUpper && g1?.kind === "double") end = doubleEnd(bytes, start);
      const run = bytes.subarray(start, end);
      text += decodeIn(isUpper ? (g1 ?? { kind: "ascii" }) : g0, run);
      start = end;
    }
    return text;
  }

  #decodeExtended(bytes: Uint8Array, shape: TextShape): string {
    let g0 = this.#initialG0;
    let g1 = this.#initialG1;
    let text = "";
    let start = 0;
    const flush = (end: number): void => {
      if (end > start) text += this.#decodeRun(bytes.subarray(start, end), g0, g1);
    };
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === escapeByte) {
        flush(at);
        const element = matchEscape(bytes, at + 1);
        if (element === undefined) {
          start = at; // not a designation we know: shown as it is
          continue;
        }
        if (element.half === "G0") g0 = element.repertoire;
        else g1 = element.repertoire;
        at += element.escape.length;
        start = at + 1;
      } else if (resets(byte, shape) && (g0.kind === "ascii" || g0.kind === "jis-x0201" || byte < 0x20)) {
        flush(at);
        text += String.fromCharCode(byte);
        start = at + 1;
        g0 = this.#initialG0;
        g1 = this.#initialG1;
      }
    }
    flush(bytes.length);
    return text;
  }
}

const cache = new Map<string, CharacterSet>();

const isSingle = (element: CodeElement): boolean =>
  element.repertoire.kind === "ascii" || element.repertoire.kind === "jis-x0201";

function resets(byte: number, shape: TextShape): boolean {
  if (byte === 0x0a || byte === 0x0c || byte === 0x0d || byte === 0x09) return true;
  if (shape === "text") return false;
  return byte === 0x5c || (shape === "person-name" && (byte === 0x5e || byte === 0x3d));
}

/** Escape sequences are recognised whether or not (0008,0005) announces them: files exist that forget to. */
const escapes: readonly CodeElement[] = [
  "ISO 2022 IR 6",
  "ISO 2022 IR 100",
  "ISO 2022 IR 101",
  "ISO 2022 IR 109",
  "ISO 2022 IR 110",
  "ISO 2022 IR 144",
  "ISO 2022 IR 127",
  "ISO 2022 IR 126",
  "ISO 2022 IR 138",
  "ISO 2022 IR 148",
  "ISO 2022 IR 203",
  "ISO 2022 IR 13",
  "ISO 2022 IR 166",
  "ISO 2022 IR 87",
  "ISO 2022 IR 159",
  "ISO 2022 IR 149",
  "ISO 2022 IR 58",
].flatMap((term) => characterSetTerm(term)?.elements ?? []);

function matchEscape(bytes: Uint8Array, at: number): CodeElement | undefined {
  return escapes.find((element) => {
    for (let index = 0; index < element.escape.length; index++) {
      if (bytes[at + index] !== element.escape.charCodeAt(index)) return false;
    }
    return true;
  });
}

function doubleEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && (bytes[end] ?? 0) >= 0x80) end += 2;
  return Math.min(end, bytes.length);
}

const decoders = new Map<string, TextDecoder>();
function decoder(label: string): TextDecoder {
  let found = decoders.get(label);
  if (found === undefined) decoders.set(label, (found = new TextDecoder(label, { ignoreBOM: true })));
  return found;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte >= 0x80 || byte === escapeByte) return false;
  }
  return true;
}

/** Short text is faster by hand than through a TextDecoder, and eight characters at a time than one by one. */
export function asciiText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start > 200) return decoder("windows-1252").decode(bytes.subarray(start, end));
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      bytes[at + 5] as number,
      bytes[at + 6] as number,
      bytes[at + 7] as number,
    );
  }
  for (; at + 2 <= end; at += 2) text += String.fromCharCode(bytes[at] as number, bytes[at + 1] as number);
  return at < end ? text + String.fromCharCode(bytes[at] as number) : text;
}

function decodeIn(repertoire: Repertoire, bytes: Uint8Array): string {
  switch (repertoire.kind) {
    case "ascii":
      // Bytes 80–FF are not text here; each becomes the replacement character rather than a guess.
      return Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : "\ufffd")).join("");
    case "latin1":
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    case "single":
      return decoder(repertoire.label).decode(bytes);
    case "jis-x0201":
      return Array.from(bytes, (byte) =>
        byte === 0x5c
          ? "\\"
          : byte === 0x7e
            ? "\u203e"
            : byte >= 0xa1 && byte <= 0xdf
              ? String.fromCharCode(0xff61 + byte - 0xa1)
              : String.fromCharCode(byte),
      ).join("");
    case "jis-x0208":
      return decoder("euc-jp").decode(bytes.map((byte) => (byte >= 0x21 ? byte | 0x80 : byte)));
    case "jis-x0212": {
      const prefixed: number[] = [];
      for (let index = 0; index < bytes.length; index += 2) {
        prefixed.push(0x8f, (bytes[index] ?? 0) | 0x80, (bytes[index + 1] ?? 0) | 0x80);
      }
      return decoder("euc-jp").decode(Uint8Array.from(prefixed));
    }
    case "double":
    case "whole":
      return decoder(repertoire.label).decode(bytes);
  }
}

/** Reverse tables, made at the first use by decoding every code of the set. */
const reverse = new Map<string, Map<string, readonly number[]>>();

function encodeIn(repertoire: Repertoire, character: string): readonly number[] | undefined {
  const code = character.codePointAt(0) ?? 0;
  switch (repertoire.kind) {
    case "ascii":
      return code < 0x80 ? [code] : undefined;
    case "latin1":
      return code < 0x100 ? [code] : undefined;
    case "jis-x0201":
      if (code >= 0xff61 && code <= 0xff9f) return [code - 0xff61 + 0xa1];
      if (character === "\u203e") return [0x7e];
      if (character === "\u00a5") return [0x5c];
      return code < 0x7e ? [code] : undefined;
    case "single":
      return code < 0x80 ? [code] : table(`1 ${repertoire.label}`, repertoire, oneByteCodes).get(character);
    case "jis-x0208":
    case "jis-x0212":
      return table(repertoire.kind, repertoire, lowDoubleCodes).get(character);
    case "double":
    case "whole": {
      if (code < 0x80) return [code];
      const found = table(`2 ${repertoire.label}`, repertoire, highDoubleCodes).get(character);
      if (found !== undefined || repertoire.label !== "gb18030") return found;
      // Characters beyond the basic plane lie in one run of four-byte codes; the others fill the gaps of the two-byte ones.
      return code >= 0x10000
        ? fourBytes(0x2e248 + code - 0x10000)
        : table("4 gb18030", repertoire, lowQuadrupleCodes).get(character);
    }
  }
}

function table(
  name: string,
  repertoire: Repertoire,
  codes: () => Generator<readonly number[]>,
): Map<string, readonly number[]> {
  const known = reverse.get(name);
  if (known !== undefined) return known;
  const made = new Map<string, readonly number[]>();
  for (const code of codes()) {
    const text = decodeIn(repertoire, Uint8Array.from(code));
    if (!text.includes("\ufffd") && Array.from(text).length === 1 && !made.has(text)) made.set(text, code);
  }
  reverse.set(name, made);
  return made;
}

function* oneByteCodes(): Generator<readonly number[]> {
  for (let byte = 0x80; byte <= 0xff; byte++) yield [byte];
}

function* lowDoubleCodes(): Generator<readonly number[]> {
  for (let first = 0x21; first <= 0x7e; first++)
    for (let second = 0x21; second <= 0x7e; second++) yield [first, second];
}

function* highDoubleCodes(): Generator<readonly number[]> {
  for (let first = 0x81; first <= 0xfe; first++)
    for (let second = 0x40; second <= 0xfe; second++) yield [first, second];
}

/** The code at a place in GB18030's four-byte order, which begins at 81308130. */
function fourBytes(place: number): readonly number[] {
  return [
    0x81 + Math.floor(place / 12_600),
    0x30 + (Math.floor(place / 1260) % 10),
    0x81 + (Math.floor(place / 10) % 126),
    0x30 + (place % 10),
  ];
}

/** 81308130 to 8431A439: all of the basic plane that has no two-byte code. */
function* lowQuadrupleCodes(): Generator<readonly number[]> {
  for (let place = 0; place < 39_420; place++) yield fourBytes(place);
}

const latin = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0) & 0xff);
