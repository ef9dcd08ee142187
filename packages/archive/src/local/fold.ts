/**
 * Folding: how texts are made comparable before they are matched.
 *
 * PS3.4 C.2.2.2.1 lets an archive match person names without regard to case, accents and spacing. The same folding is
 * applied to what is stored and to what is asked for, so that the index needs no functions of its own.
 */

/** Lower case without combining marks, runs of white space as one space: `"  NOVÁK  "` → `"novak"`. */
export function foldText(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
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
