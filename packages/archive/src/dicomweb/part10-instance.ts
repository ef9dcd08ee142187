/**
 * Between Part 10 files and {@link InstanceStream}s, without holding either: what comes in a STOW request or a WADO
 * answer is a file as a stream; what goes out is a head in front of a data set.
 */
import { encodeFileMeta, Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import type { InstanceStream } from "../image-source.ts";

/** Behind (0020,000E): what names an instance, its series and its study stands before it. */
const afterSeriesUid = 0x0020000f;
/** Bytes read to find the UIDs; they stand in the first few thousand, unless private values are in between. */
const maximumHead = 1 << 20;

/**
 * Reads as much of a file as names its instance. The rest is read when the data set is.
 * @returns with the UIDs of study and series where the file's beginning tells them
 * @throws ArchiveError `instance-unreadable` when it is not DICOM, `instance-not-identifiable` when UIDs are missing;
 *   what the source throws
 */
export async function instanceFromPart10(
  file: AsyncIterable<Uint8Array>,
  about: Pick<InstanceStream, "sourceAeTitle"> = {},
): Promise<InstanceStream> {
  const parser = new Part10Parser({ until: afterSeriesUid, bulkThreshold: 1024 });
  const chunks = file[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let read = 0;
  let isEnded = false;
  while (!parser.done && read < maximumHead) {
    const next = await chunks.next();
    if (next.done === true) isEnded = true;
    else {
      head.push(next.value);
      read += next.value.byteLength;
    }
    try {
      if (next.done === true) parser.end();
      else parser.push(next.value);
    } catch (cause) {
      // Whoever takes the instance meets what is wrong further on by itself.
      if (parser.dataSet.string("SOPInstanceUID") !== undefined) break;
      throw new ArchiveError("instance-unreadable", "This cannot be read as a DICOM file.", { cause });
    }
    if (isEnded) break;
  }
  const { dataSet, meta } = parser;
  const sopClassUid = dataSet.string("SOPClassUID") ?? meta.string("MediaStorageSOPClassUID");
  const sopInstanceUid = dataSet.string("SOPInstanceUID") ?? meta.string("MediaStorageSOPInstanceUID");
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new ArchiveError(
      "instance-not-identifiable",
      "The instance has no SOP Class UID or no SOP Instance UID.",
    );
  }
  const studyInstanceUid = dataSet.string("StudyInstanceUID");
  const seriesInstanceUid = dataSet.string("SeriesInstanceUID");
  const start = parser.dataSetOffset;
  return {
    ...about,
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: parser.transferSyntaxUid,
    ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
    ...(seriesInstanceUid === undefined ? {} : { seriesInstanceUid }),
    async *dataSet() {
      let skip = start;
      for (const chunk of head) {
        if (skip < chunk.byteLength) yield chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.byteLength);
      }
      while (!isEnded) {
        const next = await chunks.next();
        if (next.done === true) return;
        yield next.value;
      }
    },
  };
}

/** Preamble and file meta information of an instance. */
export function fileHeadOf(instance: Omit<InstanceStream, "dataSet">): Uint8Array {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle } = instance;
  return encodeFileMeta({
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid,
    ...(sourceAeTitle === undefined ? {} : { sourceAeTitle }),
  });
}
