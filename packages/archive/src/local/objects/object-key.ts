/** Where an instance's object is: `objects/<study>/<series>/<instance>.dcm`, a tree that people can read. */
import { createHash, randomBytes } from "node:crypto";
import type { InstanceKey } from "../../image-source.ts";

export const objectsPrefix = "objects/";
export const quarantinePrefix = "quarantine/";

/**
 * @param suffix tells two objects of one instance apart: where a name was taken, and in stores that several processes
 * share, where no one knows whether it is
 */
export function objectKey(uids: InstanceKey, suffix = ""): string {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = uids;
  return `${seriesPrefix(studyInstanceUid, seriesInstanceUid)}${safeName(sopInstanceUid)}${suffix}.dcm`;
}

export function seriesPrefix(studyUid: string, seriesUid: string): string {
  return `${objectsPrefix}${safeName(studyUid)}/${safeName(seriesUid)}/`;
}

/** @returns a suffix that no object has yet */
export function newSuffix(): string {
  return `~${randomBytes(6).toString("hex")}`;
}

/** @returns the suffix that makes `key` the key of these UIDs, or undefined when none does */
export function suffixOf(key: string, uids: InstanceKey): string | undefined {
  const usual = objectKey(uids).slice(0, -".dcm".length);
  const rest = key.startsWith(usual) ? key.slice(usual.length) : undefined;
  return rest !== undefined && /^(~[0-9a-f]{1,32})?\.dcm$/.test(rest)
    ? rest.slice(0, -".dcm".length)
    : undefined;
}

/** The UID itself where it is one (PS3.5 9.1), otherwise a hash: no separator, dot folder or odd byte gets into a name. */
export function safeName(uid: string): string {
  if (/^[0-9]+(\.[0-9]+)*$/.test(uid) && uid.length <= 64) return uid;
  return `uid-${createHash("sha256").update(uid).digest("hex").slice(0, 40)}`;
}
