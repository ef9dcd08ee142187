/** Adds an instance to the index in one transaction: after the commit every query sees it, at all four levels. */
import type { Transaction } from "kysely";
import type { IndexDatabase } from "./database.ts";
import type { InstanceRows } from "./describe.ts";
import type { IndexSchema, InstanceTable } from "./schema.ts";

export interface StoredObject
  extends Pick<
    InstanceTable,
    "path" | "size" | "data_set_offset" | "transfer_syntax" | "received_at" | "source_ae"
  > {}

/** @returns false when the instance is in the index already */
export async function addToIndex(
  database: IndexDatabase,
  rows: InstanceRows,
  object: StoredObject,
): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const known = await transaction
      .selectFrom("instance")
      .select("id")
      .where("sop_uid", "=", rows.instance.sop_uid)
      .executeTakeFirst();
    if (known !== undefined) return false;
    const study = await studyRow(transaction, rows);
    const { id: series, isNew } = await seriesRow(transaction, rows, study.id);
    await transaction
      .insertInto("instance")
      .values({ ...rows.instance, ...object, series })
      .execute();
    await transaction
      .updateTable("series")
      .set((eb) => ({ instance_count: eb("instance_count", "+", 1) }))
      .where("id", "=", series)
      .execute();
    await transaction
      .updateTable("study")
      .set((eb) => ({
        instance_count: eb("instance_count", "+", 1),
        series_count: eb("series_count", "+", isNew ? 1 : 0),
        modalities: withMember(study.modalities, rows.series.modality),
        sop_classes: withMember(study.sop_classes, rows.instance.sop_class),
      }))
      .where("id", "=", study.id)
      .execute();
    return true;
  });
}

async function studyRow(
  transaction: Transaction<IndexSchema>,
  rows: InstanceRows,
): Promise<{ id: number; modalities: string; sop_classes: string }> {
  const known = await transaction
    .selectFrom("study")
    .select(["id", "modalities", "sop_classes"])
    .where("study_uid", "=", rows.study.study_uid)
    .executeTakeFirst();
  if (known !== undefined) return known;
  // A study belongs to the patient of its first instance; a later, different one does not move it.
  await transaction
    .insertInto("patient")
    .values(rows.patient)
    .onConflict((conflict) => conflict.column("patient_key").doNothing())
    .execute();
  const patient = await transaction
    .selectFrom("patient")
    .select("id")
    .where("patient_key", "=", rows.patient.patient_key)
    .executeTakeFirstOrThrow();
  const { id } = await transaction
    .insertInto("study")
    .values({
      ...rows.study,
      patient: patient.id,
      modalities: "",
      sop_classes: "",
      series_count: 0,
      instance_count: 0,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, modalities: "", sop_classes: "" };
}

async function seriesRow(
  transaction: Transaction<IndexSchema>,
  rows: InstanceRows,
  study: number,
): Promise<{ id: number; isNew: boolean }> {
  const known = await transaction
    .selectFrom("series")
    .select("id")
    .where("series_uid", "=", rows.series.series_uid)
    .executeTakeFirst();
  if (known !== undefined) return { id: known.id, isNew: false };
  const { id } = await transaction
    .insertInto("series")
    .values({ ...rows.series, study, instance_count: 0 })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, isNew: true };
}

/** Sorted set between backslashes, so that `\CT\` can be looked for. */
function withMember(joined: string, member: string): string {
  if (member === "" || joined.includes(`\\${member}\\`)) return joined;
  const members = [...joined.split("\\").filter((one) => one !== ""), member].sort();
  return `\\${members.join("\\")}\\`;
}
