/** Errors of the archive. Fields carry the facts; messages are for people and never hold patient data. */
import { IsocenterError } from "@isocenter/dicom";

export type ArchiveErrorCode =
  /** The data folder cannot be created, read or written. */
  | "data-folder-unusable"
  /** Another server process has the data folder open. */
  | "data-folder-in-use"
  /** The data folder was written by a newer version. */
  | "data-folder-too-new"
  /** The instance lacks a UID without which it cannot be filed. */
  | "instance-not-identifiable"
  /** The data set ended early or cannot be parsed. */
  | "instance-unreadable"
  /** There is no such instance. */
  | "instance-unknown"
  /** What the archive's index says is there is not. */
  | "object-missing"
  /** No space is left below. */
  | "storage-full"
  /** Another failure of the storage or the database below; trying again later may help. */
  | "storage-failed"
  /** A peer said that it could not send all of what was asked for. */
  | "retrieve-incomplete"
  /** Another instance with this UID is held, and the policy is to refuse. */
  | "instance-differs"
  /** There is no such study, or nothing in quarantine by this name. */
  | "study-unknown"
  | "quarantine-unknown"
  /** A change asked for that would make the archive inconsistent, or a value that DICOM does not allow. */
  | "edit-invalid"
  /** A zip file that is damaged, or larger inside than the limits allow. */
  | "zip-invalid"
  /** The query is not one that this source answers. */
  | "query-unsupported"
  /** The source cannot do this. */
  | "not-supported";

export class ArchiveError extends IsocenterError {
  override readonly name = "ArchiveError";
  declare readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}
