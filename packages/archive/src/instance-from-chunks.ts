/** A Part 10 file that comes in chunks, from a zip file or a request, as an {@link InstanceStream}. */
import { Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "./errors.ts";
import type { InstanceStream } from "./image-source.ts";
import { namesOf } from "./instance-names.ts";

const studyDate = 0x00080020;

/**
 * An instance from the bytes of a file that can be read once. What was read to name it is kept until it is taken.
 * @returns undefined when it has no Part 10 prefix (PS3.10 7.1)
 * @throws ArchiveError as {@link instanceFromFile}
 */
export async function instanceFromChunks(
  chunks: AsyncIterable<Uint8Array>,
): Promise<InstanceStream | undefined> {
  const source = chunks[Symbol.asyncIterator]();
  const parser = new Part10Parser({ until: studyDate, bulkThreshold: 1024 });
  const read: Uint8Array[] = [];
  let length = 0;
  let isChecked = false;
  try {
    while (!parser.done) {
      const { done, value } = await source.next();
      if (done === true) {
        if (length < 132) return undefined;
        parser.end();
        break;
      }
      read.push(value);
      length += value.byteLength;
      if (!isChecked && length < 132) continue;
      if (!isChecked) {
        const head = Buffer.concat(read);
        if (head.toString("latin1", 128, 132) !== "DICM") return undefined;
        isChecked = true;
        parser.push(head);
      } else parser.push(value);
    }
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError("instance-unreadable", `It cannot be read as DICOM: ${why}`, { cause });
  }
  const { sopClassUid, sopInstanceUid } = namesOf(parser, "It");
  const { dataSetOffset: start } = parser;
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: parser.transferSyntaxUid,
    dataSet: async function* () {
      let skip = start;
      const rest = { [Symbol.asyncIterator]: () => source };
      for (const chunk of read) {
        if (skip < chunk.byteLength) yield chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.byteLength);
      }
      yield* rest;
    },
  };
}
