/** Decoding workers and the queue before them: what is looked at goes before what may be looked at next. */
import type { DecodeAnswer, DecodedPixels, DecodeRequest } from "./decode-messages.ts";

export type DecodeJob = Omit<DecodeRequest, "id">;

export class FrameProblem extends Error {
  override readonly name = "FrameProblem";
  readonly code: string;

  constructor({ code, message }: { readonly code: string; readonly message: string }) {
    super(message);
    this.code = code;
  }
}

interface Waiting {
  readonly id: number;
  readonly key: string;
  readonly job: DecodeJob;
  isUrgent: boolean;
  readonly resolve: (decoded: DecodedPixels) => void;
  readonly reject: (error: unknown) => void;
}

/** Two each: one frame is fetched while another is decoded. */
const jobsPerWorker = 2;
const maximumWorkers = 4;

export class DecodePool {
  readonly #workers: { readonly worker: Worker; busy: number }[] = [];
  readonly #running = new Map<number, { readonly waiting: Waiting; readonly at: number }>();
  #queue: Waiting[] = [];
  #nextId = 1;

  constructor(size = Math.min(maximumWorkers, Math.max(2, (navigator.hardwareConcurrency || 2) - 1))) {
    for (let at = 0; at < size; at++) {
      const worker = new Worker(new URL("./decode-worker.ts", import.meta.url), { type: "module" });
      worker.addEventListener("message", ({ data }: MessageEvent<DecodeAnswer>) => this.#done(data));
      worker.addEventListener("error", (event) => this.#failed(at, event.message));
      this.#workers.push({ worker, busy: 0 });
    }
  }

  /** @param key names the job for {@link promote} and {@link drop} */
  decode(key: string, job: DecodeJob, isUrgent: boolean): Promise<DecodedPixels> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ id: this.#nextId++, key, job, isUrgent, resolve, reject });
      this.#next();
    });
  }

  /** Someone looks at it now. */
  promote(key: string): void {
    const waiting = this.#queue.find((one) => one.key === key);
    if (waiting !== undefined) waiting.isUrgent = true;
  }

  /** Takes what has not begun from the queue, unless it is wanted. */
  drop(isWanted: (key: string) => boolean): void {
    const dropped = this.#queue.filter((one) => !one.isUrgent && !isWanted(one.key));
    if (dropped.length === 0) return;
    this.#queue = this.#queue.filter((one) => !dropped.includes(one));
    for (const { reject } of dropped)
      reject(new FrameProblem({ code: "dropped", message: "No longer wanted." }));
  }

  #next(): void {
    while (this.#queue.length > 0) {
      const at = this.#workers.reduce(
        (best, one, index) => (one.busy < (this.#workers[best]?.busy ?? 0) ? index : best),
        0,
      );
      const target = this.#workers[at];
      if (target === undefined || target.busy >= jobsPerWorker) return;
      const urgent = this.#queue.findLastIndex((one) => one.isUrgent);
      const [waiting] = this.#queue.splice(Math.max(urgent, 0), 1);
      if (waiting === undefined) return;
      target.busy++;
      this.#running.set(waiting.id, { waiting, at });
      target.worker.postMessage({ ...waiting.job, id: waiting.id } satisfies DecodeRequest);
    }
  }

  #done(answer: DecodeAnswer): void {
    const running = this.#running.get(answer.id);
    if (running === undefined) return;
    this.#running.delete(answer.id);
    const target = this.#workers[running.at];
    if (target !== undefined) target.busy--;
    if ("decoded" in answer) running.waiting.resolve(answer.decoded);
    else running.waiting.reject(new FrameProblem(answer.problem));
    this.#next();
  }

  /** A worker that could not start, or died, takes its jobs with it. */
  #failed(at: number, message: string): void {
    for (const [id, running] of this.#running) {
      if (running.at === at) this.#done({ id, problem: { code: "decoder-failed", message } });
    }
  }
}
