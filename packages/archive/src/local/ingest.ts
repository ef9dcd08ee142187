/**
 * Taking an instance in: one pass over its bytes, written as received while its header is parsed.
 *
 * Success is reported only after the file is synced, has its durable place in the tree and the index was committed;
 * a query made after that finds it (docs/adr/0003-objects-are-the-truth.md).
 */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type DataSet, DataSetParser, DicomError, encodeFileMeta } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import type { InstanceStream, StoreOutcome } from "../image-source.ts";
import type { IndexDatabase } from "./database.ts";
import { describe, type InstanceUids, uidsOf } from "./describe.ts";
import { addToIndex } from "./index-writer.ts";
import { ChunkWriter, type DataFolders, isCode, moveIntoPlace, objectPath } from "./objects.ts";

/** Values longer than this are not needed for the index and are left in the file. */
const headerValueLimit = 64 * 1024;
const pixelData = 0x7fe00010;

export class Ingest {
  readonly #folders: DataFolders;
  readonly #database: IndexDatabase;
  /** Instances on their way in, by SOP Instance UID: a second one with the same UID waits for the first. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(folders: DataFolders, database: IndexDatabase) {
    this.#folders = folders;
    this.#database = database;
  }

  /** Never throws for what is wrong with an instance: that is an outcome. Throws the signal's reason when aborted. */
  async take(instance: InstanceStream, signal?: AbortSignal): Promise<StoreOutcome> {
    const incoming = join(this.#folders.incoming, `${randomUUID()}.part`);
    try {
      const received = await this.#receive(instance, incoming, signal);
      return await this.#inTurn(received.uids.sopInstanceUid, () => this.#file(instance, received, incoming));
    } catch (error) {
      await rm(incoming, { force: true }).catch(() => undefined); // cleared at the next start if not now
      signal?.throwIfAborted();
      return failure(instance, error);
    }
  }

  async #receive(instance: InstanceStream, path: string, signal: AbortSignal | undefined): Promise<Received> {
    const parser = new DataSetParser(instance.transferSyntaxUid, {
      until: pixelData,
      bulkThreshold: headerValueLimit,
    });
    const meta = encodeFileMeta({
      sopClassUid: instance.sopClassUid,
      sopInstanceUid: instance.sopInstanceUid,
      transferSyntaxUid: instance.transferSyntaxUid,
      ...(instance.sourceAeTitle === undefined ? {} : { sourceAeTitle: instance.sourceAeTitle }),
    });
    const file = await open(path, "wx");
    try {
      const writer = new ChunkWriter(file);
      const first = writer.add(meta);
      if (first !== undefined) await first;
      for await (const chunk of instance.dataSet()) {
        signal?.throwIfAborted();
        if (!parser.done) parser.push(chunk);
        const due = writer.add(chunk);
        if (due !== undefined) await due;
      }
      if (!parser.done) parser.end();
      const header = parser.dataSet;
      const uids = uidsOf(header);
      await writer.flush();
      await file.datasync();
      return { header, uids, size: writer.size, dataSetOffset: meta.byteLength };
    } finally {
      await file.close();
    }
  }

  async #file(instance: InstanceStream, received: Received, incoming: string): Promise<StoreOutcome> {
    const { uids } = received;
    const path = objectPath(uids.studyInstanceUid, uids.seriesInstanceUid, uids.sopInstanceUid);
    const held = await this.#database
      .selectFrom("instance")
      .select(["path", "data_set_offset"])
      .where("sop_uid", "=", uids.sopInstanceUid)
      .executeTakeFirst();
    if (held !== undefined)
      return this.#duplicate(instance, received, incoming, held.path, held.data_set_offset);
    if (!(await moveIntoPlace(incoming, join(this.#folders.objects, path)))) {
      // On disk but not in the index: what a crash between the two steps left, complete and not yet reconciled.
      return this.#duplicate(instance, received, incoming, path, undefined);
    }
    await addToIndex(this.#database, describe(received.header, uids), {
      path,
      size: received.size,
      data_set_offset: received.dataSetOffset,
      transfer_syntax: instance.transferSyntaxUid,
      received_at: new Date().toISOString(),
      source_ae: instance.sourceAeTitle ?? "",
    });
    return { kind: "stored", ...identity(uids), status: 0x0000 };
  }

  async #duplicate(
    instance: InstanceStream,
    received: Received,
    incoming: string,
    heldPath: string,
    heldOffset: number | undefined,
  ): Promise<StoreOutcome> {
    const held = join(this.#folders.objects, heldPath);
    const same =
      heldOffset !== undefined &&
      (await sameBytes(held, heldOffset, incoming, received.dataSetOffset).catch(missing(heldPath)));
    if (same) {
      await rm(incoming);
      return { kind: "already-held", ...identity(received.uids), status: 0x0000 };
    }
    const reason =
      "Another instance with the same SOP Instance UID and different content is held; it was kept.";
    await this.#quarantine(incoming, instance, received.uids, reason);
    // B006H would say "elements discarded"; B007H is "data set does not match SOP Class". PS3.4 B.2.3 has no warning for
    // a duplicate, and B000H (coercion) is what the field uses for "accepted, not as sent".
    return { kind: "quarantined", ...identity(received.uids), status: 0xb000, reason };
  }

  async #quarantine(
    incoming: string,
    instance: InstanceStream,
    uids: InstanceUids,
    reason: string,
  ): Promise<void> {
    const name = `${basename(objectPath("0", "0", uids.sopInstanceUid), ".dcm")}-${randomUUID()}`;
    await mkdir(this.#folders.quarantine, { recursive: true });
    const note = {
      reason,
      receivedAt: new Date().toISOString(),
      sourceAeTitle: instance.sourceAeTitle ?? null,
      ...uids,
    };
    await writeFile(join(this.#folders.quarantine, `${name}.json`), `${JSON.stringify(note, null, 2)}\n`, {
      flush: true,
    });
    await moveIntoPlace(incoming, join(this.#folders.quarantine, `${name}.dcm`));
  }

  async #inTurn<T>(sopUid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#underWay.get(sopUid);
    const mine = before === undefined ? work() : before.then(work, work);
    this.#underWay.set(sopUid, mine);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(sopUid) === mine) this.#underWay.delete(sopUid);
    }
  }
}

interface Received {
  readonly header: DataSet;
  readonly uids: InstanceUids;
  readonly size: number;
  readonly dataSetOffset: number;
}

const identity = (uids: InstanceUids) => ({
  sopClassUid: uids.sopClassUid,
  sopInstanceUid: uids.sopInstanceUid,
});

const missing =
  (path: string) =>
  (cause: unknown): never => {
    throw new ArchiveError("object-missing", `The object ${path} is in the index but cannot be read.`, {
      cause,
    });
  };

/** PS3.4 Table B.2-1: A7xx out of resources, Cxxx cannot understand. */
function failure(instance: InstanceStream, error: unknown): StoreOutcome {
  const of = (status: number, reason: string): StoreOutcome => ({
    kind: "failed",
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    status,
    reason,
  });
  if (error instanceof DicomError) return of(0xc000, `The data set cannot be parsed: ${error.message}`);
  if (error instanceof ArchiveError)
    return of(error.code === "instance-not-identifiable" ? 0xc000 : 0x0110, error.message);
  if (isCode(error, "ENOSPC", "EDQUOT")) return of(0xa700, "The archive's storage is full.");
  if (isCode(error, "EACCES", "EROFS", "EIO", "EMFILE", "ENFILE")) {
    return of(
      0xa700,
      `The archive's storage cannot be written (${String((error as { code: unknown }).code)}).`,
    );
  }
  return of(0x0110, error instanceof Error ? error.message : String(error));
}

async function sameBytes(a: string, aStart: number, b: string, bStart: number): Promise<boolean> {
  const left = createReadStream(a, { start: aStart, highWaterMark: 1 << 18 })[Symbol.asyncIterator]();
  const right = createReadStream(b, { start: bStart, highWaterMark: 1 << 18 })[Symbol.asyncIterator]();
  try {
    let one: Buffer = Buffer.alloc(0);
    let other: Buffer = Buffer.alloc(0);
    for (;;) {
      if (one.length === 0) one = ((await left.next()).value as Buffer | undefined) ?? one;
      if (other.length === 0) other = ((await right.next()).value as Buffer | undefined) ?? other;
      const length = Math.min(one.length, other.length);
      if (length === 0) return one.length === other.length;
      if (one.compare(other, 0, length, 0, length) !== 0) return false;
      one = one.subarray(length);
      other = other.subarray(length);
    }
  } finally {
    await Promise.all([left.return?.(), right.return?.()]);
  }
}
