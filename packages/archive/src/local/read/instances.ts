/** The objects of a selection: rows of the index, in the order in which they are sent. */
import { sql } from "kysely";
import type { InstanceKey, Selection } from "../../image-source.ts";
import type { IndexDatabase } from "../index/database.ts";
import { columnText } from "../index/fold.ts";
import { first } from "../index/steps.ts";

const pageSize = 500;

export interface InstanceLine {
  readonly id: number;
  readonly study_uid: string;
  readonly series: number;
  readonly series_uid: string;
  readonly sop_uid: string;
  readonly sop_class: string;
  readonly transfer_syntax: string;
  readonly suffix: string;
  readonly size: number;
  readonly data_set_offset: number;
  readonly pixel_offset: number;
  readonly hash: string;
  readonly source_ae: string;
  readonly received_at: string;
}

/** Series by series, each in the order of arrival; in pages, so that a study of any size costs the same memory. */
export async function* instanceLines(
  database: IndexDatabase,
  selection: Selection,
): AsyncGenerator<InstanceLine> {
  let after: { series: number; id: number } = { series: 0, id: 0 };
  for (;;) {
    const rows = await page(database, selection, after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = { series: last.series, id: last.id };
  }
}

async function page(
  { db }: IndexDatabase,
  selection: Selection,
  after: { readonly series: number; readonly id: number },
): Promise<readonly InstanceLine[]> {
  let rows = db
    .selectFrom("study")
    .innerJoin("series", "series.study", "study.id")
    .innerJoin("instance", "instance.series", "series.id")
    .select(["study.study_uid", "series.series_uid", "series.id as series", "instance.id"])
    .select(["instance.sop_class", "instance.sop_uid", "instance.transfer_syntax", "instance.suffix"])
    .select(["instance.size", "instance.data_set_offset", "instance.pixel_offset"])
    .select(["instance.hash", "instance.source_ae", "instance.received_at"])
    .where("study.study_uid", "=", columnText(selection.studyInstanceUid))
    .orderBy("series.id")
    .orderBy("instance.id")
    .limit(pageSize);
  if (after.id > 0)
    rows = rows.where(sql<boolean>`(series.id, instance.id) > (${after.series}, ${after.id})`);
  if (selection.seriesInstanceUid !== undefined)
    rows = rows.where("series.series_uid", "=", columnText(selection.seriesInstanceUid));
  if (selection.sopInstanceUid !== undefined)
    rows = rows.where("instance.sop_uid", "=", columnText(selection.sopInstanceUid));
  return rows.execute();
}

/** As {@link instanceLines} for one instance, as quick as it can be: a viewer asks for frames by the thousand. */
export function instanceLine(database: IndexDatabase, key: InstanceKey): Promise<InstanceLine | undefined> {
  return database.read(() =>
    first<InstanceLine>(
      `select i.id, st.study_uid, se.id as series, se.series_uid, i.sop_uid, i.sop_class, i.transfer_syntax, i.suffix,
      i.size, i.data_set_offset, i.pixel_offset, i.hash, i.source_ae, i.received_at
      from instance i join series se on se.id = i.series join study st on st.id = se.study
      where i.sop_uid = ? and se.series_uid = ? and st.study_uid = ?`,
      columnText(key.sopInstanceUid),
      columnText(key.seriesInstanceUid),
      columnText(key.studyInstanceUid),
    ),
  );
}

/** Ready DICOM JSON, one instance each: nothing is parsed. */
export async function* metadataLines({ db }: IndexDatabase, selection: Selection): AsyncGenerator<string> {
  let last = { series: 0, id: 0 };
  for (;;) {
    let query = db
      .selectFrom("study")
      .innerJoin("series", "series.study", "study.id")
      .innerJoin("instance", "instance.series", "series.id")
      .select(["series.id as series", "instance.id", "instance.attributes"])
      .where("study.study_uid", "=", columnText(selection.studyInstanceUid))
      .orderBy("series.id")
      .orderBy("instance.id")
      .limit(pageSize);
    if (last.id > 0)
      query = query.where(sql<boolean>`(series.id, instance.id) > (${last.series}, ${last.id})`);
    if (selection.seriesInstanceUid !== undefined)
      query = query.where("series.series_uid", "=", columnText(selection.seriesInstanceUid));
    if (selection.sopInstanceUid !== undefined)
      query = query.where("instance.sop_uid", "=", columnText(selection.sopInstanceUid));
    const rows = await query.execute();
    for (const row of rows) yield row.attributes;
    const end = rows.at(-1);
    if (end === undefined || rows.length < pageSize) return;
    last = { series: end.series, id: end.id };
  }
}
