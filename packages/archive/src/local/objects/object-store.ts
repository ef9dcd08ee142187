/**
 * Where objects are kept: a folder, or a bucket of an S3-compatible service.
 *
 * Keys are paths with forward slashes, made by `object-key.ts` and never from what a sender wrote.
 */
import type { ByteRange } from "../../image-source.ts";
import type { IntentInit } from "../index/intents.ts";
import type { Spool } from "./spool.ts";

export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  readonly modified: Date;
}

export interface ObjectStore {
  readonly kind: "files" | "s3";
  /** Up to this many bytes of an instance on its way in stay in memory; more are spooled to a file. */
  readonly memoryLimit: number;
  /** @throws ArchiveError `object-missing`, `storage-failed` */
  read(key: string, offset: number, length: number): Promise<Uint8Array>;
  /** @throws ArchiveError `object-missing`, `storage-failed` */
  stream(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** In any order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** On stable storage when it resolves; an object of this name is replaced as a whole. */
  put(key: string, content: Uint8Array | Spool): Promise<void>;
  /** No error when there is none. */
  delete(key: string): Promise<void>;
  /** Whether a new object may take the usual name, or needs a suffix. */
  isFree(key: string): boolean;
  /**
   * Before the rows of an instance are committed: makes its content durable, so that a crash after the commit cannot
   * lose it.
   * @returns what is still to be done after the commit
   */
  prepare(key: string, spool: Spool): Promise<IntentInit | undefined>;
  /**
   * Right after the commit: does what the intent says once the commit is durable, and does not wait for it. Who reads the
   * object through this store does. It becomes durable by {@link settle}, and until then by the intent.
   */
  perform(intent: IntentInit, durable: Promise<void>): void;
  /** When all that was begun is done. */
  performed(): Promise<void>;
  /** Nothing is asked of it any more. */
  close(): Promise<void>;
  /**
   * Makes what was performed for these intents durable, so that they can be forgotten. Performs what was not.
   * @param options.verify after a crash: what was performed may have been lost by halves
   */
  settle(
    intents: readonly IntentInit[],
    bytesOf: (intent: IntentInit) => Promise<Uint8Array | undefined>,
    options: { readonly verify: boolean },
  ): Promise<void>;
}
