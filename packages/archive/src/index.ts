/** @isocenter/archive: `ImageSource`, the local archive and remote peers behind it. */
export { DimsePeer, storeInstanceOf } from "./dimse/dimse-peer.ts";
export type { DimsePeerAddress, DimsePeerOptions, PeerConnect } from "./dimse/peer-address.ts";
export { MoveReceiver } from "./dimse/move-receiver.ts";
export { transcodeInstance } from "./dimse/transcode.ts";
export { DicomwebPeer, type DicomwebPeerOptions } from "./dicomweb/dicomweb-peer.ts";
export { DicomwebError, type DicomwebErrorCode } from "./dicomweb/errors.ts";
export { ArchiveError, type ArchiveErrorCode } from "./errors.ts";
export {
  type FileInstance,
  instanceFromFile,
  instanceFromPart10File,
  isPart10File,
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
export type { Reconciled } from "./local/manage/rebuild.ts";
