/**
 * Objects: plain Part 10 files in a readable tree, `objects/<study>/<series>/<instance>.dcm`.
 *
 * A file comes into being under `incoming/`, is synced, renamed to its place and made durable there by syncing the
 * folders that gained an entry. Whatever lies under `objects/` is therefore whole.
 */
import { createHash } from "node:crypto";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface DataFolders {
  readonly root: string;
  readonly objects: string;
  readonly incoming: string;
  readonly quarantine: string;
}

export function dataFolders(root: string): DataFolders {
  return {
    root,
    objects: join(root, "objects"),
    incoming: join(root, "incoming"),
    quarantine: join(root, "quarantine"),
  };
}

/** Path of an instance below `objects/`, with forward slashes. UIDs come from outside and may hold anything. */
export function objectPath(studyUid: string, seriesUid: string, sopUid: string): string {
  return `${safeName(studyUid)}/${safeName(seriesUid)}/${safeName(sopUid)}.dcm`;
}

/** The UID itself where it is one (PS3.5 9.1), otherwise a hash: no separator, dot folder or odd byte reaches the disk. */
function safeName(uid: string): string {
  if (/^[0-9]+(\.[0-9]+)*$/.test(uid) && uid.length <= 64) return uid;
  return `uid-${createHash("sha256").update(uid).digest("hex").slice(0, 40)}`;
}

/**
 * Makes the data folder and everything above it that is missing. Not `mkdir(…, { recursive: true })`, which tries again
 * for ever on file systems that answer ENOENT to every new name, as /proc does.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await isFolder(at)); at = dirname(at)) missing.push(at);
  for (const one of missing.reverse()) await mkdir(one);
}

/** @throws ENOTDIR when it is there and no folder */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is not a folder`), { code: "ENOTDIR" });
}

/** Makes the rename or creation of an entry in `folder` survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Moves a synced file to its place durably, without ever replacing another.
 * @returns false when there is a file already; the newcomer then stays where it is
 */
export async function moveIntoPlace(from: string, to: string): Promise<boolean> {
  const folder = dirname(to);
  const created = await mkdir(folder, { recursive: true });
  try {
    // link + unlink, because rename would replace an object that another writer just put there.
    await link(from, to);
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    if (!isCode(error, "EPERM", "ENOTSUP", "ENOSYS")) throw error;
    await rename(from, to); // a file system without hard links
  }
  await unlink(from).catch((error: unknown) => {
    if (!isCode(error, "ENOENT")) throw error;
  });
  await syncFolder(folder);
  // New folders are entries of their parents, which need the same care, up to the one that was there before.
  if (created !== undefined) {
    for (let parent = dirname(folder); parent.length >= dirname(created).length; parent = dirname(parent)) {
      await syncFolder(parent);
    }
  }
  return true;
}

/** What a crash left behind under `incoming/` was never acknowledged. */
export async function clearIncoming(folders: DataFolders): Promise<void> {
  for (const name of await readdir(folders.incoming)) await rm(join(folders.incoming, name), { force: true });
}

/** Collects chunks and writes them in large, gathered writes. */
export class ChunkWriter {
  readonly #handle: FileHandle;
  readonly #batch: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Bytes given so far. */
  size = 0;

  constructor(handle: FileHandle, batch = 1 << 20) {
    this.#handle = handle;
    this.#batch = batch;
  }

  /** @returns a promise only when a write is due, so that small chunks cost no turn of the event loop */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.byteLength;
    this.size += chunk.byteLength;
    return this.#pendingBytes >= this.#batch ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    let chunks = this.#pending;
    let left = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    while (left > 0) {
      const { bytesWritten } = await this.#handle.writev(chunks);
      left -= bytesWritten;
      if (left > 0) chunks = dropBytes(chunks, bytesWritten);
    }
  }
}

function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const chunk of chunks) {
    if (skip >= chunk.byteLength) skip -= chunk.byteLength;
    else {
      rest.push(chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
