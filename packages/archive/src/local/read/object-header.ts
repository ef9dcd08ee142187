/** What a stored object says of itself: for making the index from the objects. */
import { Part10Parser } from "@isocenter/dicom";
import type { InstanceRows } from "../index/describe.ts";
import { HeaderReader } from "../ingest/receive.ts";

export interface ObjectHeader {
  readonly rows: InstanceRows;
  readonly transferSyntaxUid: string;
  readonly sourceAeTitle: string;
  readonly dataSetOffset: number;
  /** 0 without pixel data. */
  readonly pixelOffset: number;
}

/** @throws DicomError; ArchiveError `instance-not-identifiable` */
export async function readObjectHeader(chunks: AsyncIterable<Uint8Array>): Promise<ObjectHeader> {
  // Every data set begins beyond group 0002, so this parser ends where the data set begins.
  const meta = new Part10Parser({ until: 0x00030000 });
  let before: Uint8Array = new Uint8Array(0);
  let header: HeaderReader | undefined;
  for await (const chunk of chunks) {
    if (header === undefined) {
      meta.push(chunk);
      before = before.byteLength === 0 ? chunk : Buffer.concat([before, chunk]);
      if (!meta.done) continue;
      header = new HeaderReader(meta.transferSyntaxUid);
      header.push(before.subarray(meta.dataSetOffset));
    } else header.push(chunk);
    if (header.done) break;
  }
  if (header === undefined) {
    meta.end();
    header = new HeaderReader(meta.transferSyntaxUid);
    header.push(before.subarray(meta.dataSetOffset));
  }
  const rows = header.end();
  return {
    rows,
    transferSyntaxUid: meta.transferSyntaxUid,
    sourceAeTitle: meta.meta.string("SourceApplicationEntityTitle") ?? "",
    dataSetOffset: meta.dataSetOffset,
    pixelOffset: header.pixelStart === 0 ? 0 : meta.dataSetOffset + header.pixelStart,
  };
}
