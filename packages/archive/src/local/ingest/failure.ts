/** What went wrong with an instance, as the outcome and status that its sender gets (PS3.4 Table B.2-1). */
import { DicomError } from "@isocenter/dicom";
import { ArchiveError, type ArchiveErrorCode } from "../../errors.ts";
import type { InstanceStream, StoreOutcome } from "../../image-source.ts";
import { isCode } from "../objects/file-objects.ts";

/** A7xx out of resources, Cxxx cannot understand, 0110 processing failure, 0111 duplicate SOP instance (PS3.7 C). */
const statuses: Partial<Record<ArchiveErrorCode, number>> = {
  "instance-not-identifiable": 0xc000,
  "instance-differs": 0x0111,
  "storage-full": 0xa700,
  "storage-failed": 0xa700,
};

export function failure(instance: InstanceStream, error: unknown): StoreOutcome {
  const of = (status: number, reason: string): StoreOutcome => ({
    kind: "failed",
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    status,
    reason,
  });
  if (error instanceof DicomError) return of(0xc000, `The data set cannot be parsed: ${error.message}`);
  if (error instanceof ArchiveError) return of(statuses[error.code] ?? 0x0110, error.message);
  if (isCode(error, "ENOSPC", "EDQUOT")) return of(0xa700, "The archive's storage is full.");
  if (isCode(error, "EACCES", "EROFS", "EIO", "EMFILE", "ENFILE")) {
    const code = String((error as { code: unknown }).code);
    return of(0xa700, `The archive's storage cannot be written (${code}).`);
  }
  return of(0x0110, error instanceof Error ? error.message : String(error));
}
