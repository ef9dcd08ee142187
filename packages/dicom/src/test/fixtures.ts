/** Which fixture files are meant to be readable. For Node. */
import { readdirSync } from "node:fs";

/** A stray byte stands before its first element; the oracle's answer is one element of 38 kB of nonsense. */
const notDicom = "no-meta/no_meta.dcm";

/** @returns paths below `root`, those with an oracle that are neither malformed nor no DICOM at all */
export function readableFixtures(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".dump.json"))
    .map((name) => name.slice(0, -".dump.json".length))
    .filter((name) => !name.startsWith("malformed/") && name !== notDicom)
    .sort();
}
