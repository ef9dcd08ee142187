/**
 * Writes small files in a thread of its own: one message there and one back for what would be four calls, each with a
 * turn of the event loop. On a busy disk the making of a file stalls, and then only that thread does.
 */
import { Worker } from "node:worker_threads";

interface Reply {
  readonly id: number;
  readonly code?: string;
  readonly message?: string;
}

/** As text, so that it runs from the sources and from the build alike; it needs nothing but the file system. */
const program = `
const { parentPort } = require("node:worker_threads");
const { closeSync, mkdirSync, openSync, renameSync, writeSync } = require("node:fs");
const { dirname } = require("node:path");
const folders = new Set();
parentPort.on("message", ({ id, from, to, bytes }) => {
  try {
    const fd = openSync(from, "wx");
    try {
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
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
    parentPort.postMessage({ id });
  } catch (error) {
    parentPort.postMessage({ id, code: error.code, message: error.message });
  }
});
`;

export class FileWorker {
  #worker: Worker | undefined;
  #count = 0;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();

  /**
   * Writes `bytes` to the new file `from`, and renames it to `to`, whose folder is made. Rejects with the system's code.
   * Bytes that have a buffer of their own are given away, and gone afterwards.
   */
  write(from: string, to: string, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count;
      this.#waiting.set(id, { resolve, reject });
      const worker = (this.#worker ??= this.#start());
      // The process lives on for what it has begun, and for nothing else.
      worker.ref();
      const { buffer } = bytes;
      const isOwn = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength;
      worker.postMessage({ id, from, to, bytes }, isOwn ? [buffer] : []);
    });
  }

  #start(): Worker {
    const worker = new Worker(program, { eval: true, execArgv: [], stdin: false });
    worker.on("message", ({ id, code, message }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
      if (code === undefined) waiting?.resolve();
      else waiting?.reject(Object.assign(new Error(message), { code }));
    });
    const failed = (error: Error): void => {
      this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    worker.on("error", failed);
    worker.on("exit", () => failed(Object.assign(new Error("the thread for files ended"), { code: "EIO" })));
    return worker;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
