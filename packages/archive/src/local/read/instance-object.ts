/** An archived object at random access. */
import type { DicomJsonObject } from "@isocenter/dicom";
import { ArchiveError } from "../../errors.ts";
import type { ByteRange, InstanceObject } from "../../image-source.ts";
import type { IndexDatabase } from "../index/database.ts";
import { first, run } from "../index/steps.ts";
import { objectKey } from "../objects/object-key.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import { decodeFrameTable, encodeFrameTable, type FrameTable, frameTableOf } from "./frame-table.ts";
import type { InstanceLine } from "./instances.ts";

export function instanceObject(
  database: IndexDatabase,
  objects: ObjectStore,
  line: InstanceLine,
): InstanceObject {
  const uids = {
    studyInstanceUid: line.study_uid,
    seriesInstanceUid: line.series_uid,
    sopInstanceUid: line.sop_uid,
  };
  const key = objectKey(uids, line.suffix);
  const read = (offset: number, length: number): Promise<Uint8Array> => objects.read(key, offset, length);
  let table: Promise<FrameTable | undefined> | undefined;
  return {
    ...uids,
    sopClassUid: line.sop_class,
    transferSyntaxUid: line.transfer_syntax,
    size: line.size,
    dataSetOffset: line.data_set_offset,
    version: line.hash === "" ? `${line.id}-${line.received_at}` : line.hash,
    read,
    stream: (range?: ByteRange) => objects.stream(key, range),
    frames: () => (table ??= framesOf(database, line, read)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** From the index, or from the object and then into the index. */
async function framesOf(
  database: IndexDatabase,
  line: InstanceLine,
  read: InstanceObject["read"],
): Promise<FrameTable | undefined> {
  const known = await database.read(() =>
    first<{ frames: string }>("select frames from instance where id = ?", line.id),
  );
  if (known === undefined) return undefined;
  if (known.frames !== "") return decodeFrameTable(known.frames);
  const row = await database.read(() =>
    first<{ attributes: string }>("select attributes from instance where id = ?", line.id),
  );
  if (row === undefined) return undefined;
  const table = await frameTableOf(
    { transferSyntaxUid: line.transfer_syntax, size: line.size, pixelOffset: line.pixel_offset, read },
    JSON.parse(row.attributes) as DicomJsonObject,
  );
  const text = encodeFrameTable(table);
  try {
    // An object of another content has another row or another hash.
    await database.write(() =>
      run("update instance set frames = ? where id = ? and hash = ?", text, line.id, line.hash),
    );
  } catch (error) {
    // A table that cannot be kept is found again next time; reading must work on a full disk.
    if (!(error instanceof ArchiveError)) throw error;
  }
  return table;
}
