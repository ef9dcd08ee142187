/** @isocenter/archive/dicomweb: DICOMweb messages and peers; runs wherever there are web streams and `fetch`. */
export { ArchiveError, type ArchiveErrorCode } from "../errors.ts";
export { DicomwebPeer, type DicomwebPeerOptions } from "./dicomweb-peer.ts";
export { DicomwebError, type DicomwebErrorCode } from "./errors.ts";
export { frameRangesOf } from "./frame-ranges.ts";
export { HeldInstances } from "./held-instances.ts";
export { HeldObject, holdInstance } from "./held-object.ts";
export { type MediaType, parseMediaType, parseMediaTypes } from "./media-type.ts";
export {
  boundaryOf,
  headerText,
  multipartEnd,
  type MultipartLimits,
  newBoundary,
  type Part,
  partHead,
  readMultipart,
} from "./multipart.ts";
export { fileHeadOf, instanceFromPart10 } from "./part10-instance.ts";
export { readNativeXml } from "./read-native-xml.ts";
export { chunksOf, ensuring, streamOf } from "./web-streams.ts";
