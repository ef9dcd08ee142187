/**
 * Taking an instance in.
 *
 * Success is reported only after its content and its rows are on stable storage; a query made after that finds it
 * (docs/adr/0010-one-sync-per-instance.md).
 */
import { createHash } from "node:crypto";
import { ArchiveError } from "../../errors.ts";
import type { InstanceStream, StoreOutcome } from "../../image-source.ts";
import { heldInstances, type HeldInstance, type NewInstance } from "../index/add-instances.ts";
import { lockChanges, recordChanges } from "../index/changes.ts";
import type { IndexDatabase } from "../index/database.ts";
import type { InstanceUids } from "../index/describe.ts";
import { newSuffix, objectKey } from "../objects/object-key.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import type { SlotFolder } from "../objects/slots.ts";
import type { Quarantine } from "../manage/quarantine.ts";
import type { Committer } from "./committer.ts";
import { failure } from "./failure.ts";
import { receive, type Received } from "./receive.ts";
import { replaceInstance } from "./replace.ts";

/** What happens to an instance whose UID is held with another content. */
export type DuplicatePolicy =
  /** The held one stays; the newcomer goes to quarantine, and its sender is warned. */
  | "keep-first"
  /** The newcomer takes its place. */
  | "replace"
  /** The newcomer fails. */
  | "reject";

export interface IngestParts {
  readonly database: IndexDatabase;
  readonly objects: ObjectStore;
  readonly slots: SlotFolder;
  readonly committer: Committer;
  readonly quarantine: Quarantine;
  /** Something was recorded in the feed beside what the committer does. */
  readonly onChange: () => void;
}

export interface TakeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly duplicates?: DuplicatePolicy | undefined;
}

export class Ingest {
  readonly #parts: IngestParts;
  readonly #duplicates: DuplicatePolicy;
  /** Instances on their way in, by SOP Instance UID: a second one with the same UID waits for the first. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(parts: IngestParts, duplicates: DuplicatePolicy) {
    this.#parts = parts;
    this.#duplicates = duplicates;
  }

  /** Never throws for what is wrong with an instance: that is an outcome. Throws the signal's reason when aborted. */
  async take(instance: InstanceStream, { signal, duplicates }: TakeOptions = {}): Promise<StoreOutcome> {
    let received: Received | undefined;
    try {
      const { slots, objects } = this.#parts;
      received = await receive(instance, slots, objects.memoryLimit, signal);
      const taken = received;
      const policy = duplicates ?? this.#duplicates;
      const outcome = await this.#inTurn(taken.rows.uids.sopInstanceUid, () =>
        this.#file(instance, taken, policy),
      );
      received.spool.close();
      if (objects.kind === "s3") received.spool.discard();
      return outcome;
    } catch (error) {
      received?.spool.discard();
      signal?.throwIfAborted();
      return failure(instance, error);
    }
  }

  async #file(instance: InstanceStream, received: Received, policy: DuplicatePolicy): Promise<StoreOutcome> {
    const { database, objects, committer } = this.#parts;
    const { uids } = received.rows;
    // Looking first spares the writing of what is held already; the commit decides.
    const known = await held(database, uids);
    if (known !== undefined) return this.#duplicate(instance, received, known, policy);
    const suffix = objects.isFree(objectKey(uids)) ? "" : newSuffix();
    const key = objectKey(uids, suffix);
    const intent = await objects.prepare(key, received.spool);
    const before = await committer
      .add(newInstance(instance, received, suffix, intent))
      .catch((error: unknown) => {
        // A connection that is lost during a commit leaves open whether it was made. Nothing is acknowledged, and what a
        // commit would need is left alone; the next start removes what it does not.
        received.spool.abandon();
        throw error;
      });
    if (before === undefined) return { kind: "stored", ...identity(uids), status: 0x0000 };
    // Another process was first. This key is nobody else's.
    if (objects.kind === "s3") await objects.delete(key);
    return this.#duplicate(instance, received, before, policy);
  }

  async #duplicate(
    instance: InstanceStream,
    received: Received,
    before: HeldInstance,
    policy: DuplicatePolicy,
  ): Promise<StoreOutcome> {
    const { database, quarantine } = this.#parts;
    const { uids } = received.rows;
    if ((await this.#hashOf(before)) === received.spool.digest()) {
      await this.#needObject(before);
      received.spool.discard();
      return { kind: "already-held", ...identity(uids), status: 0x0000 };
    }
    if (policy === "reject") {
      throw new ArchiveError(
        "instance-differs",
        "Another instance with the same SOP Instance UID and different content is held.",
      );
    }
    if (policy === "replace") {
      await replaceInstance(
        this.#parts,
        newInstance(instance, received, newSuffix(), undefined),
        received.spool,
        before,
      );
      this.#parts.onChange();
      return {
        kind: "stored",
        ...identity(uids),
        status: 0xb000,
        reason: "It took the place of another instance with the same SOP Instance UID.",
      };
    }
    const reason =
      "Another instance with the same SOP Instance UID and different content is held; it was kept.";
    await quarantine.add(received.spool, { ...uids, reason, sourceAeTitle: instance.sourceAeTitle });
    await database.write(function* () {
      yield* lockChanges();
      yield* recordChanges([
        { kind: "instance-quarantined", at: new Date().toISOString(), ...withoutClass(uids) },
      ]);
    });
    this.#parts.onChange();
    // B006H would say "elements discarded"; B007H is "data set does not match SOP Class". PS3.4 B.2.3 has no warning for
    // a duplicate, and B000H (coercion) is what the field uses for "accepted, not as sent".
    return { kind: "quarantined", ...identity(uids), status: 0xb000, reason };
  }

  /** Of the held data set; found out now where the index was made from the objects. */
  async #hashOf(before: HeldInstance): Promise<string> {
    if (before.hash !== "") return before.hash;
    const length = before.size - before.data_set_offset;
    const range = { offset: before.data_set_offset, length };
    const hash = createHash("sha256");
    for await (const chunk of this.#parts.objects.stream(keyOf(before), range)) hash.update(chunk);
    return hash.digest("hex");
  }

  /** The sender may delete its copy after "already held", so ours has to be there. */
  async #needObject(before: HeldInstance): Promise<void> {
    const key = keyOf(before);
    const info = await this.#parts.objects.stat(key);
    if (info?.size !== before.size)
      throw new ArchiveError("object-missing", `The object ${key} is in the index but not in the storage.`);
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

function keyOf(held: HeldInstance): string {
  const { study_uid, series_uid, sop_uid, suffix } = held;
  return objectKey(
    { studyInstanceUid: study_uid, seriesInstanceUid: series_uid, sopInstanceUid: sop_uid },
    suffix,
  );
}

async function held(database: IndexDatabase, uids: InstanceUids): Promise<HeldInstance | undefined> {
  const found = await database.read(() => heldInstances([uids.sopInstanceUid]));
  return found.get(uids.sopInstanceUid);
}

function newInstance(
  instance: InstanceStream,
  received: Received,
  suffix: string,
  intent: NewInstance["intent"],
): NewInstance {
  const { rows, spool, dataSetOffset, pixelOffset } = received;
  return {
    rows,
    object: {
      suffix,
      size: spool.size,
      data_set_offset: dataSetOffset,
      pixel_offset: pixelOffset,
      transfer_syntax: instance.transferSyntaxUid,
      hash: spool.digest(),
      received_at: new Date().toISOString(),
      source_ae: instance.sourceAeTitle ?? "",
    },
    ...(intent === undefined ? {} : { intent }),
  };
}

const withoutClass = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceUids) => ({
  studyInstanceUid,
  seriesInstanceUid,
  sopInstanceUid,
});

const identity = (uids: InstanceUids) => ({
  sopClassUid: uids.sopClassUid,
  sopInstanceUid: uids.sopInstanceUid,
});
