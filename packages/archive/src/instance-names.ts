/** The UIDs that name an instance, from the beginning of its file. */
import type { Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "./errors.ts";

/**
 * @param what the file, as a message may call it
 * @throws ArchiveError `instance-not-identifiable` when a UID is missing
 */
export function namesOf(
  { dataSet, meta }: Part10Parser,
  what: string,
): { readonly sopClassUid: string; readonly sopInstanceUid: string } {
  const sopClassUid = dataSet.string("SOPClassUID") ?? meta.string("MediaStorageSOPClassUID");
  const sopInstanceUid = dataSet.string("SOPInstanceUID") ?? meta.string("MediaStorageSOPInstanceUID");
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new ArchiveError(
      "instance-not-identifiable",
      `${what} has no SOP Class UID or no SOP Instance UID.`,
    );
  }
  return { sopClassUid, sopInstanceUid };
}
