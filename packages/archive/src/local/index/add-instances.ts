/**
 * Adds instances to the index, many in one transaction: after the commit every query sees them, at all four levels.
 *
 * Several processes may do so at once. Which of two instances with one UID is kept is decided by the unique keys of the
 * tables; rows that are counted on are locked, studies in the order of their UIDs.
 */
import { type ChangeKind, recordChanges } from "./changes.ts";
import type { InstanceRows, PatientRow } from "./describe.ts";
import { type IntentInit, recordIntents } from "./intents.ts";
import type { InstanceTable } from "./schema.ts";
import type { DatabaseKind } from "./migrations.ts";
import { all, chunked, first, insert, marks, type Param, run, type Work } from "./steps.ts";

export interface StoredObject
  extends Pick<
    InstanceTable,
    | "suffix"
    | "size"
    | "data_set_offset"
    | "pixel_offset"
    | "transfer_syntax"
    | "hash"
    | "received_at"
    | "source_ae"
  > {}

export interface NewInstance {
  readonly rows: InstanceRows;
  readonly object: StoredObject;
  /** What has to happen to the objects once this is committed. */
  readonly intent?: IntentInit;
  readonly change?: ChangeKind;
  /** No entry in the feed: one for all of them is made. */
  readonly silent?: boolean;
}

/** What is held already under a SOP Instance UID. */
export interface HeldInstance {
  readonly id: number;
  readonly sop_uid: string;
  readonly suffix: string;
  readonly size: number;
  readonly data_set_offset: number;
  readonly hash: string;
  readonly study_uid: string;
  readonly series_uid: string;
}

interface KnownStudy {
  readonly id: number;
  readonly modalities: string;
  readonly sop_classes: string;
  readonly study_date: string;
}

interface Place {
  readonly study: KnownStudy;
  readonly series: number;
  readonly isNewSeries: boolean;
}

/**
 * @param options.expectNew they were looked for before, and it would be news that one is held
 * @returns for each instance undefined when it was added, or what is held in its place
 */
export function* addInstances(
  kind: DatabaseKind,
  instances: readonly NewInstance[],
  { expectNew = false }: { readonly expectNew?: boolean } = {},
): Work<(HeldInstance | undefined)[]> {
  const held = expectNew
    ? new Map<string, HeldInstance>()
    : yield* heldInstances(instances.map(({ rows }) => rows.uids.sopInstanceUid));
  const news = instances.filter(({ rows }) => !held.has(rows.uids.sopInstanceUid));
  if (news.length > 0) {
    const { studies, newPatients, newStudies } = yield* studiesOf(kind, news);
    const places = yield* placesOf(news, studies);
    const added = yield* insertInstances(news, places);
    yield* count(news, places, added, { newPatients, newStudies });
    const lost = news.filter((_, index) => !added.has(index)).map(({ rows }) => rows.uids.sopInstanceUid);
    for (const [uid, row] of yield* heldInstances(lost)) held.set(uid, row);
  }
  return instances.map(({ rows }) => held.get(rows.uids.sopInstanceUid));
}

export function* heldInstances(uids: readonly string[]): Work<Map<string, HeldInstance>> {
  const held = new Map<string, HeldInstance>();
  for (const some of chunked(uids)) {
    const rows = yield* all<HeldInstance>(
      `select i.id, i.sop_uid, i.suffix, i.size, i.data_set_offset, i.hash, st.study_uid, se.series_uid
      from instance i join series se on se.id = i.series join study st on st.id = se.study
      where i.sop_uid in (${marks(some.length)})`,
      ...some,
    );
    for (const row of rows) held.set(row.sop_uid, row);
  }
  return held;
}

function* studiesOf(
  kind: DatabaseKind,
  news: readonly NewInstance[],
): Work<{ studies: Map<string, KnownStudy>; newPatients: number; newStudies: number }> {
  const byUid = new Map(news.map((one) => [one.rows.uids.studyInstanceUid, one]));
  const studies = new Map<string, KnownStudy>();
  let newPatients = 0;
  let newStudies = 0;
  const lock = kind === "postgres" ? " for update" : "";
  for (const uid of [...byUid.keys()].sort()) {
    const find = (): Work<KnownStudy | undefined> =>
      first<KnownStudy>(
        `select id, modalities, sop_classes, study_date from study where study_uid = ?${lock}`,
        uid,
      );
    let known = yield* find();
    const instance = byUid.get(uid);
    if (known === undefined && instance !== undefined) {
      const { id, isNew } = yield* patientOf(instance.rows.patient());
      if (isNew) newPatients++;
      if (yield* insertStudy(instance, id)) newStudies++;
      known = yield* find();
    }
    if (known !== undefined) studies.set(uid, known);
  }
  return { studies, newPatients, newStudies };
}

/** A study belongs to the patient of its first instance; a later, different one does not move it. */
export function* patientOf(row: PatientRow): Work<{ id: number; isNew: boolean }> {
  const columns = Object.keys(row);
  const [made] = yield* insert<{ id: number }>(
    `insert into patient (${columns.join(", ")}) values`,
    [Object.values(row)],
    "on conflict (patient_key) do nothing returning id",
  );
  if (made !== undefined) return { id: made.id, isNew: true };
  const known = yield* first<{ id: number }>("select id from patient where patient_key = ?", row.patient_key);
  return { id: known?.id ?? 0, isNew: false };
}

function* insertStudy({ rows, object }: NewInstance, patient: number): Work<boolean> {
  const { patient_key: _key, attributes: _attributes, ...patientColumns } = rows.patient();
  const row: Record<string, Param> = {
    ...rows.study(),
    ...patientColumns,
    patient,
    created_at: object.received_at,
    updated_at: toTheMinute(object.received_at),
  };
  const made = yield* insert<{ id: number }>(
    `insert into study (${Object.keys(row).join(", ")}) values`,
    [Object.values(row)],
    "on conflict (study_uid) do nothing returning id",
  );
  return made.length > 0;
}

function* placesOf(news: readonly NewInstance[], studies: ReadonlyMap<string, KnownStudy>): Work<Place[]> {
  const known = new Map<string, Place>();
  const places: Place[] = [];
  for (const { rows } of news) {
    const { studyInstanceUid, seriesInstanceUid } = rows.uids;
    const key = `${studyInstanceUid}\n${seriesInstanceUid}`;
    let place = known.get(key);
    if (place === undefined) {
      const own = studies.get(studyInstanceUid);
      if (own === undefined) throw new TypeError("a study was neither found nor made");
      place = yield* seriesOf(rows, own);
      known.set(key, place);
    }
    places.push(place);
  }
  return places;
}

/** Scanners have been seen to use one Series Instance UID in two studies: it is then a series in each. */
function* seriesOf(rows: InstanceRows, study: KnownStudy): Work<Place> {
  const find = (): Work<{ id: number } | undefined> =>
    first("select id from series where series_uid = ? and study = ?", rows.uids.seriesInstanceUid, study.id);
  const known = yield* find();
  if (known !== undefined) return { study, series: known.id, isNewSeries: false };
  const row: Record<string, Param> = { ...rows.series(), study: study.id };
  const [made] = yield* insert<{ id: number }>(
    `insert into series (${Object.keys(row).join(", ")}) values`,
    [Object.values(row)],
    "returning id",
  );
  return { study, series: made?.id ?? 0, isNewSeries: true };
}

const instanceColumns = [
  "series",
  "sop_uid",
  "sop_class",
  "instance_number",
  "attributes",
  "suffix",
  "size",
  "data_set_offset",
  "pixel_offset",
  "transfer_syntax",
  "hash",
  "received_at",
  "source_ae",
];

/** @returns the indexes of those that were added; the others were added by someone else in the meantime */
function* insertInstances(news: readonly NewInstance[], places: readonly Place[]): Work<Set<number>> {
  const added = new Set<number>();
  const numbered = news.map((one, index) => ({ ...one, index }));
  for (const some of chunked(numbered, 100)) {
    const rows = yield* insert<{ sop_uid: string }>(
      `insert into instance (${instanceColumns.join(", ")}) values`,
      some.map(({ rows: { instance }, object, index }) => [
        places[index]?.series ?? 0,
        instance.sop_uid,
        instance.sop_class,
        instance.instance_number,
        instance.attributes,
        object.suffix,
        object.size,
        object.data_set_offset,
        object.pixel_offset,
        object.transfer_syntax,
        object.hash,
        object.received_at,
        object.source_ae,
      ]),
      "on conflict (sop_uid) do nothing returning sop_uid",
    );
    const uids = new Set(rows.map((row) => row.sop_uid));
    for (const { rows: of, index } of some) if (uids.has(of.uids.sopInstanceUid)) added.add(index);
  }
  return added;
}

function* count(
  news: readonly NewInstance[],
  places: readonly Place[],
  added: ReadonlySet<number>,
  { newPatients, newStudies }: { readonly newPatients: number; readonly newStudies: number },
): Work<void> {
  interface Sum {
    study: KnownStudy;
    modalities: Set<string>;
    sopClasses: Set<string>;
    series: Set<number>;
    instances: number;
    size: number;
    at: string;
  }
  const bySeries = new Map<number, number>();
  const byStudy = new Map<number, Sum>();
  let bytes = 0;
  news.forEach(({ rows, object }, index) => {
    const place = places[index];
    if (place === undefined || !added.has(index)) return;
    bySeries.set(place.series, (bySeries.get(place.series) ?? 0) + 1);
    const { study } = place;
    const sum = byStudy.get(study.id) ?? {
      study,
      modalities: new Set(),
      sopClasses: new Set(),
      series: new Set(),
      instances: 0,
      size: 0,
      at: "",
    };
    byStudy.set(study.id, sum);
    sum.modalities.add(rows.modality);
    sum.sopClasses.add(rows.uids.sopClassUid);
    if (place.isNewSeries) sum.series.add(place.series);
    sum.instances++;
    sum.size += object.size;
    sum.at = object.received_at;
    bytes += object.size;
  });
  for (const [series, instances] of bySeries)
    yield* run("update series set instance_count = instance_count + ? where id = ?", instances, series);
  let newSeries = 0;
  for (const { study, modalities, sopClasses, series, instances, size, at } of byStudy.values()) {
    newSeries += series.size;
    yield* run(
      `update study set instance_count = instance_count + ?, series_count = series_count + ?, size = size + ?,
      updated_at = ?, modalities = ?, sop_classes = ? where id = ?`,
      instances,
      series.size,
      size,
      toTheMinute(at),
      withMembers(study.modalities, modalities),
      withMembers(study.sop_classes, sopClasses),
      study.id,
    );
    const missing = [...modalities].filter((one) => one !== "" && !study.modalities.includes(`\\${one}\\`));
    yield* insert(
      "insert into study_modality (modality, study_date, study) values",
      missing.map((modality) => [modality, study.study_date, study.id]),
      "on conflict do nothing",
    );
  }
  yield* run(
    `update total set patients = patients + ?, studies = studies + ?, series = series + ?,
    instances = instances + ?, bytes = bytes + ?`,
    newPatients,
    newStudies,
    newSeries,
    added.size,
    bytes,
  );
  const done = news.filter((_, index) => added.has(index));
  yield* recordIntents(done.flatMap(({ intent }) => intent ?? []));
  yield* recordChanges(
    done
      .filter(({ silent }) => silent !== true)
      .map(({ rows, change = "instance-stored", object }) => ({
        kind: change,
        at: object.received_at,
        studyInstanceUid: rows.uids.studyInstanceUid,
        seriesInstanceUid: rows.uids.seriesInstanceUid,
        sopInstanceUid: rows.uids.sopInstanceUid,
      })),
  );
}

/** Finer would write the index by it anew for every instance, and nobody needs it finer. */
export function toTheMinute(at: string): string {
  return `${at.slice(0, 16)}Z`;
}

/** Sorted set between backslashes, so that `\CT\` can be looked for. */
export function withMembers(joined: string, members: ReadonlySet<string>): string {
  const all = new Set([...joined.split("\\"), ...members]);
  all.delete("");
  return all.size === 0 ? "" : `\\${[...all].sort().join("\\")}\\`;
}
