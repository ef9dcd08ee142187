/**
 * Between Part 10 files and {@link InstanceStream}s, without holding either: what comes in a STOW request or a WADO
 * answer is a file as a stream; what goes out is a head in front of a data set.
 */
import { encodeFileMeta, Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import type { InstanceStream } from "../image-source.ts";

/** (0008,0020): what names an instance stands before it, in (0008,0016) and (0008,0018). */
const studyDate = 0x00080020;
/** Bytes read to find the UIDs; they stand in the first few hundred. */
const maximumHead = 1 << 20;

/**
 * Reads as much of a file as names its instance. The rest is read when the data set is.
 * @throws ArchiveError `instance-unreadable` when it is not DICOM, `instance-not-identifiable` when UIDs are missing
 */
export async function instanceFromPart10(
  file: AsyncIterable<Uint8Array>,
  about: Pick<InstanceStream, "sourceAeTitle" | "studyInstanceUid" | "seriesInstanceUid"> = {},
): Promise<InstanceStream> {
  const parser = new Part10Parser({ until: studyDate, bulkThreshold: 1024 });
  const chunks = file[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let read = 0;
  let isEnded = false;
  try {
    while (!parser.done && read < maximumHead) {
      const next = await chunks.next();
      if (next.done === true) {
        isEnded = true;
        parser.end();
        break;
      }
      head.push(next.value);
      read += next.value.byteLength;
      parser.push(next.value);
    }
  } catch (cause) {
    throw new ArchiveError("instance-unreadable", "This cannot be read as a DICOM file.", { cause });
  }
  const sopClassUid = parser.dataSet.string("SOPClassUID") ?? parser.meta.string("MediaStorageSOPClassUID");
  const sopInstanceUid =
    parser.dataSet.string("SOPInstanceUID") ?? parser.meta.string("MediaStorageSOPInstanceUID");
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new ArchiveError(
      "instance-not-identifiable",
      "The instance has no SOP Class UID or no SOP Instance UID.",
    );
  }
  const start = parser.dataSetOffset;
  return {
    ...about,
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: parser.transferSyntaxUid,
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
