/** DICOM text as people read it: names, dates, times, ages. */

/** Both are empty where there is no name. `Lindqvist^Astrid` → `Lindqvist, Astrid`; a second group follows in its own script. */
export function personName(value: string | undefined): { readonly main: string; readonly other: string } {
  if (value === undefined || value.trim() === "") return { main: "", other: "" };
  const [alphabetic = "", ideographic = "", phonetic = ""] = value.split("=");
  const main = joinComponents(alphabetic, ", ");
  const other = joinComponents(ideographic, " ") || joinComponents(phonetic, " ");
  return main === "" ? { main: other, other: "" } : { main, other };
}

function joinComponents(group: string, separator: string): string {
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = group
    .split("^")
    .map((part) => part.trim());
  const first = [given, middle].filter((part) => part !== "").join(" ");
  const name = [family, first].filter((part) => part !== "").join(separator);
  return [prefix, name, suffix].filter((part) => part !== "").join(" ");
}

/** `20261116` → `2026-11-16`; anything else as it is. */
export function date(value: string | undefined): string {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(value ?? "");
  return match === null ? (value ?? "") : `${match[1]}-${match[2]}-${match[3]}`;
}

/** `153012.5` → `15:30`. */
export function time(value: string | undefined): string {
  const match = /^(\d{2})(\d{2})/.exec(value ?? "");
  return match === null ? "" : `${match[1]}:${match[2]}`;
}

/** Age at the study in full years, or in months below two years; empty where it cannot be told. */
export function age(birthDate: string | undefined, studyDate: string | undefined): string {
  const birth = /^(\d{4})(\d{2})(\d{2})$/.exec(birthDate ?? "");
  const study = /^(\d{4})(\d{2})(\d{2})$/.exec(studyDate ?? "");
  if (birth === null || study === null) return "";
  const [, by, bm, bd] = birth.map(Number);
  const [, sy, sm, sd] = study.map(Number);
  if (by === undefined || bm === undefined || bd === undefined) return "";
  if (sy === undefined || sm === undefined || sd === undefined) return "";
  const months = (sy - by) * 12 + (sm - bm) - (sd < bd ? 1 : 0);
  if (months < 0) return "";
  return months < 24 ? `${months} mo` : `${Math.floor(months / 12)} y`;
}
