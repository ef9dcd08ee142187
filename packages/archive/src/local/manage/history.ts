/** What was changed by people: who, when, and what it was before. Holds patient data. */
import type { IndexDatabase } from "../index/database.ts";
import { columnText } from "../index/fold.ts";

export interface HistoryEntry {
  readonly id: number;
  /** ISO 8601. */
  readonly at: string;
  readonly actor: string;
  readonly action: "edit" | "merge";
  readonly studyInstanceUid: string;
  /** `before`: attributes of patient and study as DICOM JSON; `changes` or `into` by the action. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Newest first, of one study or of all. */
export async function historyOf(
  { db }: IndexDatabase,
  {
    studyInstanceUid,
    limit = 100,
  }: { readonly studyInstanceUid?: string | undefined; readonly limit?: number | undefined },
): Promise<HistoryEntry[]> {
  let query = db.selectFrom("history").selectAll().orderBy("id", "desc").limit(limit);
  if (studyInstanceUid !== undefined) query = query.where("study_uid", "=", columnText(studyInstanceUid));
  return (await query.execute()).map(({ study_uid, detail, action, ...rest }) => ({
    ...rest,
    action: action as HistoryEntry["action"],
    studyInstanceUid: study_uid,
    detail: JSON.parse(detail) as Readonly<Record<string, unknown>>,
  }));
}
