/**
 * Makes the index from the objects: after it was lost, and for `isocenter index rebuild`.
 *
 * Objects are whole by construction, so each one that the index does not know is added. What lies in the wrong place, or
 * is an instance that the index has from another object, is reported and left alone.
 */
import type { InstanceKey } from "../../image-source.ts";
import { addInstances, heldInstances, type NewInstance } from "../index/add-instances.ts";
import type { IndexDatabase } from "../index/database.ts";
import { objectKey, objectsPrefix, suffixOf } from "../objects/object-key.ts";
import type { ObjectInfo, ObjectStore } from "../objects/object-store.ts";
import { readObjectHeader } from "../read/object-header.ts";

export interface Reconciled {
  readonly seen: number;
  readonly added: number;
  /** Paths below `objects/` that could not be taken in, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}

export interface RebuildOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((seen: number) => void) | undefined;
}

const pageSize = 200;

export async function reconcile(
  database: IndexDatabase,
  objects: ObjectStore,
  { signal, onProgress }: RebuildOptions = {},
): Promise<Reconciled> {
  let seen = 0;
  let added = 0;
  const unreadable: { path: string; reason: string }[] = [];
  let page: ObjectInfo[] = [];
  const flush = async (): Promise<void> => {
    signal?.throwIfAborted();
    const result = await reconcileObjects(database, objects, await unknownOf(database, page), { add: true });
    page = [];
    added += result.added.size;
    unreadable.push(...result.unreadable.map(({ key, reason }) => ({ path: shortKey(key), reason })));
    onProgress?.(seen);
  };
  for await (const info of objects.list(objectsPrefix)) {
    if (!info.key.endsWith(".dcm")) continue;
    seen++;
    page.push(info);
    if (page.length >= pageSize) await flush();
  }
  if (page.length > 0) await flush();
  return { seen, added, unreadable };
}

export interface ReconciledObjects {
  readonly added: ReadonlySet<string>;
  /** Keys that the index has after all; a hashed name does not tell. */
  readonly known: ReadonlySet<string>;
  readonly unreadable: readonly { readonly key: string; readonly reason: string }[];
}

/** Adds objects that the index does not know, or with `add: false` only tells which it does. */
export async function reconcileObjects(
  database: IndexDatabase,
  objects: ObjectStore,
  infos: readonly ObjectInfo[],
  { add }: { readonly add: boolean },
): Promise<ReconciledObjects> {
  const news: { readonly key: string; readonly instance: NewInstance }[] = [];
  const unreadable: { key: string; reason: string }[] = [];
  for (const info of infos) {
    try {
      news.push({ key: info.key, instance: await fromObject(objects, info) });
    } catch (error) {
      unreadable.push({ key: info.key, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const added = new Set<string>();
  const known = new Set<string>();
  const held = add
    ? await database.write(() =>
        addInstances(
          database.kind,
          news.map(({ instance }) => instance),
        ),
      )
    : await database.read(function* () {
        const found = yield* heldInstances(news.map(({ instance }) => instance.rows.uids.sopInstanceUid));
        return news.map(({ instance }) => found.get(instance.rows.uids.sopInstanceUid));
      });
  news.forEach(({ key }, index) => {
    const other = held[index];
    if (other === undefined) {
      if (add) added.add(key);
    } else if (objectKey(keyOf(other), other.suffix) === key) known.add(key);
    else unreadable.push({ key, reason: "Another object with this SOP Instance UID is in the index." });
  });
  return { added, known, unreadable };
}

/** Those of a page that the index does not have. Most names are UIDs, and tell without opening the object. */
export async function unknownOf(
  database: IndexDatabase,
  infos: readonly ObjectInfo[],
): Promise<ObjectInfo[]> {
  const named = infos.map((info) => ({ info, uid: /([0-9.]+)(?:~[0-9a-f]+)?\.dcm$/.exec(info.key)?.[1] }));
  const uids = named.flatMap(({ uid }) => uid ?? []);
  const held = await database.read(() => heldInstances(uids));
  return named
    .filter(({ info, uid }) => {
      const row = uid === undefined ? undefined : held.get(uid);
      return row === undefined || objectKey(keyOf(row), row.suffix) !== info.key;
    })
    .map(({ info }) => info);
}

function keyOf(row: {
  readonly study_uid: string;
  readonly series_uid: string;
  readonly sop_uid: string;
}): InstanceKey {
  return { studyInstanceUid: row.study_uid, seriesInstanceUid: row.series_uid, sopInstanceUid: row.sop_uid };
}

/** Its hash is left for `verify`, which reads it whole. */
async function fromObject(objects: ObjectStore, { key, size, modified }: ObjectInfo): Promise<NewInstance> {
  const header = await readObjectHeader(objects.stream(key));
  const suffix = suffixOf(key, header.rows.uids);
  if (suffix === undefined) throw new TypeError("It does not lie where its UIDs say.");
  return {
    rows: header.rows,
    object: {
      suffix,
      size,
      data_set_offset: header.dataSetOffset,
      pixel_offset: header.pixelOffset,
      transfer_syntax: header.transferSyntaxUid,
      hash: "",
      received_at: modified.toISOString(),
      source_ae: header.sourceAeTitle,
    },
  };
}

const shortKey = (key: string): string => key.slice(objectsPrefix.length);
