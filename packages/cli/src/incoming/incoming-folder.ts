/**
 * Instances on their way into a folder: written as they arrive, without re-encoding, as PS3.10 files.
 *
 * What the system answers from its memory (names, small writes) is done at once; what waits for the disk is waited for.
 *
 * A file comes into being as a hidden `.part`, is synced, moved to its name, and the folder's entry is synced, before its
 * arrival is told: an answer of success means that it survives a power loss.
 */
import { randomUUID } from "node:crypto";
import { closeSync, fdatasync, linkSync, openSync, renameSync, unlinkSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataSetParser, encodeFileMeta } from "@isocenter/dicom";
import { FileNames } from "./file-names.ts";
import { GatheredWriter } from "./gathered-writer.ts";

/** What becomes of an instance whose name is taken. */
export const duplicatePolicies = ["replace", "keep", "both", "refuse"] as const;
export type DuplicatePolicy = (typeof duplicatePolicies)[number];

export interface IncomingOptions {
  readonly folder: string;
  /** See {@link FileNames}. */
  readonly pattern: string;
  readonly duplicates: DuplicatePolicy;
  /** Whether to sync before the arrival is told. */
  readonly durable: boolean;
}

export interface Incoming {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly sourceAeTitle?: string | undefined;
}

export interface Arrival {
  /** `kept`: the one that was there stayed; `refused`: and the sender is told so. */
  readonly kind: "stored" | "replaced" | "kept" | "refused";
  readonly path: string;
  /** Of the whole file. */
  readonly bytes: number;
}

const partialPrefix = ".incoming-";
const pixelData = 0x7fe00010;
const maximumOpenFolders = 64;

export class IncomingFolder implements AsyncDisposable {
  readonly folder: string;
  readonly #options: IncomingOptions;
  readonly #names: FileNames;
  readonly #madeFolders = new Map<string, Promise<void>>();
  readonly #folderSyncs = new Map<string, FolderSync>();

  private constructor(options: IncomingOptions, names: FileNames) {
    this.folder = options.folder;
    this.#options = options;
    this.#names = names;
  }

  /** Makes the folder, and clears what an earlier run left unfinished. @throws UsageError for a pattern that is none */
  static async open(options: IncomingOptions): Promise<IncomingFolder> {
    const names = new FileNames(options.pattern);
    await mkdir(options.folder, { recursive: true });
    for (const name of await readdir(options.folder)) {
      if (name.startsWith(partialPrefix) && !isOfRunningProcess(name))
        await rm(join(options.folder, name), { force: true });
    }
    return new IncomingFolder(options, names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sync of this.#folderSyncs.values()) await sync.close();
    this.#folderSyncs.clear();
  }

  /** @throws DicomError when the name needs a value of a data set that cannot be parsed; the system's errors */
  async take(instance: Incoming, dataSet: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Arrival> {
    const partial = join(this.folder, `${partialPrefix}${process.pid}-${randomUUID()}.part`);
    try {
      const { bytes, name } = await this.#write(partial, instance, dataSet, signal);
      return await this.#place(partial, name, bytes);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async #write(
    partial: string,
    { sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle }: Incoming,
    dataSet: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<{ bytes: number; name: string }> {
    const parser = this.#names.needsHeader
      ? new DataSetParser(transferSyntaxUid, { until: pixelData, bulkThreshold: 1024 })
      : undefined;
    const descriptor = openSync(partial, "wx");
    const writer = new GatheredWriter(descriptor);
    try {
      await writer.add(
        encodeFileMeta({
          sopClassUid,
          sopInstanceUid,
          transferSyntaxUid,
          ...(sourceAeTitle === undefined ? {} : { sourceAeTitle }),
        }),
      );
      for await (const chunk of dataSet) {
        signal?.throwIfAborted();
        if (parser?.done === false) parser.push(chunk);
        const due = writer.add(chunk);
        if (due !== undefined) await due;
      }
      if (parser?.done === false) parser.end();
      const name = this.#names.nameOf({ sopClassUid, sopInstanceUid, header: parser?.dataSet });
      await writer.flush();
      if (this.#options.durable) await dataSynced(descriptor);
      return { bytes: writer.bytes, name };
    } finally {
      // A write that is under way must not meet another file under the same descriptor.
      await writer.settled().catch(() => undefined);
      closeSync(descriptor);
    }
  }

  async #place(partial: string, name: string, bytes: number): Promise<Arrival> {
    const path = join(this.folder, name);
    await this.#makeFolder(dirname(path));
    const arrival = { ...this.#move(partial, path), bytes };
    const isHere = arrival.kind === "stored" || arrival.kind === "replaced";
    if (!isHere) unlinkSync(partial);
    else if (this.#options.durable) await this.#syncFolder(dirname(arrival.path));
    return arrival;
  }

  #move(partial: string, path: string): Pick<Arrival, "kind" | "path"> {
    // link + unlink, because rename would replace what another association just put there.
    if (linked(partial, path)) return { kind: "stored", path };
    switch (this.#options.duplicates) {
      case "replace":
        renameSync(partial, path);
        return { kind: "replaced", path };
      case "keep":
        return { kind: "kept", path };
      case "refuse":
        return { kind: "refused", path };
      case "both": {
        for (let number = 2; ; number++) {
          const other = path.replace(/(\.[A-Za-z]+)?$/, `-${number}$1`);
          if (linked(partial, other)) return { kind: "stored", path: other };
        }
      }
    }
  }

  /** Once per folder; new folders are entries of their parents, which are synced too. */
  #makeFolder(folder: string): Promise<void> {
    if (folder === this.folder) return Promise.resolve();
    const known = this.#madeFolders.get(folder);
    if (known !== undefined) return known;
    const made = (async () => {
      const first = await mkdir(folder, { recursive: true });
      if (first === undefined || !this.#options.durable) return;
      for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
    })();
    this.#madeFolders.set(folder, made);
    made.catch(() => this.#madeFolders.delete(folder));
    return made;
  }

  #syncFolder(folder: string): Promise<void> {
    let sync = this.#folderSyncs.get(folder);
    if (sync === undefined) {
      sync = new FolderSync(folder);
      this.#folderSyncs.set(folder, sync);
      const [oldest] = this.#folderSyncs;
      if (this.#folderSyncs.size > maximumOpenFolders && oldest !== undefined) {
        this.#folderSyncs.delete(oldest[0]);
        void oldest[1].close();
      }
    }
    return sync.request();
  }
}

/** Requests that come while a sync runs share the next one. The folder stays open in between. */
class FolderSync {
  readonly #handle: Promise<FileHandle>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(folder: string) {
    this.#handle = open(folder, "r");
    this.#handle.catch(() => undefined); // thrown where it is used
  }

  request(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#run();
      });
    return this.#next;
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined);
    await (await this.#handle).close();
  }

  #run(): Promise<void> {
    this.#running = this.#handle
      .then((handle) => handle.sync())
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }
}

/** @returns false when the name is taken */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code === "EEXIST") return false;
    if (error.code !== "EPERM" && error.code !== "ENOTSUP" && error.code !== "ENOSYS") throw error;
    renameSync(from, to); // a file system without hard links
    return true;
  }
  unlinkSync(from);
  return true;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function dataSynced(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Another `receive` may share the folder: its unfinished files are its own. */
function isOfRunningProcess(name: string): boolean {
  const pid = Number(name.slice(partialPrefix.length).split("-", 1)[0]);
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
