/** The frame of every probe: bounded in time, recorded, its association ended whatever happens. */
import type { AssociateOptions, Association } from "../association.ts";
import { AssociationRejectedError, DimseStatusError, NetworkError, TimeoutError } from "../errors.ts";
import type { PresentationContextProposal } from "../negotiation/types.ts";
import type { AAssociateAc } from "../pdu/types.ts";
import type { AssociationEvent } from "../timeline.ts";
import { type Clock, systemClock } from "../timers.ts";
import {
  type DoctorEnvironment,
  type DoctorOptions,
  type Failure,
  type ProbeName,
  type ProbeRecord,
  probeTitles,
} from "./types.ts";

/** What a probe sees of an association's beginning. */
export interface Opened {
  readonly association: Association;
  /** From A-ASSOCIATE-RQ to A-ASSOCIATE-AC. */
  readonly associationMs: number;
  /** The answer as it came, with what the agreement leaves out. */
  readonly answer: AAssociateAc | undefined;
}

export interface Titles {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

export class Examination {
  readonly clock: Clock;
  readonly probes: ProbeRecord[] = [];
  readonly #environment: DoctorEnvironment;
  readonly #options: DoctorOptions;
  readonly #plan: readonly ProbeName[];
  readonly #begin: number;
  readonly #probeMs: number;
  readonly #totalMs: number;
  #signal: AbortSignal | undefined;

  constructor(environment: DoctorEnvironment, options: DoctorOptions, plan: readonly ProbeName[]) {
    this.#environment = environment;
    this.#options = options;
    this.#plan = plan;
    this.clock = environment.clock ?? systemClock;
    this.#begin = this.clock.now();
    this.#probeMs = options.probeMs ?? 10_000;
    this.#totalMs = options.totalMs ?? 120_000;
  }

  get ms(): number {
    return this.clock.now() - this.#begin;
  }

  /**
   * @returns undefined when the probe failed, was skipped for want of time, or is not in the plan
   * @throws the reason of the caller's signal
   */
  async probe<T>(name: ProbeName, work: () => Promise<T>): Promise<T | undefined> {
    this.#options.signal?.throwIfAborted();
    const index = this.#plan.indexOf(name);
    if (index < 0) return undefined;
    const title = probeTitles[name];
    const left = this.#totalMs - this.ms;
    if (left <= 0) {
      this.probes.push({ name, title, ms: 0, outcome: "skipped" });
      return undefined;
    }
    this.#options.onProgress?.({ name, title, index, count: this.#plan.length });
    const start = this.clock.now();
    const record = (outcome: ProbeRecord["outcome"], failure?: Failure): void => {
      const ms = this.clock.now() - start;
      this.probes.push({ name, title, ms, outcome, ...(failure === undefined ? {} : { failure }) });
    };
    try {
      const result = await this.#bounded(Math.min(left, this.#probeMs), work);
      record("done");
      return result;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      record("failed", failureOf(error));
      return undefined;
    }
  }

  /** An association of the probe that runs; it is released when the work is done, and aborted when that fails. */
  async with<T>(
    titles: Titles,
    contexts: readonly PresentationContextProposal[],
    use: (opened: Opened) => Promise<T>,
    more: Partial<AssociateOptions> = {},
  ): Promise<T> {
    const opened = await this.#open(titles, contexts, more);
    const { association } = opened;
    try {
      const result = await use(opened);
      await association.release();
      return result;
    } catch (error) {
      association.abort();
      throw error;
    }
  }

  tryTls(): ReturnType<NonNullable<DoctorEnvironment["tryTls"]>> | undefined {
    return this.#environment.tryTls?.(this.#signal ?? new AbortController().signal);
  }

  tryText(): ReturnType<NonNullable<DoctorEnvironment["tryText"]>> | undefined {
    return this.#environment.tryText?.(this.#signal ?? new AbortController().signal);
  }

  async #open(
    titles: Titles,
    contexts: readonly PresentationContextProposal[],
    more: Partial<AssociateOptions>,
  ): Promise<Opened> {
    let answer: AAssociateAc | undefined;
    let asked = this.clock.now();
    let answered = asked;
    const onEvent = (event: AssociationEvent): void => {
      if (event.kind !== "pdu") return;
      if (event.pdu.kind === "A-ASSOCIATE-RQ") asked = event.at;
      if (event.pdu.kind !== "A-ASSOCIATE-AC") return;
      answer = event.pdu;
      answered = event.at;
    };
    // Sooner than the probe's own bound: a timer of the association says what was waited for.
    const ms = Math.ceil(this.#probeMs * 0.8);
    const association = await this.#environment.connect({
      ...titles,
      contexts,
      onEvent,
      timeouts: { connectMs: ms, associationMs: ms, dimseMs: ms, artimMs: ms },
      clock: this.clock,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      ...more,
    });
    return { association, associationMs: answered - asked, answer };
  }

  async #bounded<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const bound = new AbortController();
    const onAbort = (): void => bound.abort(this.#options.signal?.reason);
    this.#options.signal?.addEventListener("abort", onAbort, { once: true });
    const timer = this.clock.setTimeout(() => bound.abort(new TimeoutError("dimse", ms)), ms);
    this.#signal = bound.signal;
    try {
      return await work();
    } finally {
      this.clock.clearTimeout(timer);
      this.#options.signal?.removeEventListener("abort", onAbort);
      this.#signal = undefined;
    }
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof AssociationRejectedError)
    return { code: error.code, message: error.message, reason: error.reason };
  if (error instanceof DimseStatusError)
    // The comment of a status may hold anything: the meaning alone is kept.
    return { code: error.code, message: error.status.meaning, status: error.status.code };
  if (error instanceof TimeoutError) return { code: error.code, message: error.message, timer: error.timer };
  if (error instanceof NetworkError) return { code: error.code, message: error.message };
  return { code: "unexpected", message: error instanceof Error ? error.message : String(error) };
}

/** A title that no peer is configured with. */
export const nobody = "ISO-DOCTOR-NOONE";

/** A context in the syntaxes that every query and verification works with. */
export const plain = (sopClassUid: string): PresentationContextProposal => ({
  abstractSyntaxUid: sopClassUid,
  transferSyntaxUids: ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"],
});
