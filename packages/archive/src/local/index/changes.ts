/**
 * The feed of changes: numbered, durable, committed with what it tells of, and holding UIDs only.
 *
 * Numbers only grow. On PostgreSQL, where several processes commit at once, writers take turns from here to their commit,
 * so that no number ever appears after a higher one was read. The feed keeps the newest entries.
 */
import { insert, run, type Work } from "./steps.ts";

export type ChangeKind =
  | "instance-stored"
  | "instance-replaced"
  | "study-updated"
  | "study-deleted"
  | "series-deleted"
  | "instance-deleted"
  | "instance-quarantined";

export interface Change {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly kind: ChangeKind;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid?: string;
  readonly sopInstanceUid?: string;
}

/** Entries kept, at least. */
export const changesKept = 100_000;

/** Before {@link recordChanges}, unless the totals were updated: the row of totals is what writers take turns by. */
export function lockChanges(): Work<void> {
  return run("update total set instances = instances where id = 1");
}

export function* recordChanges(changes: readonly Omit<Change, "seq">[]): Work<void> {
  if (changes.length === 0) return;
  const rows = yield* insert<{ seq: number }>(
    "insert into change (at, kind, study_uid, series_uid, sop_uid) values",
    changes.map((one) => [
      one.at,
      one.kind,
      one.studyInstanceUid,
      one.seriesInstanceUid ?? "",
      one.sopInstanceUid ?? "",
    ]),
    "returning seq",
  );
  for (const { seq } of rows)
    if (seq % 1000 === 0) yield* run("delete from change where seq <= ?", seq - changesKept);
}
