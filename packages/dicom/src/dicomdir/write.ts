/** A DICOMDIR for instances, PS3.3 F: records in file order with the offsets that chain them. */
import "../dictionary/register.ts";
import { DataSet } from "../data-set/data-set.ts";
import type { InitValue } from "../data-set/types.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { encodeFileMeta } from "../part10/part10.ts";
import { DicomError } from "../errors.ts";
import { encodeDataSet } from "../encoding/writer.ts";
import { newUid } from "../dictionary/uids.ts";
import { otherKeys, recordKeys, recordTypeOf } from "./record-types.ts";

const mediaStorageDirectory = "1.2.840.10008.1.3.10";
const { ExplicitVRLittleEndian } = TransferSyntax;

export interface DirectoryEntry {
  /** At least what identifies the instance and its patient, study and series. */
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  /** 1 to 8 components of 1 to 8 capital letters, digits and underscores (PS3.10 8.2). */
  readonly fileId: readonly string[];
}

interface Node {
  readonly key: string;
  readonly dataSet: DataSet;
  readonly children: Node[];
}

/**
 * @returns the bytes of the file DICOMDIR
 * @throws DicomError `directory-invalid` for a file ID that media do not allow, or an instance without UIDs
 */
export function encodeDirectory(
  entries: readonly DirectoryEntry[],
  options: { readonly fileSetId?: string } = {},
): Uint8Array {
  const roots: Node[] = [];
  for (const entry of entries) add(roots, entry);
  const sopInstanceUid = newUid();
  const head = encodeFileMeta({
    sopClassUid: mediaStorageDirectory,
    sopInstanceUid,
    transferSyntaxUid: ExplicitVRLittleEndian,
  });
  const records = flattened(roots);
  const before = directory(options.fileSetId ?? "", 0, 0, []);
  // All offsets have four bytes, so lengths do not depend on them: once to measure, once to write.
  const start = head.byteLength + encodeDataSet(before, ExplicitVRLittleEndian).byteLength;
  const offsets = new Map<Node, number>();
  let at = start;
  for (const { node } of records) {
    offsets.set(node, at);
    at +=
      8 +
      encodeDataSet(linked(node, 0, 0), ExplicitVRLittleEndian, { sequences: "explicit-length" }).byteLength;
  }
  const offsetOf = (node: Node | undefined): number => (node === undefined ? 0 : (offsets.get(node) ?? 0));
  const items = records.map(({ node, next }) => linked(node, offsetOf(next), offsetOf(node.children[0])));
  const dataSet = directory(options.fileSetId ?? "", offsetOf(roots[0]), offsetOf(roots.at(-1)), items);
  const body = encodeDataSet(dataSet, ExplicitVRLittleEndian, { sequences: "explicit-length" });
  const bytes = new Uint8Array(head.byteLength + body.byteLength);
  bytes.set(head);
  bytes.set(body, head.byteLength);
  return bytes;
}

function directory(fileSetId: string, first: number, last: number, items: readonly DataSet[]): DataSet {
  return DataSet.of({
    FileSetID: fileSetId,
    OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity: first,
    OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity: last,
    FileSetConsistencyFlag: 0,
    DirectoryRecordSequence: items,
  });
}

function linked({ dataSet }: Node, next: number, lower: number): DataSet {
  return dataSet.merge(
    DataSet.of({
      OffsetOfTheNextDirectoryRecord: next,
      RecordInUseFlag: 0xffff,
      OffsetOfReferencedLowerLevelDirectoryEntity: lower,
    }),
  );
}

function add(roots: Node[], entry: DirectoryEntry): void {
  const { dataSet, fileId, transferSyntaxUid } = entry;
  const sopClassUid = dataSet.string("SOPClassUID");
  const sopInstanceUid = dataSet.string("SOPInstanceUID");
  const studyUid = dataSet.string("StudyInstanceUID");
  const seriesUid = dataSet.string("SeriesInstanceUID");
  if (
    sopClassUid === undefined ||
    sopInstanceUid === undefined ||
    studyUid === undefined ||
    seriesUid === undefined
  ) {
    throw new DicomError("directory-invalid", "An instance lacks the UIDs that a directory needs.");
  }
  const isAllowed =
    fileId.length >= 1 && fileId.length <= 8 && fileId.every((one) => /^[A-Z0-9_]{1,8}$/.test(one));
  if (!isAllowed) {
    throw new DicomError(
      "directory-invalid",
      `"${fileId.join("\\")}" is not a file ID: use up to 8 parts of 1 to 8 capital letters, digits and underscores.`,
    );
  }
  const patient = child(roots, dataSet.string("PatientID") ?? "", "PATIENT", dataSet);
  const study = child(patient.children, studyUid, "STUDY", dataSet);
  const series = child(study.children, seriesUid, "SERIES", dataSet);
  const reference = {
    ReferencedFileID: [...fileId],
    ReferencedSOPClassUIDInFile: sopClassUid,
    ReferencedSOPInstanceUIDInFile: sopInstanceUid,
    ReferencedTransferSyntaxUIDInFile: transferSyntaxUid,
  };
  const record = recordOf(recordTypeOf(sopClassUid), dataSet).merge(DataSet.of(reference));
  series.children.push({ key: sopInstanceUid, dataSet: record, children: [] });
}

function child(nodes: Node[], key: string, type: string, dataSet: DataSet): Node {
  const known = nodes.find((node) => node.key === key);
  if (known !== undefined) return known;
  const node: Node = { key, dataSet: recordOf(type, dataSet), children: [] };
  nodes.push(node);
  return node;
}

function recordOf(type: string, dataSet: DataSet): DataSet {
  const { required, copied } = recordKeys[type] ?? otherKeys;
  const init: Record<string, InitValue> = { DirectoryRecordType: type };
  for (const [keyword, otherwise] of Object.entries(required))
    if (!hasValue(dataSet, keyword)) init[keyword] = otherwise;
  const wanted = [...Object.keys(required), ...copied].filter((keyword) => hasValue(dataSet, keyword));
  const elements = wanted.flatMap((keyword) => dataSet.element(keyword) ?? []);
  const charset = dataSet.element("SpecificCharacterSet");
  const own = DataSet.fromElements(charset === undefined ? elements : [charset, ...elements]);
  return own.merge(DataSet.of(init));
}

function hasValue(dataSet: DataSet, keyword: string): boolean {
  return dataSet.element(keyword)?.isEmpty === false;
}

/** Parents before children, each with the next of its own level. */
function flattened(nodes: readonly Node[]): { node: Node; next: Node | undefined }[] {
  return nodes.flatMap((node, index) => [{ node, next: nodes[index + 1] }, ...flattened(node.children)]);
}
