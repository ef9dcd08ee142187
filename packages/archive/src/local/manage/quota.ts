/**
 * Quota: studies that are too old, or too much, are removed, those first to which nothing has come for the longest time.
 * Protected studies stay, whatever the quota says.
 */
import { ArchiveError } from "../../errors.ts";
import type { IndexDatabase } from "../index/database.ts";
import { columnText } from "../index/fold.ts";
import { all, type Work } from "../index/steps.ts";

export interface Quota {
  /** Bytes of all objects. */
  readonly maximumBytes?: number | undefined;
  /** Of a study since its last instance came, in days. */
  readonly maximumAgeDays?: number | undefined;
}

export interface QuotaResult {
  readonly removed: readonly { readonly studyInstanceUid: string; readonly bytes: number }[];
  /** Less is there now than the quota allows; false when only protected studies could make it so. */
  readonly satisfied: boolean;
}

/** @param remove deletes a study */
export async function enforceQuota(
  database: IndexDatabase,
  { maximumBytes, maximumAgeDays }: Quota,
  remove: (studyInstanceUid: string) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<QuotaResult> {
  const removed: { studyInstanceUid: string; bytes: number }[] = [];
  const oldest =
    maximumAgeDays === undefined ? "" : new Date(Date.now() - maximumAgeDays * 86_400_000).toISOString();
  for (;;) {
    signal?.throwIfAborted();
    const bytes = await totalBytes(database);
    const tooMuch = maximumBytes !== undefined && bytes > maximumBytes;
    const candidates = await oldestStudies(database, tooMuch ? undefined : oldest);
    let over = tooMuch ? bytes - maximumBytes : 0;
    if (candidates.length === 0) return { removed, satisfied: !tooMuch };
    for (const { study_uid, size, updated_at } of candidates) {
      signal?.throwIfAborted();
      if (over <= 0 && updated_at >= oldest) break;
      await remove(study_uid);
      removed.push({ studyInstanceUid: study_uid, bytes: size });
      over -= size;
    }
  }
}

/** @param before only those to which nothing came since then */
async function oldestStudies(
  { db }: IndexDatabase,
  before: string | undefined,
): Promise<readonly { study_uid: string; size: number; updated_at: string }[]> {
  let query = db
    .selectFrom("study")
    .select(["study_uid", "size", "updated_at"])
    .where("protected", "=", 0)
    .orderBy("updated_at")
    .orderBy("id")
    .limit(100);
  if (before !== undefined) query = query.where("updated_at", "<", before);
  return query.execute();
}

async function totalBytes({ db }: IndexDatabase): Promise<number> {
  return (await db.selectFrom("total").select("bytes").executeTakeFirst())?.bytes ?? 0;
}

/** @throws ArchiveError `study-unknown` */
export async function protectStudy(
  database: IndexDatabase,
  studyInstanceUid: string,
  isProtected: boolean,
): Promise<void> {
  const uid = columnText(studyInstanceUid);
  const found = await database.write(function* (): Work<number> {
    const rows = yield* all(
      "update study set protected = ? where study_uid = ? returning id",
      isProtected ? 1 : 0,
      uid,
    );
    return rows.length;
  });
  if (found === 0) throw new ArchiveError("study-unknown", "There is no such study.");
}
