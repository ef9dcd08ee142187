/**
 * Objects in a folder: plain Part 10 files that every tool can read, and every backup.
 *
 * A file comes to its place by a rename of a synced one, or is written anew from its intent after a crash; what lies
 * under `objects/` is therefore whole.
 */
import { closeSync, existsSync, fstatSync, openSync, read, readSync } from "node:fs";
import { mkdir, open, opendir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { dirname, sep } from "node:path";
import { promisify } from "node:util";
import { ArchiveError } from "../../errors.ts";
import type { ByteRange } from "../../image-source.ts";
import { grouped, inParallel } from "../group.ts";
import { InPlace } from "../in-place.ts";
import type { IntentInit } from "../index/intents.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";
import type { SlotFolder } from "./slots.ts";
import { Spool } from "./spool.ts";

const readAsync = promisify(read);

/** Bytes of an object read at a time: most objects in one go. */
const chunkBytes = 1 << 20;
const headerBytes = 1 << 18;

/** Renames and small writes that may be under way before the next instance has to wait. */
const mostUnderWay = 64;

/** Bytes up to which an object travels to the disk in the database's journal; above, its own sync costs less. */
const inlineLimit = 64 * 1024;

export class FileObjects implements ObjectStore {
  readonly kind = "files";
  readonly memoryLimit = 1 << 20;
  readonly #root: string;
  readonly #slots: SlotFolder;
  readonly #quick = new InPlace();
  /** Small objects may be kept in the intents for a while: not in a database that is far away. */
  readonly #inline: boolean;
  /** Keys with a deletion that is not settled: done again after a crash, it must not meet a newer object. */
  readonly #deleting = new Set<string>();
  /** What is being performed, by key: who reads waits for it. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(root: string, slots: SlotFolder, options: { readonly inline: boolean }) {
    this.#root = root;
    this.#slots = slots;
    this.#inline = options.inline;
  }

  async read(key: string, offset: number, length: number): Promise<Uint8Array> {
    await this.#ready(key);
    let file: number | undefined;
    try {
      // To open and to close takes less than a turn of the event loop each; to read may wait for the disk.
      file = openSync(this.#path(key), "r");
      const first = await this.#readAt(file, offset, length);
      if (first.byteLength === length) return first;
      const chunks = [first];
      let at = first.byteLength;
      while (at < length) {
        const chunk = await this.#readAt(file, offset + at, length - at);
        if (chunk.byteLength === 0) break;
        chunks.push(chunk);
        at += chunk.byteLength;
      }
      return Buffer.concat(chunks);
    } catch (error) {
      throw readError(key, error);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  async #readAt(file: number, offset: number, length: number): Promise<Uint8Array> {
    // Not from a pool: it is let go of as soon as it was sent.
    const bytes = Buffer.allocUnsafeSlow(length);
    const count = this.#quick.isBetter()
      ? this.#quick.run(() => readSync(file, bytes, 0, length, offset))
      : (await readAsync(file, bytes, 0, length, offset)).bytesRead;
    return count === length ? bytes : bytes.subarray(0, count);
  }

  async *stream(key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    if (range?.length === 0) return;
    await this.#ready(key);
    // Who says how much is wanted takes all of it; others may be after a header.
    const step = range === undefined ? headerBytes : chunkBytes;
    let file: number | undefined;
    // The next chunk is read while the last is on its way.
    let next: Promise<Uint8Array> | undefined;
    try {
      file = openSync(this.#path(key), "r");
      const { size } = fstatSync(file);
      let at = range?.offset ?? 0;
      const end = range === undefined ? size : Math.min(size, at + range.length);
      while (at < end) {
        const bytes = await (next ?? this.#readAt(file, at, Math.min(step, end - at)));
        if (bytes.byteLength === 0) return;
        at += bytes.byteLength;
        next = range !== undefined && at < end ? this.#readAt(file, at, Math.min(step, end - at)) : undefined;
        yield bytes;
      }
    } catch (error) {
      throw readError(key, error);
    } finally {
      // A descriptor is not closed while it is read from: its number may be that of another file by then.
      await next?.catch(() => undefined);
      if (file !== undefined) closeSync(file);
    }
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    await this.#ready(key);
    try {
      const { size, mtime } = await stat(this.#path(key));
      return { key, size, modified: mtime };
    } catch (error) {
      if (isCode(error, "ENOENT", "ENOTDIR")) return undefined;
      throw readError(key, error);
    }
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    const folder = prefix.replace(/\/$/, "");
    let entries: Awaited<ReturnType<typeof opendir>>;
    try {
      entries = await opendir(this.#path(folder));
    } catch (error) {
      if (isCode(error, "ENOENT")) return;
      throw readError(folder, error);
    }
    for await (const entry of entries) {
      const key = `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.list(`${key}/`);
      else if (entry.isFile()) {
        const info = await this.stat(key);
        if (info !== undefined) yield info;
      }
    }
  }

  async put(key: string, content: Uint8Array | Spool): Promise<void> {
    const to = this.#path(key);
    const created = await mkdir(dirname(to), { recursive: true });
    let from: string;
    if (content instanceof Spool) {
      from = this.#slots.path(await content.toFile({ sync: true }));
    } else {
      from = this.#slots.path(`${randomUUID()}.part`);
      await writeFile(from, content, { flush: true });
    }
    await rename(from, to);
    await syncFolders(to, created);
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
    await this.#tidy(key);
  }

  isFree(key: string): boolean {
    return !this.#deleting.has(key) && !this.#underWay.has(key) && !existsSync(this.#path(key));
  }

  async prepare(key: string, spool: Spool): Promise<IntentInit> {
    if (this.#underWay.size >= mostUnderWay) await Promise.race(this.#underWay.values());
    if (this.#inline && spool.inMemory && spool.size <= inlineLimit)
      return { kind: "write", path: key, bytes: spool.bytes() };
    return { kind: "move", path: key, file: await spool.toFile({ sync: true }) };
  }

  perform(intent: IntentInit, durable: Promise<void>): void {
    const { kind, path } = intent;
    if (kind === "delete") this.#deleting.add(path);
    const before = this.#underWay.get(path);
    const mine: Promise<void> = Promise.all([before, durable])
      .then(() => this.#perform(intent))
      // The intent stays in the index, and settling tries again.
      .catch((error: unknown) => {
        if (!(error instanceof Error && "code" in error)) throw error;
      })
      .finally(() => {
        if (this.#underWay.get(path) === mine) this.#underWay.delete(path);
      });
    this.#underWay.set(path, mine);
  }

  async #perform({ kind, path, file = "", bytes }: IntentInit): Promise<void> {
    const to = this.#path(path);
    const { worker } = this.#slots;
    if (kind === "delete") await this.delete(path);
    else if (kind === "move") await worker.move(this.#slots.path(file), to);
    else if (bytes !== undefined) await worker.write(this.#slots.path(`${randomUUID()}.part`), to, bytes);
  }

  async #performNow(intent: IntentInit): Promise<void> {
    const done = this.#perform(intent);
    this.#slots.worker.flush();
    await done;
  }

  /** Does at once what is under way for an object, which may be waiting for others. */
  async #ready(key: string): Promise<void> {
    const underWay = this.#underWay.get(key);
    if (underWay === undefined) return;
    const { worker } = this.#slots;
    worker.flush();
    await underWay;
  }

  async performed(): Promise<void> {
    this.#slots.worker.flush();
    await Promise.all(this.#underWay.values());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async settle(
    intents: readonly IntentInit[],
    bytesOf: (intent: IntentInit) => Promise<Uint8Array | undefined>,
    { verify }: { readonly verify: boolean },
  ): Promise<void> {
    const folders = new Set<string>();
    // In order where one key has several, side by side otherwise.
    const byKey = grouped(intents, ({ path }) => path);
    await inParallel([...byKey.values()], 4, async (some) => {
      for (const intent of some) await this.#settleOne(intent, bytesOf, verify, folders);
    });
    for (const folder of folders) await syncFolder(folder);
  }

  async #settleOne(
    intent: IntentInit,
    bytesOf: (intent: IntentInit) => Promise<Uint8Array | undefined>,
    verify: boolean,
    folders: Set<string>,
  ): Promise<void> {
    const { kind, path, file = "" } = intent;
    await this.#ready(path);
    const to = this.#path(path);
    if (kind === "delete") {
      await this.delete(path);
      this.#deleting.delete(path);
      return;
    }
    if (!existsSync(to)) {
      if (kind === "write") await this.#performNow({ ...intent, bytes: await bytesOf(intent) } as IntentInit);
      else if (existsSync(this.#slots.path(file))) await this.#performNow(intent);
      // Neither here nor there: it was deleted since, and a later intent says so.
      else return;
    }
    if (kind === "write") await syncWritten(to, verify ? await bytesOf(intent) : undefined);
    for (let folder = dirname(to); folder.length >= this.#root.length; folder = dirname(folder))
      folders.add(folder);
  }

  /** Removes the folders of a study or series that has nothing left. */
  async #tidy(key: string): Promise<void> {
    let folder = dirname(key);
    while (folder.includes("/")) {
      try {
        await rmdir(this.#path(folder));
      } catch (error) {
        if (isCode(error, "ENOTEMPTY", "EEXIST", "EBUSY")) return;
        if (!isCode(error, "ENOENT")) throw error;
      }
      folder = dirname(folder);
    }
  }

  #path(key: string): string {
    return `${this.#root}${sep}${key}`;
  }
}

/**
 * Syncs a small object that was written without.
 * @param bytes what must be in it, where a power loss may have left less
 */
async function syncWritten(path: string, bytes: Uint8Array | undefined): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r+");
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    if (bytes !== undefined) {
      const { size } = await file.stat();
      const there = size === bytes.byteLength ? await file.readFile() : undefined;
      if (there === undefined || Buffer.compare(there, bytes) !== 0) {
        await file.truncate(0);
        await file.write(bytes, 0, bytes.byteLength, 0);
      }
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes a rename survive a power loss, up to the folder that was there before. */
async function syncFolders(file: string, created: string | undefined): Promise<void> {
  const top = created === undefined ? dirname(file) : dirname(created);
  for (let folder = dirname(file); folder.length >= top.length; folder = dirname(folder))
    await syncFolder(folder);
}

export async function syncFolder(folder: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(folder, "r");
  } catch (error) {
    // Emptied and removed in the meantime: nothing is left that a sync could keep.
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function readError(key: string, cause: unknown): ArchiveError {
  return isCode(cause, "ENOENT", "ENOTDIR")
    ? new ArchiveError("object-missing", `The object ${key} is not there.`, { cause })
    : new ArchiveError("storage-failed", `The object ${key} cannot be read.`, { cause });
}

export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
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
