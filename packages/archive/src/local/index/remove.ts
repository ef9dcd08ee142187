/** Takes instances out of the index, and what is empty then; their objects follow by intents. */
import type { InstanceKey, Selection } from "../../image-source.ts";
import { grouped } from "../group.ts";
import { objectKey } from "../objects/object-key.ts";
import { toTheMinute, withMembers } from "./add-instances.ts";
import { type Change, recordChanges } from "./changes.ts";
import { columnText } from "./fold.ts";
import { type IntentInit, recordIntents } from "./intents.ts";
import type { DatabaseKind } from "./migrations.ts";
import { all, chunked, first, insert, marks, type Param, run, type Work } from "./steps.ts";

export interface RemovedInstance extends InstanceKey {
  readonly suffix: string;
}

interface Target {
  readonly id: number;
  readonly sop_uid: string;
  readonly suffix: string;
  readonly size: number;
  readonly series: number;
  readonly series_uid: string;
  readonly study: number;
  readonly study_uid: string;
}

/**
 * @param options.quietly without an entry in the feed: something else takes its place
 * @returns what was removed, and the intents that were recorded to delete the objects
 */
export function* removeInstances(
  kind: DatabaseKind,
  selection: Selection,
  { quietly = false }: { readonly quietly?: boolean } = {},
): Work<{ removed: RemovedInstance[]; intents: IntentInit[] }> {
  const targets = yield* targetsOf(kind, selection);
  for (const ids of chunked(targets.map(({ id }) => id)))
    yield* run(`delete from instance where id in (${marks(ids.length)})`, ...ids);
  let series = 0;
  for (const [id, { length }] of grouped(targets, (one) => one.series)) {
    yield* run("update series set instance_count = instance_count - ? where id = ?", length, id);
    const left = yield* first<{ instance_count: number }>(
      "select instance_count from series where id = ?",
      id,
    );
    if ((left?.instance_count ?? 0) > 0) continue;
    yield* run("delete from series where id = ?", id);
    series++;
  }
  let studies = 0;
  let patients = 0;
  let bytes = 0;
  for (const [study, gone] of grouped(targets, (one) => one.study)) {
    const size = gone.reduce((sum, one) => sum + one.size, 0);
    bytes += size;
    yield* run(
      "update study set instance_count = instance_count - ?, size = size - ?, updated_at = ? where id = ?",
      gone.length,
      size,
      toTheMinute(new Date().toISOString()),
      study,
    );
    const rest = yield* recount(study);
    if (rest > 0) continue;
    studies++;
    patients += yield* removeStudy(study);
  }
  yield* run(
    `update total set patients = patients - ?, studies = studies - ?, series = series - ?,
    instances = instances - ?, bytes = bytes - ?`,
    patients,
    studies,
    series,
    targets.length,
    bytes,
  );
  const removed = targets.map((one) => ({
    studyInstanceUid: one.study_uid,
    seriesInstanceUid: one.series_uid,
    sopInstanceUid: one.sop_uid,
    suffix: one.suffix,
  }));
  const intents = removed.map((one): IntentInit => ({ kind: "delete", path: objectKey(one, one.suffix) }));
  // What was still to be put there must not be put there after it was deleted.
  for (const some of chunked(intents))
    yield* run(`delete from intent where path in (${marks(some.length)})`, ...some.map(({ path }) => path));
  yield* recordIntents(intents);
  if (!quietly && removed.length > 0) yield* recordChanges([deletion(selection)]);
  return { removed, intents };
}

function deletion({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Selection): Omit<Change, "seq"> {
  const at = new Date().toISOString();
  if (seriesInstanceUid === undefined) return { at, kind: "study-deleted", studyInstanceUid };
  if (sopInstanceUid === undefined)
    return { at, kind: "series-deleted", studyInstanceUid, seriesInstanceUid };
  return { at, kind: "instance-deleted", studyInstanceUid, seriesInstanceUid, sopInstanceUid };
}

function* targetsOf(kind: DatabaseKind, selection: Selection): Work<readonly Target[]> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = selection;
  const study = columnText(studyInstanceUid);
  // Against an instance that comes in meanwhile.
  if (kind === "postgres") yield* run("select id from study where study_uid = ? for update", study);
  const params: Param[] = [study];
  let where = "st.study_uid = ?";
  if (seriesInstanceUid !== undefined) {
    where += " and se.series_uid = ?";
    params.push(columnText(seriesInstanceUid));
  }
  if (sopInstanceUid !== undefined) {
    where += " and i.sop_uid = ?";
    params.push(columnText(sopInstanceUid));
  }
  return yield* all<Target>(
    `select i.id, i.sop_uid, i.suffix, i.size, se.id as series, se.series_uid, st.id as study, st.study_uid
    from study st join series se on se.study = st.id join instance i on i.series = se.id where ${where}
    order by i.id`,
    ...params,
  );
}

/** Counts a study's series and modalities again. @returns the instances it has left */
export function* recount(study: number): Work<number> {
  const series = yield* all<{ modality: string; instance_count: number }>(
    "select modality, instance_count from series where study = ?",
    study,
  );
  const classes = yield* all<{ sop_class: string }>(
    "select distinct i.sop_class from series se join instance i on i.series = se.id where se.study = ?",
    study,
  );
  const modalities = new Set(series.map(({ modality }) => modality));
  modalities.delete("");
  yield* run(
    "update study set series_count = ?, modalities = ?, sop_classes = ? where id = ?",
    series.length,
    withMembers("", modalities),
    withMembers("", new Set(classes.map(({ sop_class }) => sop_class))),
    study,
  );
  yield* run("delete from study_modality where study = ?", study);
  const row = yield* first<{ study_date: string; instance_count: number }>(
    "select study_date, instance_count from study where id = ?",
    study,
  );
  yield* insert(
    "insert into study_modality (modality, study_date, study) values",
    [...modalities].map((modality) => [modality, row?.study_date ?? "", study]),
  );
  return row?.instance_count ?? 0;
}

/** @returns how many patients went with it: none or one */
export function* removeStudy(study: number): Work<number> {
  const row = yield* first<{ patient: number }>("select patient from study where id = ?", study);
  yield* run("delete from study_modality where study = ?", study);
  yield* run("delete from study where id = ?", study);
  return row === undefined ? 0 : yield* removeEmptyPatient(row.patient);
}

export function* removeEmptyPatient(patient: number): Work<number> {
  const other = yield* first("select 1 as one from study where patient = ?", patient);
  if (other !== undefined) return 0;
  yield* run("delete from patient where id = ?", patient);
  return 1;
}
