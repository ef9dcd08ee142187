/**
 * A {@link Renderer} on worker threads, for Node: decoding a frame takes tens of milliseconds, in which the server's own
 * thread would answer nobody. The queue has an end, so that a flood of requests is refused rather than piled up.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { CodecError, type CodecErrorCode } from "@isocenter/codecs";
import { DataSet, DicomError, encodeDataSet, IsocenterError, TransferSyntax } from "@isocenter/dicom";
import { WebProblem, type WebProblemCode } from "../problem.ts";
import { directRenderer, type FrameJob, type Renderer } from "../renderer.ts";
import type { Rendering } from "../rendering.ts";
import type { RenderReply, RenderRequest } from "./render-messages.ts";

export interface RenderPoolOptions {
  /** Default: one less than there are processors, at least 1. */
  readonly threads?: number;
  /** Jobs that may wait. Default 200. */
  readonly maximumWaiting?: number;
}

interface Waiting {
  readonly request: RenderRequest;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** (7FE0,0001): pixels and their tables are not sent along, a job has its frame's bytes. */
const firstPixelTag = 0x7fe00001;

export class RenderPool implements Renderer, AsyncDisposable {
  readonly #threads: number;
  readonly #maximumWaiting: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #queue: Waiting[] = [];
  #isClosed = false;

  constructor({ threads, maximumWaiting = 200 }: RenderPoolOptions = {}) {
    this.#threads = threads ?? Math.max(1, availableParallelism() - 1);
    this.#maximumWaiting = maximumWaiting;
  }

  /** Threads run built code: where the sources themselves are run, the work is done in place. */
  static orDirect(options: RenderPoolOptions = {}): Renderer & AsyncDisposable {
    if (import.meta.url.endsWith(".js")) return new RenderPool(options);
    return { ...directRenderer, [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  transcodeFrame(job: FrameJob, transferSyntaxUid: string, quality?: number): Promise<Uint8Array> {
    return this.#run({
      kind: "transcode",
      job,
      transferSyntaxUid,
      ...(quality === undefined ? {} : { quality }),
    });
  }

  async renderFrame(
    job: FrameJob,
    dataSet: DataSet,
    index: number,
    rendering: Rendering,
  ): Promise<Uint8Array> {
    const attributes = attributesOf(dataSet);
    return attributes === undefined
      ? directRenderer.renderFrame(job, dataSet, index, rendering)
      : this.#run({ kind: "render", job, attributes, index, rendering });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const closed = new IsocenterError("renderer-closed", "The server is stopping.");
    for (const { reject } of this.#queue.splice(0)) reject(closed);
    const workers = [...this.#idle, ...this.#busy.keys()];
    for (const { reject } of this.#busy.values()) reject(closed);
    this.#busy.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #run(request: RenderRequest): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) reject(new IsocenterError("renderer-closed", "The server is stopping."));
      else if (this.#queue.length >= this.#maximumWaiting) {
        reject(
          new WebProblem(503, "busy", "Too many pictures are asked for at once.", {
            headers: { "retry-after": "1" },
          }),
        );
      } else {
        this.#queue.push({ request, resolve, reject });
        this.#next();
      }
    });
  }

  #next(): void {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.#threads ? this.#start() : undefined);
      if (worker === undefined) return;
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      this.#busy.set(worker, waiting);
      worker.ref();
      worker.postMessage(withOwnBytes(waiting.request));
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL("./render-worker.js", import.meta.url));
    worker.on("message", (reply: RenderReply) => {
      const waiting = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      worker.unref();
      if ("bytes" in reply) waiting?.resolve(reply.bytes);
      else waiting?.reject(errorOf(reply));
      this.#next();
    });
    const gone = (error: unknown): void => {
      const waiting = this.#busy.get(worker);
      this.#busy.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      waiting?.reject(error);
      if (!this.#isClosed) this.#next();
    };
    worker.once("error", gone);
    worker.once("exit", () => gone(new IsocenterError("renderer-failed", "A drawing thread has ended.")));
    return worker;
  }
}

/** @returns undefined when values are left in the file, as few headers have them and none that drawing needs */
function attributesOf(dataSet: DataSet): Uint8Array | undefined {
  const kept = dataSet.elements.filter(({ tag, bulk }) => tag < firstPixelTag && bulk === undefined);
  try {
    const all = DataSet.fromElements(kept);
    return encodeDataSet(all, TransferSyntax.ExplicitVRLittleEndian, { replacement: "?" });
  } catch (error) {
    if (error instanceof DicomError) return undefined;
    throw error;
  }
}

/** A message takes all of the memory that a view looks into, which may be a whole instance. */
function withOwnBytes(request: RenderRequest): RenderRequest {
  const { job } = request;
  if (job.bytes.byteLength === job.bytes.buffer.byteLength) return request;
  return { ...request, job: { ...job, bytes: Uint8Array.from(job.bytes) } };
}

function errorOf(reply: Exclude<RenderReply, { readonly bytes: Uint8Array }>): Error {
  const { name, code, message, status } = reply;
  if (name === "WebProblem") return new WebProblem(status ?? 500, code as WebProblemCode, message);
  if (name === "CodecError") return new CodecError(code as CodecErrorCode, message);
  return new IsocenterError(code, message);
}
