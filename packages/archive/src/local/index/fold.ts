/**
 * Folding: how texts are made comparable before they are matched.
 *
 * PS3.4 C.2.2.2.1 lets an archive match person names without regard to case, accents and spacing. The same folding is
 * applied to what is stored and to what is asked for, so that the index needs no functions of its own.
 */

/** Text as a column holds it: no database takes NUL in a text, and half of a surrogate pair is no character. */
export function columnText(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, "\uFFFD");
}

/** Letters that are no letter with a mark, and are written so by those who do not have them. */
const letters: Readonly<Record<string, string>> = {
  ß: "ss",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  ħ: "h",
  ı: "i",
  æ: "ae",
  œ: "oe",
  þ: "th",
};
const letterPattern = new RegExp(`[${Object.keys(letters).join("")}]`, "gu");

/**
 * Lower case without combining marks, runs of white space as one space: `"  NOVÁK  "` → `"novak"`. The marks that part
 * one kana from another stay.
 */
export function foldText(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text.toLowerCase();
  return columnText(text)
    .toLowerCase()
    .normalize("NFKD")
    .replace(/(?![\u3099\u309a])\p{M}/gu, "")
    .normalize("NFC")
    .toLowerCase()
    .replace(letterPattern, (letter) => letters[letter] ?? letter)
    .replace(/\s+/gu, " ")
    .trim();
}

/**
 * The three component groups of a person name (alphabetic, ideographic, phonetic), each folded and without trailing
 * empty components, so that `Doe^John^^^` and `DOE^JOHN` are the same name.
 */
export function foldPersonName(name: string): [string, string, string] {
  const groups = name
    .split("=", 3)
    .map((group) => group.split("^").map(foldText).join("^").replace(/\^+$/, ""));
  return [groups[0] ?? "", groups[1] ?? "", groups[2] ?? ""];
}

/** A TM value as `HHMMSS.FFFFFF` with what is missing filled by `fill`, so that times compare as text. */
export function fullTime(time: string, fill: "0" | "9"): string {
  const [whole = "", fraction = ""] = time.replaceAll(":", "").trim().split(".", 2);
  if (whole === "") return "";
  const most = "235959";
  const seconds =
    whole.length >= 6 ? whole.slice(0, 6) : whole + (fill === "0" ? "000000" : most).slice(whole.length);
  return `${seconds}.${fraction.padEnd(6, fill).slice(0, 6)}`;
}

/** A DA value as `YYYYMMDD`; the ACR-NEMA form `YYYY.MM.DD` is still met in files. */
export function plainDate(date: string): string {
  return date.replaceAll(".", "").trim();
}

/** The words of a folded name, in any group. */
export function nameWords(folded: string): string[] {
  return folded.split(/[\s^=,.'-]+/u).filter((word) => word !== "");
}

/**
 * How the words of a name sound, each between spaces: `" M460 A500 "`. PS3.4 C.2.2.2.1 leaves fuzzy matching to the
 * archive; this is the American Soundex, with words of other scripts as they are.
 */
export function nameSounds(folded: string): string {
  const codes = nameWords(folded).map(soundOf);
  return codes.length === 0 ? "" : ` ${codes.join(" ")} `;
}

export function soundOf(word: string): string {
  if (!/^[a-z]/.test(word)) return word;
  let code = word.charAt(0).toUpperCase();
  let last = digitOf(word.charAt(0));
  for (const letter of word.slice(1)) {
    const digit = digitOf(letter);
    if (digit !== "" && digit !== last) code += digit;
    // H and W do not part two letters of one sound, vowels do.
    if (letter !== "h" && letter !== "w") last = digit;
    if (code.length === 4) break;
  }
  return code.padEnd(4, "0");
}

function digitOf(letter: string): string {
  const index = ["bfpv", "cgjkqsxz", "dt", "l", "mn", "r"].findIndex((letters) => letters.includes(letter));
  return index < 0 ? "" : String(index + 1);
}
