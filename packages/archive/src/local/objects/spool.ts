/**
 * An instance on its way in: in memory while it is small, in a file of `incoming/` from then on, hashed in the one pass.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, fdatasync, openSync, writev, writevSync } from "node:fs";
import { promisify } from "node:util";
import type { SlotFolder } from "./slots.ts";

const writevAsync = promisify(writev);
const datasync = promisify(fdatasync);

/** Bytes gathered before they are written. */
const batchBytes = 1 << 20;

export class Spool {
  /** Bytes given so far. */
  size = 0;
  readonly #slots: SlotFolder;
  readonly #memoryLimit: number;
  #pending: Uint8Array[];
  #pendingBytes: number;
  /** Bytes at the start that are no part of the data set, and not hashed yet. */
  #unhashedHead: number;
  #file: { readonly name: string; readonly fd: number } | undefined;
  readonly #hash: Hash = createHash("sha256");
  #digest = "";

  /** @param head preamble and file meta, which come before the data set */
  constructor(slots: SlotFolder, memoryLimit: number, head: Uint8Array) {
    this.#slots = slots;
    this.#memoryLimit = memoryLimit;
    this.#pending = [head];
    this.#pendingBytes = this.#unhashedHead = this.size = head.byteLength;
  }

  /** @returns a promise only when a write is due, so that small chunks cost no turn of the event loop */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.byteLength;
    this.size += chunk.byteLength;
    const limit = this.#file === undefined ? this.#memoryLimit : batchBytes;
    return this.#pendingBytes > limit ? this.#spill() : undefined;
  }

  /** All of it, where it is in memory. */
  get inMemory(): boolean {
    return this.#file === undefined;
  }

  /** One piece, in a buffer of its own; only for what is in memory. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#pendingBytes);
    let at = 0;
    for (const chunk of this.#pending) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return bytes;
  }

  /** Path of the file that holds it, once {@link toFile} was called. */
  get filePath(): string | undefined {
    return this.#file === undefined ? undefined : this.#slots.path(this.#file.name);
  }

  /**
   * Writes everything to a file.
   * @param sync waits until it is on the disk
   * @returns its name below `incoming/`
   */
  async toFile({ sync }: { readonly sync: boolean }): Promise<string> {
    if (this.#file !== undefined) {
      await this.#spill();
      if (sync) await datasync(this.#file.fd);
      return this.#file.name;
    }
    const file = this.#openFile();
    const chunks = this.#pending;
    // Into the page cache, which takes no longer than handing it to a thread would.
    let rest: readonly Uint8Array[] = chunks;
    for (let left = this.#pendingBytes; left > 0; ) {
      const written = writevSync(file.fd, rest);
      left -= written;
      if (left > 0) rest = dropBytes(rest, written);
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    const synced = sync ? datasync(file.fd) : Promise.resolve();
    // While the disk works.
    this.#hashChunks(chunks);
    await synced;
    return file.name;
  }

  /** SHA-256 of the data set in hex, once all of it was given. */
  digest(): string {
    if (this.#digest === "") {
      this.#hashChunks(this.#pending);
      this.#digest = this.#hash.digest("hex");
    }
    return this.#digest;
  }

  /** Lets go of the memory and the open file, which someone else has use for now. */
  close(): void {
    if (this.#file !== undefined && this.#file.fd >= 0) {
      closeSync(this.#file.fd);
      this.#file = { name: this.#file.name, fd: -1 };
    }
    this.#pending = [];
  }

  /** As {@link close}; the file stays, because whether someone counts on it is not known. */
  abandon(): void {
    this.close();
    this.#file = undefined;
  }

  /** As {@link close}, and removes the file. */
  discard(): void {
    this.close();
    if (this.#file !== undefined) this.#slots.remove(this.#file.name);
  }

  async #spill(): Promise<void> {
    const { fd } = this.#file ?? this.#openFile();
    let chunks: readonly Uint8Array[] = this.#pending;
    let left = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#hashChunks(chunks);
    while (left > 0) {
      const { bytesWritten } = await writevAsync(fd, chunks);
      left -= bytesWritten;
      if (left > 0) chunks = dropBytes(chunks, bytesWritten);
    }
  }

  #openFile(): { readonly name: string; readonly fd: number } {
    const name = this.#slots.take();
    this.#file = { name, fd: openSync(this.#slots.path(name), "r+") };
    return this.#file;
  }

  #hashChunks(chunks: readonly Uint8Array[]): void {
    // Asked for before it was written: all of it was hashed then.
    if (this.#digest !== "") return;
    for (const chunk of chunks) {
      const skipped = Math.min(this.#unhashedHead, chunk.byteLength);
      this.#unhashedHead -= skipped;
      if (skipped < chunk.byteLength) this.#hash.update(skipped === 0 ? chunk : chunk.subarray(skipped));
    }
  }
}

function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const chunk of chunks) {
    if (skip >= chunk.byteLength) skip -= chunk.byteLength;
    else {
      rest.push(skip === 0 ? chunk : chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
