/** @isocenter/archive: `ImageSource`, the local archive and remote peers behind it. */
export { DimsePeer, storeInstanceOf } from "./dimse/dimse-peer.ts";
export type { DimsePeerAddress, DimsePeerOptions, PeerConnect } from "./dimse/peer-address.ts";
export { MoveReceiver } from "./dimse/move-receiver.ts";
export { type InstanceOfFile, transcodeInstance } from "./dimse/transcode.ts";
export { DicomwebPeer, type DicomwebPeerOptions } from "./dicomweb/dicomweb-peer.ts";
export { DicomwebError, type DicomwebErrorCode } from "./dicomweb/errors.ts";
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
export { instanceFromChunks } from "./instance-from-chunks.ts";
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
export { type ArchiveCounts, LocalArchive, type LocalArchiveOptions } from "./local/local-archive.ts";
export type { Change, ChangeKind } from "./local/index/changes.ts";
export type { DuplicatePolicy } from "./local/ingest/ingest.ts";
export type { ChangesOptions } from "./local/manage/change-feed.ts";
export type { EditOptions } from "./local/manage/edit.ts";
export type { Exported, ExportOptions } from "./local/manage/export.ts";
export type { HistoryEntry } from "./local/manage/history.ts";
export type { Imported, ImportOptions } from "./local/manage/import.ts";
export type { QuarantinedInstance } from "./local/manage/quarantine.ts";
export type { Quota, QuotaResult } from "./local/manage/quota.ts";
export type { Reconciled, RebuildOptions } from "./local/manage/rebuild.ts";
export type { Problem, ProblemKind, Verified, VerifyOptions } from "./local/manage/verify.ts";
export { readZip, type ZipEntry, type ZipLimits } from "./zip.ts";
