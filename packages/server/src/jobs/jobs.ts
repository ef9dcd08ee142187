/**
 * Long work that goes on when the request that began it is gone: retrievals, moves and sends in the background.
 *
 * A few run at a time, the others wait. What became of a job is kept over a restart; work that a restart interrupted is
 * told as failed, because nobody knows how far the other side got. A job's record holds UIDs and counts, no patient data.
 */
import { randomUUID } from "node:crypto";
import type { StateDatabase } from "../state/state-database.ts";
import type { Progress, Transfer, TransferResult } from "../transfers/transfer.ts";

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface JobProblem {
  readonly code: string;
  readonly detail: string;
}

export interface Job {
  readonly id: string;
  readonly kind: "get" | "move" | "store";
  /** What it is about, for people: a peer's id. */
  readonly peer: string;
  readonly state: JobState;
  readonly progress: Progress;
  readonly result?: TransferResult;
  readonly problem?: JobProblem;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
}

export interface JobsOptions {
  readonly state: StateDatabase;
  /** At a time. Default 4. */
  readonly concurrency?: number;
  /** Ended jobs that are remembered. Default 500. */
  readonly kept?: number;
  /** In words for the record; must hold no patient data. */
  readonly problemOf: (error: unknown) => JobProblem;
  readonly onEnd?: (job: Job) => void;
  /** A record could not be kept; the job goes on. */
  readonly onError?: (error: unknown) => void;
}

/** Jobs waiting and running; more are refused. */
const mostOpen = 1000;

export class JobRegistry {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: { readonly id: string; readonly start: () => Promise<void> }[] = [];
  readonly #running = new Map<
    string,
    { readonly controller: AbortController; readonly done: Promise<void> }
  >();
  #isClosed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
    const rows = options.state.all<{ body: string }>("select body from job order by created_at, rowid");
    for (const { body } of rows) {
      const job = JSON.parse(body) as Job;
      if (isEnded(job)) this.#jobs.set(job.id, job);
      else this.#save({ ...job, state: "failed", endedAt: now(), problem: interrupted });
    }
  }

  /** Newest first. */
  list(): Job[] {
    return [...this.#jobs.values()].reverse();
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** @returns undefined when there are too many open already */
  add(about: Pick<Job, "kind" | "peer">, work: (signal: AbortSignal) => Transfer): Job | undefined {
    if (this.#isClosed || this.#waiting.length + this.#running.size >= mostOpen) return undefined;
    const job: Job = {
      id: randomUUID(),
      ...about,
      state: "queued",
      progress: { remaining: null, completed: 0, failed: 0, warning: 0 },
      createdAt: now(),
    };
    this.#save(job);
    this.#waiting.push({ id: job.id, start: () => this.#run(job.id, work) });
    this.#startNext();
    return job;
  }

  /** Ends a job, in order where its work can. @returns false when it has ended, or never was */
  cancel(id: string): boolean {
    const running = this.#running.get(id);
    running?.controller.abort(new Error("cancelled"));
    const at = this.#waiting.findIndex((one) => one.id === id);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      this.#update(id, { state: "cancelled", endedAt: now() });
    }
    return running !== undefined || at >= 0;
  }

  /** Takes nothing new, cancels what waits, gives what runs so long to end, and then cancels it too. */
  async drain(ms: number): Promise<void> {
    this.#isClosed = true;
    for (const { id } of this.#waiting.splice(0)) this.#update(id, { state: "cancelled", endedAt: now() });
    const running = [...this.#running.values()];
    const timer = setTimeout(() => {
      for (const { controller } of running) controller.abort(new Error("the server stops"));
    }, ms);
    await Promise.all(running.map(({ done }) => done));
    clearTimeout(timer);
  }

  get runningCount(): number {
    return this.#running.size;
  }

  #startNext(): void {
    while (!this.#isClosed && this.#running.size < (this.#options.concurrency ?? 4)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      void next.start();
    }
  }

  #run(id: string, work: (signal: AbortSignal) => Transfer): Promise<void> {
    const controller = new AbortController();
    const done = this.#perform(id, work, controller.signal).finally(() => {
      this.#running.delete(id);
      const job = this.#jobs.get(id);
      if (job !== undefined) this.#options.onEnd?.(job);
      this.#startNext();
    });
    this.#running.set(id, { controller, done });
    return done;
  }

  async #perform(id: string, work: (signal: AbortSignal) => Transfer, signal: AbortSignal): Promise<void> {
    this.#update(id, { state: "running", startedAt: now() });
    try {
      const transfer = work(signal);
      for (let next = await transfer.next(); ; next = await transfer.next()) {
        if (next.done === true) return this.#end(id, next.value);
        // Progress is kept in memory: a restart ends the job anyway.
        const job = this.#jobs.get(id);
        if (job !== undefined) this.#jobs.set(id, { ...job, progress: next.value });
      }
    } catch (error) {
      if (signal.aborted) return this.#update(id, { state: "cancelled", endedAt: now() });
      this.#update(id, { state: "failed", endedAt: now(), problem: this.#options.problemOf(error) });
    }
  }

  #end(id: string, result: TransferResult): void {
    const { completed, failed, warning } = result;
    const state =
      result.status === "cancelled" ? "cancelled" : result.status === "failure" ? "failed" : "succeeded";
    this.#update(id, {
      state,
      result,
      progress: { remaining: 0, completed, failed, warning },
      endedAt: now(),
    });
  }

  #update(id: string, changes: Partial<Job>): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) this.#save({ ...job, ...changes });
  }

  #save(job: Job): void {
    this.#jobs.set(job.id, job);
    const ended = [...this.#jobs.values()].filter(isEnded);
    const forgotten = ended.slice(0, Math.max(0, ended.length - (this.#options.kept ?? 500)));
    for (const { id } of forgotten) this.#jobs.delete(id);
    try {
      this.#write(job, forgotten);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  #write(job: Job, forgotten: readonly Job[]): void {
    const { state } = this.#options;
    state.transaction(() => {
      state.run(
        "insert into job (id, created_at, body) values (?, ?, ?) on conflict (id) do update set body = excluded.body",
        job.id,
        job.createdAt,
        JSON.stringify(job),
      );
      for (const { id } of forgotten) state.run("delete from job where id = ?", id);
    });
  }
}

const interrupted: JobProblem = {
  code: "job-interrupted",
  detail: "The server was stopped while the job ran. What was transferred by then is where it went to.",
};

const isEnded = ({ state }: Job): boolean => state !== "queued" && state !== "running";
const now = (): string => new Date().toISOString();
