/**
 * `LocalArchive`: an {@link ImageSource} of our own, an index beside plain DICOM objects.
 *
 * What it promises (docs/architecture.md): durable before success, visible to the next query, rebuildable from its
 * objects. The index is in SQLite or PostgreSQL, the objects in a folder or an S3 bucket.
 */
import { resolve } from "node:path";
import type { DataSet, DataSetInit, DicomJsonObject } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import {
  type CallOptions,
  type ImageSource,
  type InstanceKey,
  type InstanceObject,
  type InstanceStream,
  type Query,
  queryLevels,
  type Selection,
  type SourceCapabilities,
  type StoreOutcome,
} from "../image-source.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import type { Change } from "./index/changes.ts";
import type { IndexDatabase } from "./index/database.ts";
import { answerOf, jsonAnswerOf } from "./index/answer.ts";
import { findInIndex } from "./index/find.ts";
import { removeInstances } from "./index/remove.ts";
import { readSetting, writeSetting } from "./index/settings.ts";
import { openPostgres } from "./index/postgres.ts";
import { openSqlite } from "./index/sqlite.ts";
import { run } from "./index/steps.ts";
import { Committer } from "./ingest/committer.ts";
import { type DuplicatePolicy, Ingest } from "./ingest/ingest.ts";
import { Settler } from "./ingest/settler.ts";
import { ChangeFeed, type ChangesOptions } from "./manage/change-feed.ts";
import { editStudy, type EditOptions, mergeStudies } from "./manage/edit.ts";
import { type Exported, type ExportOptions, exportTo } from "./manage/export.ts";
import { type HistoryEntry, historyOf } from "./manage/history.ts";
import { type Imported, importFiles, type ImportOptions } from "./manage/import.ts";
import { Quarantine, type QuarantinedInstance } from "./manage/quarantine.ts";
import { enforceQuota, protectStudy, type Quota, type QuotaResult } from "./manage/quota.ts";
import { type Reconciled, reconcile, type RebuildOptions } from "./manage/rebuild.ts";
import { type Verified, verifyArchive, type VerifyOptions, type VerifyParts } from "./manage/verify.ts";
import { FileObjects } from "./objects/file-objects.ts";
import { objectKey } from "./objects/object-key.ts";
import type { ObjectStore } from "./objects/object-store.ts";
import { credentialsFromEnvironment, parseS3Url, S3Client } from "./objects/s3-client.ts";
import { S3Objects } from "./objects/s3-objects.ts";
import { SlotFolder } from "./objects/slots.ts";
import { Spool } from "./objects/spool.ts";
import { Reserve } from "./reserve.ts";
import { instanceObject } from "./read/instance-object.ts";
import { instanceLine, instanceLines, metadataLines } from "./read/instances.ts";

export interface ArchiveCounts {
  readonly patients: number;
  readonly studies: number;
  readonly series: number;
  readonly instances: number;
  /** Of all objects. */
  readonly bytes: number;
}

export interface LocalArchiveOptions {
  /** For the index and the objects, or, where those are elsewhere, for what is on its way in. */
  readonly folder: string;
  /** `postgres://user:password@host/database`; SQLite in the folder when left out. Several processes may share one. */
  readonly database?: string;
  /**
   * `s3://bucket/prefix?endpoint=…&region=…`, with credentials from the environment; the folder when left out. Several
   * processes may share one, together with the database.
   */
  readonly objects?: string;
  /** What happens to an instance whose UID is held with another content. Default `keep-first`. */
  readonly duplicates?: DuplicatePolicy;
}

interface Parts {
  readonly folder: DataFolder;
  readonly database: IndexDatabase;
  readonly objects: ObjectStore;
  readonly slots: SlotFolder;
  readonly settler: Settler;
  readonly quarantine: Quarantine;
  readonly feed: ChangeFeed;
  readonly reserve: Reserve;
  readonly ingest: Ingest;
}

export class LocalArchive implements ImageSource, AsyncDisposable {
  readonly #parts: Parts;
  /** What was put into the index at the start because it was missing there; undefined when nothing had to be looked for. */
  readonly repaired: Reconciled | undefined;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts, repaired: Reconciled | undefined) {
    this.#parts = parts;
    this.repaired = repaired;
  }

  /**
   * Opens the archive in a folder, which is made when it is not there.
   * @throws ArchiveError `data-folder-unusable`, `data-folder-in-use`, `data-folder-too-new`
   */
  static async open(where: string | LocalArchiveOptions): Promise<LocalArchive> {
    const options = typeof where === "string" ? { folder: where } : where;
    const folder = await openDataFolder(options.folder);
    try {
      const { database: url } = options;
      const database = await (url === undefined ? openSqlite(folder.index) : openPostgres(url));
      try {
        const { parts, repaired } = await openParts(folder, database, options);
        return new LocalArchive(parts, repaired);
      } catch (error) {
        await database.close();
        throw error;
      }
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  get folder(): string {
    return this.#parts.folder.root;
  }

  capabilities(): SourceCapabilities {
    return { kind: "local", find: true, retrieve: true, store: true, levels: queryLevels };
  }

  find(query: Query, options?: CallOptions): AsyncIterable<DataSet> {
    return findInIndex(this.#parts.database, query, answerOf, options);
  }

  findJson(query: Query, options?: CallOptions): AsyncIterable<DicomJsonObject> {
    return findInIndex(this.#parts.database, query, jsonAnswerOf, options);
  }

  async *retrieve(selection: Selection, options: CallOptions = {}): AsyncGenerator<InstanceStream> {
    const { database, objects } = this.#parts;
    for await (const line of instanceLines(database, selection)) {
      options.signal?.throwIfAborted();
      const uids = {
        studyInstanceUid: line.study_uid,
        seriesInstanceUid: line.series_uid,
        sopInstanceUid: line.sop_uid,
      };
      const size = line.size - line.data_set_offset;
      yield {
        ...uids,
        sopClassUid: line.sop_class,
        transferSyntaxUid: line.transfer_syntax,
        size,
        sourceAeTitle: line.source_ae,
        dataSet: () =>
          objects.stream(objectKey(uids, line.suffix), { offset: line.data_set_offset, length: size }),
      };
    }
  }

  async *store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options: CallOptions = {},
  ): AsyncGenerator<StoreOutcome> {
    for await (const instance of instances) yield await this.#parts.ingest.take(instance, options);
  }

  /** Stores one instance: what a C-STORE needs. Calls may overlap, and then share the cost of durability. */
  storeOne(instance: InstanceStream, options: CallOptions = {}): Promise<StoreOutcome> {
    return this.#parts.ingest.take(instance, options);
  }

  async *metadata(selection: Selection, options: CallOptions = {}): AsyncGenerator<string> {
    for await (const json of metadataLines(this.#parts.database, selection)) {
      options.signal?.throwIfAborted();
      yield json;
    }
  }

  async open(key: InstanceKey, options: CallOptions = {}): Promise<InstanceObject> {
    options.signal?.throwIfAborted();
    const { database, objects } = this.#parts;
    const line = await instanceLine(database, key);
    if (line !== undefined) return instanceObject(database, objects, line);
    throw new ArchiveError("instance-unknown", "There is no such instance.");
  }

  async delete(selection: Selection, options: CallOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    const { database, objects, settler, feed, reserve } = this.#parts;
    const { removed } = await reserve.spend(() =>
      database.writeThen(
        () => removeInstances(database.kind, selection),
        ({ intents }, durable) => {
          for (const intent of intents) objects.perform(intent, durable);
        },
      ),
    );
    settler.notice(removed.length);
    feed.notify();
    return removed.length;
  }

  /**
   * What happened, numbered and without end: see {@link ChangesOptions} for where to begin and how to stop. Entries hold
   * UIDs only; the newest 100,000 at least are kept.
   */
  changes(options?: ChangesOptions): AsyncIterable<Change> {
    return this.#parts.feed.follow(options);
  }

  /** What was received and not taken in, oldest first. */
  quarantined(): Promise<QuarantinedInstance[]> {
    return this.#parts.quarantine.list();
  }

  /**
   * Takes an instance out of quarantine into the archive, in the place of what is held under its UID.
   * @throws ArchiveError `quarantine-unknown`
   */
  async acceptQuarantined(name: string, options: CallOptions = {}): Promise<StoreOutcome> {
    const { quarantine, ingest } = this.#parts;
    const outcome = await ingest.take(await quarantine.open(name), { ...options, duplicates: "replace" });
    if (outcome.kind !== "failed") await quarantine.discard(name);
    return outcome;
  }

  /** @throws ArchiveError `quarantine-unknown` */
  discardQuarantined(name: string): Promise<void> {
    return this.#parts.quarantine.discard(name);
  }

  /**
   * Changes attributes of a study's patient or of the study in all its objects; see `edit.ts`.
   * @returns how many instances were written anew
   * @throws ArchiveError `study-unknown`, `edit-invalid`
   */
  async editStudy(studyInstanceUid: string, changes: DataSetInit, options: EditOptions): Promise<number> {
    const count = await editStudy(this.#parts, studyInstanceUid, changes, options);
    this.#edited(count);
    return count;
  }

  /**
   * Makes two studies one: instances of `from` become instances of `into`, with its patient and study attributes.
   * @returns how many instances were moved
   * @throws ArchiveError `study-unknown`, `edit-invalid`
   */
  async mergeStudies(
    studies: { readonly from: string; readonly into: string },
    options: EditOptions,
  ): Promise<number> {
    const count = await mergeStudies(this.#parts, studies, options);
    this.#edited(count);
    return count;
  }

  #edited(count: number): void {
    this.#parts.settler.notice(2 * count);
    this.#parts.feed.notify();
  }

  /** Edits and merges, newest first. Holds patient data. */
  history(
    options: { readonly studyInstanceUid?: string; readonly limit?: number } = {},
  ): Promise<HistoryEntry[]> {
    return historyOf(this.#parts.database, options);
  }

  /** A protected study is never removed by a quota. @throws ArchiveError `study-unknown` */
  protectStudy(studyInstanceUid: string, isProtected = true): Promise<void> {
    return protectStudy(this.#parts.database, studyInstanceUid, isProtected);
  }

  /** Removes the oldest studies until the quota is kept. */
  enforceQuota(quota: Quota, { signal }: CallOptions = {}): Promise<QuotaResult> {
    return enforceQuota(
      this.#parts.database,
      quota,
      (studyInstanceUid) => this.delete({ studyInstanceUid }),
      signal,
    );
  }

  /** Compares every object with its hash, and the index with the objects; see `verify.ts`. */
  async verify(options: VerifyOptions = {}): Promise<Verified> {
    await this.settle();
    const { database, objects, quarantine, slots } = this.#parts;
    const parts: VerifyParts = {
      database,
      objects,
      forget: async (key) => {
        await this.delete(key);
      },
      quarantine: async (key, uids, sopClassUid) => {
        const spool = new Spool(slots, objects.memoryLimit, new Uint8Array(0));
        for await (const chunk of objects.stream(key)) await spool.add(chunk);
        await quarantine.add(spool, {
          ...uids,
          sopClassUid,
          reason: "Its bytes are not those that were stored.",
        });
      },
    };
    return verifyArchive(parts, options);
  }

  /** Writes objects to a folder, with a DICOMDIR where asked for. */
  export(
    selection: Selection | readonly Selection[],
    folder: string,
    options: ExportOptions = {},
  ): Promise<Exported> {
    const { database, objects } = this.#parts;
    const selections: readonly Selection[] = "studyInstanceUid" in selection ? [selection] : selection;
    return exportTo(database, objects, selections, folder, options);
  }

  /** Stores files, everything in folders, and everything in zip files. */
  import(paths: Iterable<string>, options: ImportOptions = {}): AsyncGenerator<Imported> {
    return importFiles(paths, (instance) => this.storeOne(instance, callOptions(options)), options);
  }

  /**
   * Waits until everything acknowledged so far is at its place below `objects/`, and durable there without the index: for
   * backups, and for tools that look at the files.
   */
  async settle(): Promise<void> {
    await this.#parts.objects.performed();
    await this.#parts.settler.settle();
  }

  async counts(): Promise<ArchiveCounts> {
    const row = await this.#parts.database.db.selectFrom("total").selectAll().executeTakeFirstOrThrow();
    const { id: _id, ...counts } = row;
    return counts;
  }

  /** Throws the index away and makes it again from the objects. */
  async rebuildIndex(options: RebuildOptions = {}): Promise<Reconciled> {
    const { database, objects, settler } = this.#parts;
    await settler.settle();
    await writeSetting(database, "index-complete", "no");
    await database.write(function* () {
      for (const table of ["instance", "series", "study_modality", "study", "patient"])
        yield* run(`delete from ${table}`);
      yield* run("update total set patients = 0, studies = 0, series = 0, instances = 0, bytes = 0");
    });
    const done = await reconcile(database, objects, options);
    await writeSetting(database, "index-complete", "yes");
    return done;
  }

  /** What was acknowledged is settled; then the folder is free. May be called again. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const { settler, slots, database, folder, objects, feed } = this.#parts;
    feed.close();
    try {
      await objects.performed();
      await settler.close();
      await slots.close();
    } finally {
      await objects.close();
      await database.close();
      folder.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function openParts(
  folder: DataFolder,
  database: IndexDatabase,
  options: LocalArchiveOptions,
): Promise<{ parts: Parts; repaired: Reconciled | undefined }> {
  const slots = new SlotFolder(folder.incoming);
  const objects =
    options.objects === undefined
      ? new FileObjects(folder.root, slots, { inline: database.kind === "sqlite" })
      : new S3Objects(new S3Client(parseS3Url(options.objects), credentialsFromEnvironment()));
  await checkPlace(database, options);
  const reserve = new Reserve(folder.root);
  const settler = new Settler(database, objects);
  // What was committed before a crash and not settled comes first: everything else may build on it.
  await reserve.spend(() => settler.settle({ verify: true }));
  slots.clear(new Set());
  const isComplete = (await readSetting(database, "index-complete")) === "yes";
  const repaired = isComplete ? undefined : await reconcile(database, objects);
  if (!isComplete) await writeSetting(database, "index-complete", "yes");
  const quarantine = new Quarantine(objects);
  await reserve.fill();
  const feed = new ChangeFeed(database);
  const onChange = (): void => feed.notify();
  const committer = new Committer(database, objects, () => {
    settler.notice();
    onChange();
  });
  const ingest = new Ingest(
    { database, objects, slots, committer, quarantine, onChange },
    options.duplicates ?? "keep-first",
  );
  return {
    parts: { folder, database, objects, slots, settler, quarantine, feed, reserve, ingest },
    repaired,
  };
}

/** An index speaks of the objects of one place; with those of another it would find nothing and answer for nothing. */
async function checkPlace(database: IndexDatabase, { objects, folder }: LocalArchiveOptions): Promise<void> {
  if (database.kind === "sqlite" && objects === undefined) return;
  const place = objects === undefined ? `folder ${resolve(folder)}` : objects.replace(/\?.*/, "");
  const known = await readSetting(database, "objects-at");
  if (known === undefined) await writeSetting(database, "objects-at", place);
  else if (known !== place) {
    throw new ArchiveError(
      "data-folder-unusable",
      `The index database is that of the objects at "${known}", not of those at "${place}".`,
    );
  }
}

const callOptions = ({ signal }: ImportOptions): CallOptions => (signal === undefined ? {} : { signal });
