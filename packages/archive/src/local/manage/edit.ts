/**
 * Editing studies: a patient's or a study's attributes, and two studies made one.
 *
 * The objects are written anew, each with its former values in (0400,0561) Original Attributes Sequence (PS3.3 C.12.1.1.9),
 * and take the place of the old ones in one commit together with an entry in the history. Until then everything is as it
 * was; instances keep their UIDs.
 */
import {
  DataSet,
  type DataSetInit,
  DicomError,
  type DicomJsonObject,
  encodeDataSetStream,
  fromDicomJson,
  readPart10,
  type Tag,
  toDicomJson,
  validate,
} from "@isocenter/dicom";
import { ArchiveError } from "../../errors.ts";
import { addInstances, type NewInstance } from "../index/add-instances.ts";
import { lockChanges, recordChanges } from "../index/changes.ts";
import type { IndexDatabase } from "../index/database.ts";
import { columnText } from "../index/fold.ts";
import { type IntentInit, recordIntents } from "../index/intents.ts";
import { levelAttributes } from "../index/keys.ts";
import { removeInstances } from "../index/remove.ts";
import { all, first, insert, run, type Work } from "../index/steps.ts";
import { receive } from "../ingest/receive.ts";
import { newSuffix, objectKey } from "../objects/object-key.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import type { SlotFolder } from "../objects/slots.ts";
import type { Spool } from "../objects/spool.ts";
import { instanceObject } from "../read/instance-object.ts";
import { type InstanceLine, instanceLines } from "../read/instances.ts";

export interface EditParts {
  readonly database: IndexDatabase;
  readonly objects: ObjectStore;
  readonly slots: SlotFolder;
}

export interface EditOptions {
  /** Who does it, for the history: a user's name, an AE title. */
  readonly actor: string;
  readonly signal?: AbortSignal | undefined;
}

const studyInstanceUidTag = 0x0020000d;
/** Attributes that are of a patient or a study, and may be edited. */
const editable: ReadonlySet<Tag> = new Set(
  [...levelAttributes.PATIENT, ...levelAttributes.STUDY].filter((tag) => tag !== studyInstanceUidTag),
);

/** Times that instances which came in meanwhile are waited for before giving up. */
const mostRounds = 5;

/**
 * @param changes by keyword or tag; an empty value empties the attribute
 * @returns how many instances were written anew
 * @throws ArchiveError `study-unknown`, `edit-invalid`
 */
export async function editStudy(
  parts: EditParts,
  studyInstanceUid: string,
  changes: DataSetInit,
  options: EditOptions,
): Promise<number> {
  const wanted = valid(changes);
  return rewrite(parts, studyInstanceUid, (dataSet) => withOriginals(dataSet, wanted), {
    ...options,
    action: "edit",
    detail: { changes: toDicomJson(wanted) },
    changed: [studyInstanceUid],
  });
}

/**
 * Moves all instances of one study to another, with the other's patient and study attributes.
 * @returns how many instances were moved
 * @throws ArchiveError `study-unknown`, `edit-invalid` for a study and itself
 */
export async function mergeStudies(
  parts: EditParts,
  { from, into }: { readonly from: string; readonly into: string },
  options: EditOptions,
): Promise<number> {
  if (from === into) throw new ArchiveError("edit-invalid", "A study cannot be merged into itself.");
  const json = await studyAttributes(parts.database, into);
  const tags = [...editable, studyInstanceUidTag];
  const missing = tags.filter((tag) => !(tagHex(tag) in json));
  const wanted = fromDicomJson(json).merge(
    DataSet.of({ StudyInstanceUID: into, SpecificCharacterSet: "ISO_IR 192" }),
  );
  const edit = (dataSet: DataSet): DataSet =>
    withOriginals(dataSet, wanted).without(...missing.filter((tag) => tag !== studyInstanceUidTag));
  return rewrite(parts, from, edit, {
    ...options,
    action: "merge",
    detail: { into },
    changed: [from, into],
  });
}

function valid(changes: DataSetInit): DataSet {
  let wanted: DataSet;
  try {
    wanted = DataSet.of(changes);
  } catch (cause) {
    if (!(cause instanceof DicomError)) throw cause;
    throw new ArchiveError("edit-invalid", `The change cannot be made: ${cause.message}`, { cause });
  }
  const other = [...wanted].find(({ tag }) => !editable.has(tag));
  if (other !== undefined || wanted.size === 0)
    throw new ArchiveError(
      "edit-invalid",
      other === undefined
        ? "Nothing is to be changed."
        : `(${tagHex(other.tag)}) is no attribute of a patient or a study that can be edited.`,
    );
  // Without a character set text would be judged as ASCII; it is written as UTF-8.
  const problem = validate(wanted.merge(DataSet.of({ SpecificCharacterSet: "ISO_IR 192" }))).find(
    ({ code }) =>
      ["value-invalid", "multiplicity-invalid", "text-undecodable", "vr-unexpected"].includes(code),
  );
  if (problem !== undefined)
    throw new ArchiveError("edit-invalid", `The change cannot be made: ${problem.path}: ${problem.message}`);
  return wanted;
}

/** Text of the new values is UTF-8; what the object has already keeps its meaning. */
function withOriginals(dataSet: DataSet, wanted: DataSet): DataSet {
  const before = [...wanted].flatMap(({ tag }) => {
    const element = tag === 0x00080005 ? undefined : dataSet.element(tag);
    return element === undefined ? [] : [element];
  });
  const charset = dataSet.element("SpecificCharacterSet");
  const original = DataSet.fromElements(charset === undefined ? before : [charset, ...before]);
  const item = DataSet.of({
    SourceOfPreviousValues: "",
    AttributeModificationDateTime: dateTime(new Date()),
    ModifyingSystem: "ISOCENTER",
    ReasonForTheAttributeModification: "CORRECT",
    ModifiedAttributesSequence: [original],
  });
  return dataSet.merge(wanted.merge(DataSet.of({ SpecificCharacterSet: "ISO_IR 192" }))).merge(
    DataSet.of({
      SpecificCharacterSet: "ISO_IR 192",
      OriginalAttributesSequence: [...dataSet.items("OriginalAttributesSequence"), item],
    }),
  );
}

interface Rewriting extends EditOptions {
  readonly action: "edit" | "merge";
  readonly detail: Readonly<Record<string, unknown>>;
  /** Studies to tell of in the feed. */
  readonly changed: readonly string[];
}

interface Prepared {
  readonly instance: NewInstance;
  readonly intent: IntentInit | undefined;
  readonly spool: Spool;
}

async function rewrite(
  parts: EditParts,
  studyInstanceUid: string,
  edit: (dataSet: DataSet) => DataSet,
  rewriting: Rewriting,
): Promise<number> {
  const { database, objects } = parts;
  const before = await studyAttributes(database, studyInstanceUid);
  const prepared = new Map<number, Prepared>();
  let committing = false;
  try {
    for (let round = 0; round < mostRounds; round++) {
      for await (const line of instanceLines(database, { studyInstanceUid })) {
        rewriting.signal?.throwIfAborted();
        if (!prepared.has(line.id)) prepared.set(line.id, await prepare(parts, line, edit, rewriting.signal));
      }
      committing = true;
      const done = await database.writeThen(
        () => exchange(database, studyInstanceUid, prepared, rewriting, before),
        (deletions, durable) => {
          if (deletions === undefined) return;
          for (const { intent } of prepared.values())
            if (intent !== undefined) objects.perform(intent, durable);
          for (const one of deletions) objects.perform(one, durable);
        },
      );
      committing = false;
      if (done === undefined) continue;
      for (const { spool } of prepared.values()) {
        spool.close();
        if (objects.kind === "s3") spool.discard();
      }
      return prepared.size;
    }
    throw new ArchiveError(
      "storage-failed",
      "Instances keep coming into the study; try again when it is complete.",
    );
  } catch (error) {
    for (const { spool, instance } of prepared.values()) {
      // A connection that is lost during a commit leaves open whether it was made: then nothing is thrown away.
      if (committing) {
        spool.abandon();
        continue;
      }
      spool.discard();
      if (objects.kind === "s3") await objects.delete(objectKey(instance.rows.uids, instance.object.suffix));
    }
    throw error;
  }
}

async function prepare(
  { database, objects, slots }: EditParts,
  line: InstanceLine,
  edit: (dataSet: DataSet) => DataSet,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const object = instanceObject(database, objects, line);
  const { dataSet } = await readPart10(object, { bulkThreshold: 64 * 1024 });
  const edited = edit(dataSet);
  const { rows, spool, dataSetOffset, pixelOffset } = await receive(
    {
      sopClassUid: line.sop_class,
      sopInstanceUid: line.sop_uid,
      transferSyntaxUid: line.transfer_syntax,
      sourceAeTitle: line.source_ae,
      dataSet: () => encodeDataSetStream(edited, line.transfer_syntax),
    },
    slots,
    objects.memoryLimit,
    signal,
  );
  const suffix = newSuffix();
  // To a file at once: a study of any size is prepared before the commit.
  if (objects.kind === "files") await spool.toFile({ sync: true });
  const intent = await objects.prepare(objectKey(rows.uids, suffix), spool);
  const described = {
    suffix,
    size: spool.size,
    data_set_offset: dataSetOffset,
    pixel_offset: pixelOffset,
    transfer_syntax: line.transfer_syntax,
    hash: spool.digest(),
    received_at: line.received_at,
    source_ae: line.source_ae,
  };
  spool.close();
  return { instance: { rows, object: described }, intent, spool };
}

/** @returns the deletions of the old objects, or undefined when instances came that are not prepared */
function* exchange(
  database: IndexDatabase,
  studyInstanceUid: string,
  prepared: ReadonlyMap<number, Prepared>,
  { action, actor, detail, changed }: Rewriting,
  before: DicomJsonObject,
): Work<readonly IntentInit[] | undefined> {
  yield* lockChanges();
  const uid = columnText(studyInstanceUid);
  const ids = yield* all<{ id: number }>(
    `select i.id from study st join series se on se.study = st.id join instance i on i.series = se.id
    where st.study_uid = ?`,
    uid,
  );
  if (ids.some(({ id }) => !prepared.has(id))) return undefined;
  const kept = yield* first<{ protected: number; created_at: string }>(
    "select protected, created_at from study where study_uid = ?",
    uid,
  );
  const { intents } = yield* removeInstances(database.kind, { studyInstanceUid }, { quietly: true });
  const there = new Set(ids.map(({ id }) => id));
  // Those that were deleted while they were prepared stay deleted.
  const news = [...prepared].filter(([id]) => there.has(id)).map(([, one]) => one);
  yield* addInstances(
    database.kind,
    news.map(({ instance }) => ({ ...instance, silent: true })),
  );
  yield* recordIntents(news.flatMap(({ intent }) => intent ?? []));
  const at = new Date().toISOString();
  if (kept !== undefined)
    yield* run(
      "update study set protected = ?, created_at = ? where study_uid = ?",
      kept.protected,
      kept.created_at,
      uid,
    );
  yield* insert("insert into history (at, actor, action, study_uid, detail) values", [
    [at, columnText(actor), action, uid, JSON.stringify({ ...detail, before })],
  ]);
  yield* recordChanges(
    changed.map((study) => ({ at, kind: "study-updated" as const, studyInstanceUid: study })),
  );
  return intents;
}

async function studyAttributes({ db }: IndexDatabase, studyInstanceUid: string): Promise<DicomJsonObject> {
  const row = await db
    .selectFrom("study")
    .select("attributes")
    .where("study_uid", "=", columnText(studyInstanceUid))
    .executeTakeFirst();
  if (row === undefined) throw new ArchiveError("study-unknown", "There is no such study.");
  return JSON.parse(row.attributes) as DicomJsonObject;
}

const tagHex = (tag: Tag): string => tag.toString(16).toUpperCase().padStart(8, "0");

/** A DT value in UTC. */
function dateTime(date: Date): string {
  return `${date
    .toISOString()
    .replace(/[-:TZ]/g, "")
    .slice(0, 14)}+0000`;
}
