/** @isocenter/dicom: DICOM data sets, files and JSON. */
import "./dictionary/register.ts";

export { CharacterSet, type CharacterSetOptions } from "./charset/character-set.ts";
export { characterSetTerms } from "./charset/terms.ts";
export { DataSet } from "./data-set/data-set.ts";
export { type BulkData, bulkData, DataElement, type Fragment, type Fragments } from "./data-set/element.ts";
export { PersonName, type PersonNameGroup } from "./data-set/person-name.ts";
export type { AnyValue, DataSetInit, InitValue, Key, Keyword, ValueOf } from "./data-set/types.ts";
export {
  type DictionaryEntry,
  dictionaryEntry,
  keywordOf,
  parseTag,
  tagOf,
} from "./dictionary/dictionary.ts";
export { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from "./dictionary/implementation.ts";
export { SopClass } from "./dictionary/sop-classes.generated.ts";
export {
  TransferSyntax,
  type TransferSyntaxInfo,
  transferSyntaxes,
  transferSyntaxInfo,
} from "./dictionary/transfer-syntax.ts";
export { newUid, storageSopClasses, uidName } from "./dictionary/uids.ts";
export { decodeDataSet } from "./encoding/decode.ts";
export { DataSetParser, type ParserOptions } from "./encoding/parser.ts";
export { type EncodeOptions, encodeDataSet, encodeDataSetStream } from "./encoding/writer.ts";
export { DicomError, type DicomErrorCode, IsocenterError } from "./errors.ts";
export { type FromJsonOptions, fromDicomJson } from "./json/from-json.ts";
export {
  type DicomJsonElement,
  type DicomJsonObject,
  type DicomJsonPersonName,
  type DicomJsonValue,
  type ToJsonOptions,
  toDicomJson,
} from "./json/to-json.ts";
export {
  decodePart10,
  encodeFileMeta,
  encodePart10,
  encodePart10Stream,
  type FileMetaInit,
  type Part10,
  type RangeSource,
  readDataSet,
  readPart10,
} from "./part10/part10.ts";
export { Part10Parser } from "./part10/part10-parser.ts";
export { formatTag, isPrivate, type Tag, Tags, tagToHex } from "./tag.ts";
export { isVr, type Vr, type VrInfo, vrInfo, vrs } from "./vr.ts";
export { type ToXmlOptions, toNativeXml } from "./xml/native-xml.ts";
export { type Frames, framesOf } from "./frames/frames.ts";
export {
  decodedFrameBytes,
  nativeFrameBits,
  type PixelDescription,
  pixelDescription,
} from "./frames/pixel-description.ts";
export {
  type Deidentified,
  Deidentifier,
  type DeidentificationStep,
  deidentify,
  type DeidentifyOptions,
} from "./deidentify/deidentify.ts";
export { type DeidentificationOption, deidentificationOptions } from "./deidentify/rules.ts";
export { type DirectoryRecord, readDirectory, walkRecords } from "./dicomdir/read.ts";
export { type DirectoryEntry, encodeDirectory } from "./dicomdir/write.ts";
export { type Finding, type FindingCode, validate } from "./validate/validate.ts";
