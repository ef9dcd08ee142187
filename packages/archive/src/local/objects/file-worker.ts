/**
 * Makes, writes and moves files in a thread of its own: one message there and one back for many of them, where each
 * call would cost several turns of the event loop and the waking of a thread. On a busy disk the making of a file stalls,
 * and then only that thread does.
 */
import { Worker } from "node:worker_threads";

/** What is asked for waits this long for more, unless there is enough or somebody waits for it. */
const gatheredMs = 50;
const enough = 32;

interface Reply {
  readonly id: number;
  readonly code?: string;
  readonly message?: string;
}

type Job =
  | { readonly kind: "write"; readonly from: string; readonly to: string; readonly bytes: Uint8Array }
  | { readonly kind: "move"; readonly from: string; readonly to: string }
  | { readonly kind: "make"; readonly folder: string; readonly files: readonly string[] };

/** As text, so that it runs from the sources and from the build alike; it needs nothing but the file system. */
const program = `
const { parentPort } = require("node:worker_threads");
const { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } = require("node:fs");
const { dirname } = require("node:path");
const folders = new Set();
function write({ from, bytes }) {
  const fd = openSync(from, "wx");
  try {
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
  } finally {
    closeSync(fd);
  }
}
function move({ from, to }) {
  const folder = dirname(to);
  try {
    if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
    renameSync(from, to);
  } catch (error) {
    // The folder was emptied and removed since.
    if (error.code !== "ENOENT") throw error;
    mkdirSync(folder, { recursive: true });
    renameSync(from, to);
  }
  if (folders.size > 10000) folders.clear();
  folders.add(folder);
}
function make({ folder, files }) {
  for (const file of files) closeSync(openSync(file, "wx"));
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
parentPort.on("message", (jobs) => {
  parentPort.postMessage(
    jobs.map((job) => {
      const { id, kind } = job;
      try {
        if (kind === "make") make(job);
        else {
          if (kind === "write") write(job);
          move(job);
        }
        return { id };
      } catch (error) {
        return { id, code: error.code, message: error.message };
      }
    }),
  );
});
`;

export class FileWorker {
  #worker: Worker | undefined;
  #count = 0;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #jobs: (Job & { readonly id: number })[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * Writes `bytes` to the new file `from`, and renames it to `to`, whose folder is made. Rejects with the system's code.
   * Bytes that have a buffer of their own are given away, and gone afterwards.
   */
  write(from: string, to: string, bytes: Uint8Array): Promise<void> {
    return this.#do({ kind: "write", from, to, bytes });
  }

  /** Renames `from` to `to`, whose folder is made. Rejects with the system's code. */
  move(from: string, to: string): Promise<void> {
    return this.#do({ kind: "move", from, to });
  }

  /** Makes empty files in one folder, durably. Rejects with the system's code; some may have been made then. */
  make(folder: string, files: readonly string[]): Promise<void> {
    const made = this.#do({ kind: "make", folder, files });
    this.flush();
    return made;
  }

  /** Somebody waits: what was asked for is begun now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const jobs = this.#jobs;
    if (jobs.length === 0) return;
    this.#jobs = [];
    const worker = (this.#worker ??= this.#start());
    // The process lives on for what it has begun, and for nothing else.
    worker.ref();
    worker.postMessage(jobs, jobs.flatMap(ownBuffer));
  }

  #do(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count;
      this.#waiting.set(id, { resolve, reject });
      this.#jobs.push({ ...job, id });
      if (this.#jobs.length === enough) setImmediate(() => this.flush());
      else this.#timer ??= setTimeout(() => this.flush(), gatheredMs);
    });
  }

  #start(): Worker {
    const worker = new Worker(program, { eval: true, execArgv: [], stdin: false });
    worker.on("message", (replies: readonly Reply[]) => {
      for (const { id, code, message } of replies) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (code === undefined) waiting?.resolve();
        else waiting?.reject(Object.assign(new Error(message), { code }));
      }
      if (this.#waiting.size === 0) worker.unref();
    });
    const failed = (error: Error): void => {
      this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      this.#jobs = [];
    };
    worker.on("error", failed);
    worker.on("exit", () => failed(Object.assign(new Error("the thread for files ended"), { code: "EIO" })));
    return worker;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#worker?.terminate();
  }
}

function ownBuffer(job: Job): ArrayBuffer[] {
  if (job.kind !== "write") return [];
  const { buffer, byteLength } = job.bytes;
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? [buffer] : [];
}
