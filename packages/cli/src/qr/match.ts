/** Attribute matching for an index in memory, PS3.4 C.2.2.2: single value, list of UID, wildcard, range, universal. */
import type { Vr } from "@isocenter/dicom";

/** @returns whether any of the stored values matches any of the wanted; no wanted value matches everything */
export function matches(vr: Vr, stored: readonly string[], wanted: readonly string[]): boolean {
  const patterns = wanted.filter((value) => value !== "");
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => stored.some((value) => matchesOne(vr, value, pattern)));
}

function matchesOne(vr: Vr, stored: string, pattern: string): boolean {
  switch (vr) {
    case "UI":
      return stored === pattern;
    case "DA":
    case "TM":
    case "DT":
      return inRange(vr, stored, pattern);
    case "PN":
      // A pattern without groups is tried on each of them: the archive's choice (PS3.4 C.2.2.2.1).
      return pattern.includes("=")
        ? isLike(folded(stored), folded(pattern))
        : stored.split("=").some((group) => isLike(folded(group), folded(pattern)));
    case "IS":
    case "DS":
      return stored.trim() === pattern.trim();
    default:
      return isLike(stored, pattern);
  }
}

/** Both ends belong to the range (PS3.4 C.2.2.2.5); a time of fewer digits means all moments that begin with it. */
function inRange(vr: Vr, stored: string, pattern: string): boolean {
  if (stored === "") return false;
  const value = plain(vr, stored);
  // In a date-time a hyphen may begin an offset from UTC; ranges of these are rare, and a plain prefix will do.
  const dash = vr === "DT" ? -1 : pattern.indexOf("-");
  if (dash < 0) return value.startsWith(plain(vr, pattern));
  const from = plain(vr, pattern.slice(0, dash));
  const to = plain(vr, pattern.slice(dash + 1));
  return (from === "" || value >= from) && (to === "" || value <= to || value.startsWith(to));
}

/** Old objects write dates with dots and times with colons. */
const plain = (vr: Vr, text: string): string =>
  vr === "DA" ? text.trim().replaceAll(".", "") : text.trim().replaceAll(":", "");

/** Names are compared without regard to case and accents, and with their empty last components left out. */
function folded(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split("=")
    .map((group) => group.trim().replace(/\^+$/, ""))
    .join("=");
}

/**
 * `*` is any run, `?` one character. Patterns come from the wire: this goes back to the last `*` alone, so that no
 * pattern takes longer than its length times the text's.
 */
function isLike(text: string, pattern: string): boolean {
  const [given, wanted] = [Array.from(text), Array.from(pattern)];
  let [at, next] = [0, 0];
  let star = -1;
  let resumed = 0;
  while (at < given.length) {
    if (wanted[next] === "*") {
      star = next++;
      resumed = at;
    } else if (next < wanted.length && (wanted[next] === "?" || wanted[next] === given[at])) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resumed;
    } else return false;
  }
  while (wanted[next] === "*") next++;
  return next === wanted.length;
}
