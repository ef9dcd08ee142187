/**
 * The files in a zip file, one after the other, inflated as they are read.
 *
 * Names in it are only told, never used as paths. A zip may be small and hold terabytes, so what comes out is counted and
 * compared with what went in.
 */
import { createReadStream } from "node:fs";
import { Unzip, UnzipInflate, UnzipPassThrough, type UnzipFile } from "fflate";
import { ArchiveError } from "./errors.ts";

export interface ZipLimits {
  /** Bytes that one file may inflate to. Default 16 GiB. */
  readonly maximumFileBytes?: number | undefined;
  /** How often larger the content may be than the zip, beyond its first 64 MiB. Default 200. */
  readonly maximumRatio?: number | undefined;
  /** Files in it. Default 1,000,000. */
  readonly maximumFiles?: number | undefined;
}

export interface ZipEntry {
  /** As the zip has it: anything. */
  readonly name: string;
  /** May be left unread, or in the middle. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Bytes read at a time: inflated they are a thousand times as many at most. */
const step = 16 * 1024;
const freeBytes = 64 << 20;

/** @throws ArchiveError `zip-invalid` when it is damaged, encrypted, or beyond the limits */
export async function* readZip(path: string, limits: ZipLimits = {}): AsyncGenerator<ZipEntry> {
  const reader = new ZipReader(createReadStream(path, { highWaterMark: step }), limits);
  try {
    for (;;) {
      const entry = await reader.next();
      if (entry === undefined) return;
      yield entry;
    }
  } finally {
    reader.close();
  }
}

interface Open {
  readonly name: string;
  chunks: Uint8Array[];
  ended: boolean;
  bytes: number;
}

class ZipReader {
  readonly #input: AsyncIterator<Uint8Array> & { return?(): Promise<unknown> };
  readonly #unzip = new Unzip((file) => this.#begin(file));
  readonly #maximumFileBytes: number;
  readonly #maximumRatio: number;
  readonly #maximumFiles: number;
  /** Files that were seen and not handed out yet, in order; the last may be unfinished. */
  #files: Open[] = [];
  #current: Open | undefined;
  #count = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #ended = false;
  #failure: ArchiveError | undefined;

  constructor(input: AsyncIterable<unknown>, limits: ZipLimits) {
    this.#input = input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#maximumFileBytes = limits.maximumFileBytes ?? 16 * 2 ** 30;
    this.#maximumRatio = limits.maximumRatio ?? 200;
    this.#maximumFiles = limits.maximumFiles ?? 1_000_000;
    this.#unzip.register(UnzipInflate);
    this.#unzip.register(UnzipPassThrough);
  }

  async next(): Promise<ZipEntry | undefined> {
    // What was not read of the one before is passed over.
    while (this.#current?.ended === false) {
      this.#current.chunks = [];
      await this.#more(this.#current);
    }
    while (this.#files.length === 0) {
      if (this.#ended) return undefined;
      await this.#more(undefined);
    }
    const file = this.#files.shift();
    this.#current = file;
    return file === undefined ? undefined : { name: file.name, chunks: this.#chunks(file) };
  }

  close(): void {
    void this.#input.return?.();
  }

  async *#chunks(file: Open): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { chunks } = file;
      file.chunks = [];
      yield* chunks;
      if (file.ended && file.chunks.length === 0) return;
      if (file.chunks.length === 0) await this.#more(file);
    }
  }

  /** One more step of the zip. */
  async #more(file: Open | undefined): Promise<void> {
    const { done, value } = await this.#input.next();
    if (done === true) {
      if (file !== undefined && !file.ended) throw invalid("it ends in the middle of a file");
      this.#ended = true;
      if (this.#count === 0) throw invalid("there is no file in it");
      return;
    }
    this.#bytesIn += value.byteLength;
    try {
      this.#unzip.push(value);
    } catch (cause) {
      throw this.#failure ?? invalid("it is damaged", cause);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #begin(file: UnzipFile): void {
    if (++this.#count > this.#maximumFiles) throw this.#fail("it holds too many files");
    // Folders have names that end in a slash, and nothing in them.
    const open: Open = { name: file.name, chunks: [], ended: false, bytes: 0 };
    if (!file.name.endsWith("/")) this.#files.push(open);
    file.ondata = (error, chunk, final) => {
      if (error !== null) {
        this.#failure ??= invalid("it is damaged", error);
        return;
      }
      open.bytes += chunk.byteLength;
      this.#bytesOut += chunk.byteLength;
      if (open.bytes > this.#maximumFileBytes) throw this.#fail("a file in it is too large");
      if (this.#bytesOut > freeBytes && this.#bytesOut > this.#bytesIn * this.#maximumRatio)
        throw this.#fail("it inflates to far more than it is");
      if (chunk.byteLength > 0) open.chunks.push(chunk);
      if (final) open.ended = true;
    };
    try {
      file.start();
    } catch (cause) {
      throw this.#fail("a file in it is compressed or encrypted in a way that is not known", cause);
    }
  }

  #fail(why: string, cause?: unknown): ArchiveError {
    this.#failure ??= invalid(why, cause);
    return this.#failure;
  }
}

function invalid(why: string, cause?: unknown): ArchiveError {
  return new ArchiveError("zip-invalid", `The zip file cannot be read: ${why}.`, { cause });
}
