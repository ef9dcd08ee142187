/** Directories of file-sets, PS3.10 8 and PS3.3 F: records in their tree, hostile offsets and file IDs refused. */
import "../dictionary/register.ts";
import type { DataSet } from "../data-set/data-set.ts";
import { DicomError } from "../errors.ts";

export interface DirectoryRecord {
  /** (0004,1430): PATIENT, STUDY, SERIES, IMAGE and others. */
  readonly type: string;
  readonly dataSet: DataSet;
  /** Components of the file's name below the folder of the DICOMDIR; undefined for records without a file. */
  readonly fileId: readonly string[] | undefined;
  readonly children: readonly DirectoryRecord[];
}

/** A path needs no more components (PS3.10 8.2), and nothing nests deeper than PATIENT, STUDY, SERIES, IMAGE and its parts. */
const maximumComponents = 8;
const maximumDepth = 16;

/**
 * The tree of a DICOMDIR's records. Records that are not in use (0004,1410) are left out.
 * @param dataSet as read from the file, whose items know their offsets
 * @throws DicomError `directory-invalid` for loops, for offsets at which no record begins, and for unsafe file IDs
 */
export function readDirectory(dataSet: DataSet): DirectoryRecord[] {
  const records = dataSet.items("DirectoryRecordSequence");
  const byOffset = new Map<number, DataSet>();
  for (const record of records) if (record.offset !== undefined) byOffset.set(record.offset, record);
  const reader = new DirectoryReader(byOffset);
  return reader.chain(dataSet.number("OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity") ?? 0, 0);
}

class DirectoryReader {
  readonly #byOffset: ReadonlyMap<number, DataSet>;
  /** Each record has one place: a second visit is a loop, or two chains that meet. */
  readonly #visited = new Set<number>();

  constructor(byOffset: ReadonlyMap<number, DataSet>) {
    this.#byOffset = byOffset;
  }

  chain(first: number, depth: number): DirectoryRecord[] {
    if (depth > maximumDepth) throw invalid("its records are nested too deep", first);
    const records: DirectoryRecord[] = [];
    for (let offset = first; offset !== 0; ) {
      const dataSet = this.#byOffset.get(offset);
      if (dataSet === undefined) throw invalid(`no record begins at offset ${offset}`, offset);
      if (this.#visited.has(offset)) throw invalid(`the record at offset ${offset} is reached twice`, offset);
      this.#visited.add(offset);
      const children = this.chain(
        dataSet.number("OffsetOfReferencedLowerLevelDirectoryEntity") ?? 0,
        depth + 1,
      );
      // FFFFH is in use; 0 is not, and older writers leave it so for deleted records.
      if (dataSet.number("RecordInUseFlag") !== 0) {
        const type = dataSet.string("DirectoryRecordType") ?? "";
        records.push({ type, dataSet, fileId: fileIdOf(dataSet, offset), children });
      }
      offset = dataSet.number("OffsetOfTheNextDirectoryRecord") ?? 0;
    }
    return records;
  }
}

/** PS3.10 8.2 allows capital letters, digits and underscore; small letters, dots and hyphens are met and harmless. */
function fileIdOf(dataSet: DataSet, offset: number): readonly string[] | undefined {
  const components = dataSet.strings("ReferencedFileID").filter((one) => one !== "");
  if (components.length === 0) return undefined;
  const isSafe = components.every((one) => /^[A-Za-z0-9_.-]{1,64}$/.test(one) && !/^\.+$/.test(one));
  if (!isSafe || components.length > maximumComponents) {
    throw invalid(`the file ID of the record at offset ${offset} does not stay in the file-set`, offset);
  }
  return components;
}

/** All records, parents before their children. */
export function* walkRecords(
  records: readonly DirectoryRecord[],
  depth = 0,
): Generator<{ record: DirectoryRecord; depth: number }> {
  for (const record of records) {
    yield { record, depth };
    yield* walkRecords(record.children, depth + 1);
  }
}

function invalid(what: string, offset: number): DicomError {
  return new DicomError("directory-invalid", `The DICOMDIR cannot be read: ${what}.`, { offset });
}
