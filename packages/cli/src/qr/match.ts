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
        ? wildcard(folded(pattern)).test(folded(stored))
        : stored.split("=").some((group) => wildcard(folded(pattern)).test(folded(group)));
    case "IS":
    case "DS":
      return stored.trim() === pattern.trim();
    default:
      return wildcard(pattern).test(stored);
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

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  // Runs of * are one *: patterns come from the wire, and nested repetition would make the match exponential.
  return new RegExp(`^${escaped.replace(/\*+/g, "[^]*").replaceAll("?", "[^]")}$`, "u");
}
