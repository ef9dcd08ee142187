/**
 * Intents: what a committed transaction still wants done to the objects, kept in the index until it is done for good.
 *
 * An instance is acknowledged after the commit of its rows and its intent. The cheap part follows at once (a rename, an
 * unlink), the syncing of folders later and for many at once; after a crash the start does it all again, which changes
 * nothing where it was done. That is what makes one sync enough for an instance.
 *
 * - `move`: the synced file `incoming/<file>` belongs at `path`.
 * - `write`: `bytes` belong at `path`; small objects travel in the database's own journal and need no sync themselves.
 * - `delete`: the object at `path` is to go.
 */
import { all, chunked, insert, marks, run, type Work } from "./steps.ts";

export type IntentKind = "move" | "write" | "delete";

export interface IntentInit {
  readonly kind: IntentKind;
  readonly path: string;
  readonly file?: string;
  readonly bytes?: Uint8Array;
}

export interface Intent extends IntentInit {
  readonly id: number;
}

export function* recordIntents(intents: readonly IntentInit[]): Work<void> {
  for (const some of chunked(intents, 100)) {
    yield* insert(
      "insert into intent (kind, path, file, bytes) values",
      some.map(({ kind, path, file = "", bytes }) => [kind, path, file, bytes ?? null]),
    );
  }
}

/** Those up to `last` in order, without their bytes, of which the larger would fill the memory. */
export function pendingIntents(limit: number, after = 0): Work<readonly Intent[]> {
  return all<Intent>(
    "select id, kind, path, file from intent where id > ? order by id limit ?",
    after,
    limit,
  );
}

export function* intentBytes(id: number): Work<Uint8Array | undefined> {
  const [row] = yield* all<{ bytes: Uint8Array | null }>("select bytes from intent where id = ?", id);
  return row?.bytes ?? undefined;
}

export function* forgetIntents(ids: readonly number[]): Work<void> {
  for (const some of chunked(ids))
    yield* run(`delete from intent where id in (${marks(some.length)})`, ...some);
}
