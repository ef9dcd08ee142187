/**
 * Names of received files, from a pattern such as `{PatientID}/{StudyDate}/{SOPInstanceUID}.dcm`.
 *
 * What a peer sends decides names only inside its place: every value is reduced to letters, digits, dot, hyphen and
 * underscore, so no separator, dot folder or odd byte reaches the disk.
 */
import { createHash } from "node:crypto";
import type { DataSet } from "@isocenter/dicom";
import { tagOf } from "@isocenter/dicom";
import { UsageError } from "../usage-error.ts";

export const defaultPattern = "{SOPInstanceUID}.dcm";

/** Stands for the moment when the first instance of a study arrived. */
const arrival = "StudyArrival";
const longestPart = 96;

export interface NamedInstance {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  /** Undefined where {@link FileNames.needsHeader} is false. */
  readonly header: DataSet | undefined;
}

export class FileNames {
  /** Whether the data set has to be looked into. */
  readonly needsHeader: boolean;
  readonly #parts: readonly (string | { readonly keyword: string })[];
  readonly #arrivals = new Map<string, string>();

  /** @throws UsageError */
  constructor(pattern: string) {
    this.#parts = parse(pattern);
    this.needsHeader = this.#parts.some(
      (part) => typeof part !== "string" && !["SOPInstanceUID", "SOPClassUID"].includes(part.keyword),
    );
  }

  /** @returns a relative path with forward slashes */
  nameOf(instance: NamedInstance): string {
    return this.#parts
      .map((part) => (typeof part === "string" ? part : this.#value(part.keyword, instance)))
      .join("");
  }

  #value(keyword: string, { sopInstanceUid, sopClassUid, header }: NamedInstance): string {
    if (keyword === "SOPInstanceUID") return safePart(sopInstanceUid);
    if (keyword === "SOPClassUID") return safePart(sopClassUid);
    if (keyword === arrival) return this.#arrival(header?.string("StudyInstanceUID") ?? "");
    return safePart(header?.strings(keyword).join("-") ?? "");
  }

  #arrival(study: string): string {
    const known = this.#arrivals.get(study);
    if (known !== undefined) return known;
    const now = new Date().toISOString().replace(/[-:]/g, "").replace("T", "_").replace(/Z$/, "");
    this.#arrivals.set(study, now);
    if (this.#arrivals.size > 10_000) this.#arrivals.delete([...this.#arrivals.keys()][0] ?? "");
    return now;
  }
}

/** `-su PREFIX` and `-ss PREFIX` of storescp as patterns. */
export function studyPattern(prefix: string, by: "uid" | "arrival"): string {
  return `${prefix}_{${by === "uid" ? "StudyInstanceUID" : arrival}}/${defaultPattern}`;
}

/** A value as part of a file name; what had to be changed gets a digest, so that two values stay two names. */
export function safePart(value: string): string {
  const trimmed = value.trim();
  const safe = trimmed
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^\.+/, "_")
    .slice(0, longestPart);
  if (safe === "") return "none";
  if (safe === trimmed) return safe;
  return `${safe.slice(0, longestPart - 9)}-${createHash("sha256").update(value).digest("hex").slice(0, 8)}`;
}

function parse(pattern: string): (string | { keyword: string })[] {
  const parts = pattern.split(/(\{[^{}]*\})/).filter((part) => part !== "");
  const parsed = parts.map((part) => {
    if (!part.startsWith("{")) return part;
    const keyword = part.slice(1, -1);
    if (keyword !== arrival && tagOf(keyword) === undefined)
      throw new UsageError(`{${keyword}} is not a DICOM keyword: write for instance {StudyInstanceUID}.`);
    return { keyword };
  });
  const literal = parsed.map((part) => (typeof part === "string" ? part : "x")).join("");
  if (
    literal.startsWith("/") ||
    /[\\\0]/.test(literal) ||
    literal.split("/").some((name) => /^\.{0,2}$/.test(name))
  )
    throw new UsageError(`"${pattern}" must be a path below the output folder.`);
  if (!parsed.some((part) => typeof part !== "string" && part.keyword === "SOPInstanceUID"))
    throw new UsageError(`"${pattern}" needs {SOPInstanceUID}: each instance is a file of its own.`);
  return parsed;
}
