/**
 * Verification: every row of the index against its object, and every object against the index.
 *
 * An object is read whole and its data set compared with the hash that was taken when it came in. What is wrong is
 * reported; with `repair` it is put right as far as that is possible without inventing anything.
 */
import { createHash } from "node:crypto";
import { ArchiveError } from "../../errors.ts";
import type { InstanceKey } from "../../image-source.ts";
import type { IndexDatabase } from "../index/database.ts";
import { run } from "../index/steps.ts";
import { objectKey, objectsPrefix } from "../objects/object-key.ts";
import type { ObjectInfo, ObjectStore } from "../objects/object-store.ts";
import { reconcileObjects, unknownOf } from "./rebuild.ts";

export type ProblemKind =
  /** The index has it and the storage has not. Repair: the row goes, so that it can be sent again. */
  | "object-missing"
  /** Its bytes are not those that came in. Repair: it goes to quarantine, and the row goes. */
  | "object-damaged"
  /** The storage has it and the index has not. Repair: it is added. */
  | "not-indexed";

export interface Problem extends Partial<InstanceKey> {
  readonly kind: ProblemKind;
  /** Of the object in the storage. */
  readonly key: string;
  readonly repaired: boolean;
}

export interface VerifyOptions {
  readonly repair?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    | ((progress: { checked: number; total: number; problems: number }) => void)
    | undefined;
}

export interface Verified {
  readonly checked: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
}

export interface VerifyParts {
  readonly database: IndexDatabase;
  readonly objects: ObjectStore;
  /** Takes an instance out of the index without touching its object. */
  readonly forget: (key: InstanceKey) => Promise<void>;
  /** Copies a damaged object aside. */
  readonly quarantine: (key: string, uids: InstanceKey, sopClassUid: string) => Promise<void>;
}

const pageSize = 200;
/** Objects this young may belong to an instance that another process is still taking in. */
const settlingMs = 3_600_000;

export async function verifyArchive(parts: VerifyParts, options: VerifyOptions): Promise<Verified> {
  const { database } = parts;
  const problems: Problem[] = [];
  const total =
    (await database.db.selectFrom("total").select("instances").executeTakeFirst())?.instances ?? 0;
  let checked = 0;
  let bytes = 0;
  for (let after = 0; ; ) {
    const rows = await page(database, after);
    for (const row of rows) {
      options.signal?.throwIfAborted();
      const problem = await check(parts, row, options.repair === true);
      if (problem !== undefined) problems.push(problem);
      checked++;
      bytes += row.size;
    }
    options.onProgress?.({ checked, total, problems: problems.length });
    if (rows.length < pageSize) break;
    after = rows.at(-1)?.id ?? after;
  }
  for await (const problem of strays(parts, options)) problems.push(problem);
  options.onProgress?.({ checked, total, problems: problems.length });
  return { checked, bytes, problems };
}

type CheckedRow = Awaited<ReturnType<typeof page>>[number];

function page({ db }: IndexDatabase, after: number) {
  return db
    .selectFrom("instance")
    .innerJoin("series", "series.id", "instance.series")
    .innerJoin("study", "study.id", "series.study")
    .select(["instance.id", "instance.sop_uid", "instance.sop_class", "instance.suffix", "instance.size"])
    .select(["instance.data_set_offset", "instance.hash", "series.series_uid", "study.study_uid"])
    .where("instance.id", ">", after)
    .orderBy("instance.id")
    .limit(pageSize)
    .execute();
}

async function check(parts: VerifyParts, row: CheckedRow, repair: boolean): Promise<Problem | undefined> {
  const { database, objects } = parts;
  const uids: InstanceKey = {
    studyInstanceUid: row.study_uid,
    seriesInstanceUid: row.series_uid,
    sopInstanceUid: row.sop_uid,
  };
  const key = objectKey(uids, row.suffix);
  const info = await objects.stat(key);
  if (info === undefined) {
    // Deleted, or written anew, since the page was read.
    if (!(await isCurrent(database, row))) return undefined;
    if (repair) await parts.forget(uids);
    return { kind: "object-missing", key, ...uids, repaired: repair };
  }
  const length = row.size - row.data_set_offset;
  const hash = createHash("sha256");
  try {
    for await (const chunk of objects.stream(key, { offset: row.data_set_offset, length }))
      hash.update(chunk);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === "object-missing") return undefined;
    throw error;
  }
  const digest = hash.digest("hex");
  if (info.size === row.size && (row.hash === digest || row.hash === "")) {
    // An index that was made from the objects has no hashes: from here on it has.
    if (row.hash === "")
      await database.write(() =>
        run("update instance set hash = ? where id = ? and hash = ''", digest, row.id),
      );
    return undefined;
  }
  if (!(await isCurrent(database, row))) return undefined;
  if (repair) {
    await parts.quarantine(key, uids, row.sop_class);
    await parts.forget(uids);
    await objects.delete(key);
  }
  return { kind: "object-damaged", key, ...uids, repaired: repair };
}

async function isCurrent({ db }: IndexDatabase, row: CheckedRow): Promise<boolean> {
  const now = await db.selectFrom("instance").select("suffix").where("id", "=", row.id).executeTakeFirst();
  return now?.suffix === row.suffix;
}

async function* strays(parts: VerifyParts, { repair, signal }: VerifyOptions): AsyncGenerator<Problem> {
  const { database, objects } = parts;
  let infos: ObjectInfo[] = [];
  const flush = async function* (): AsyncGenerator<Problem> {
    signal?.throwIfAborted();
    const unknown: ObjectInfo[] = [];
    for (const info of await unknownOf(database, infos)) {
      const isYoung = objects.kind === "s3" && Date.now() - info.modified.getTime() < settlingMs;
      if (!isYoung && (await objects.stat(info.key)) !== undefined) unknown.push(info);
    }
    infos = [];
    // Those with hashed names cannot be told by their names: reading them tells.
    const { added, known } = await reconcileObjects(database, objects, unknown, { add: repair === true });
    for (const { key } of unknown)
      if (!known.has(key)) yield { kind: "not-indexed", key, repaired: added.has(key) };
  };
  for await (const info of objects.list(objectsPrefix)) {
    infos.push(info);
    if (infos.length >= pageSize) yield* flush();
  }
  if (infos.length > 0) yield* flush();
}
