/**
 * Defined terms of (0008,0005) Specific Character Set, PS3.3 C.12.1.1.2: which code element each designates, by which
 * escape sequence, and how its bytes become text.
 */

/** How the bytes of one code element become text. */
export type Repertoire =
  /** ISO 646; bytes 80–FF are invalid. */
  | { readonly kind: "ascii" }
  /** Latin-1, where TextDecoder would put windows-1252's characters over the C1 controls. */
  | { readonly kind: "latin1" }
  /** One byte a character in the upper half, by a TextDecoder label. */
  | { readonly kind: "single"; readonly label: string }
  /** JIS X 0201: katakana in the upper half, yen and overline in the lower. */
  | { readonly kind: "jis-x0201" }
  /** Two bytes in the lower half, moved to the upper for the decoder: JIS X 0208 and X 0212. */
  | { readonly kind: "jis-x0208" }
  | { readonly kind: "jis-x0212" }
  /** Two bytes in the upper half, ASCII in the lower. */
  | { readonly kind: "double"; readonly label: string }
  /** A whole encoding without code extensions: UTF-8, GB18030, GBK. */
  | { readonly kind: "whole"; readonly label: string };

export interface CodeElement {
  /** G0 is the lower half (00–7F), G1 the upper half (80–FF). */
  readonly half: "G0" | "G1";
  /** Escape sequence without its first byte 1B, as text. */
  readonly escape: string;
  readonly repertoire: Repertoire;
}

export interface CharacterSetTerm {
  readonly term: string;
  readonly elements: readonly CodeElement[];
  /** Code extensions may be used: the term is one of ISO 2022. */
  readonly extensions: boolean;
}

const ascii: Repertoire = { kind: "ascii" };
const jisX0201: Repertoire = { kind: "jis-x0201" };
const single = (label: string): Repertoire => ({ kind: "single", label });

/** ISO-IR number → final escape characters and repertoire of the G1 sets. */
const upperSets: readonly (readonly [number: string, escape: string, repertoire: Repertoire])[] = [
  ["100", "-A", { kind: "latin1" }],
  ["101", "-B", single("iso-8859-2")],
  ["109", "-C", single("iso-8859-3")],
  ["110", "-D", single("iso-8859-4")],
  ["144", "-L", single("iso-8859-5")],
  ["127", "-G", single("iso-8859-6")],
  ["126", "-F", single("iso-8859-7")],
  ["138", "-H", single("iso-8859-8")],
  ["148", "-M", single("windows-1254")],
  ["203", "-b", single("iso-8859-15")],
  ["166", "-T", single("windows-874")],
];

const lower = (escape: string, repertoire: Repertoire): CodeElement => ({ half: "G0", escape, repertoire });
const upper = (escape: string, repertoire: Repertoire): CodeElement => ({ half: "G1", escape, repertoire });
const asciiElement = lower("(B", ascii);
const romaji = lower("(J", jisX0201);
const katakana = upper(")I", jisX0201);

const terms = new Map<string, CharacterSetTerm>();
const add = (term: string, extensions: boolean, ...elements: CodeElement[]): void => {
  terms.set(term, { term, extensions, elements });
};

add("ISO_IR 6", false, asciiElement);
add("ISO 2022 IR 6", true, asciiElement);
for (const [number, escape, repertoire] of upperSets) {
  add(`ISO_IR ${number}`, false, asciiElement, upper(escape, repertoire));
  add(`ISO 2022 IR ${number}`, true, asciiElement, upper(escape, repertoire));
}
add("ISO_IR 13", false, romaji, katakana);
add("ISO 2022 IR 13", true, romaji, katakana);
add("ISO 2022 IR 87", true, lower("$B", { kind: "jis-x0208" }));
add("ISO 2022 IR 159", true, lower("$(D", { kind: "jis-x0212" }));
add("ISO 2022 IR 149", true, upper("$)C", { kind: "double", label: "euc-kr" }));
add("ISO 2022 IR 58", true, upper("$)A", { kind: "double", label: "gbk" }));
for (const [term, label] of [
  ["ISO_IR 192", "utf-8"],
  ["GB18030", "gb18030"],
  ["GBK", "gbk"],
  // Spellings that are not in the standard, met in files.
  ["ISO IR 192", "utf-8"],
  ["ISO 2022 IR 192", "utf-8"],
  ["ISO 2022 GBK", "gbk"],
  ["UTF-8", "utf-8"],
] as const) {
  add(term, false, upper("", { kind: "whole", label }));
}
add("ISO 2022 58", true, upper("$)A", { kind: "double", label: "gbk" }));

/** The default repertoire, for an empty value and where nothing else is said. */
export const defaultTerm = terms.get("ISO_IR 6") as CharacterSetTerm;

export function characterSetTerm(text: string): CharacterSetTerm | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return defaultTerm;
  return (
    terms.get(trimmed) ??
    terms.get(
      trimmed
        .toUpperCase()
        .replaceAll("-", " ")
        .replace(/^ISO IR/, "ISO_IR"),
    )
  );
}

/** Every term that this version reads and writes. */
export function characterSetTerms(): readonly string[] {
  return [...terms.keys()];
}
