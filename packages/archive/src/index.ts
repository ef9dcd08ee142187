/** @isocenter/archive: `ImageSource`, the local archive and remote peers behind it. */
export { DimsePeer, type DimsePeerAddress } from "./dimse/dimse-peer.ts";
export { ArchiveError, type ArchiveErrorCode } from "./errors.ts";
export {
  blockingFiles,
  type FileAccess,
  type FileInstance,
  instanceFromFile,
  instanceFromPart10File,
  isPart10File,
  type OpenFile,
  patientFiles,
  walkFiles,
} from "./files.ts";
export {
  type ByteRange,
  type CallOptions,
  type ImageSource,
  type InstanceKey,
  type InstanceObject,
  type InstanceStream,
  type Query,
  type QueryLevel,
  queryLevels,
  type Selection,
  type SourceCapabilities,
  type StoreOutcome,
  type StoreOutcomeKind,
} from "./image-source.ts";
export { type ArchiveCounts, LocalArchive } from "./local/local-archive.ts";
export type { Reconciled } from "./local/reconcile.ts";
