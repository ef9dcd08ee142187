/** Instances on their way between this archive and a peer, as a stream of progress with a result at its end. */
import type { Selection, StoreOutcome } from "@isocenter/archive";

/** The counters of a DICOM retrieval (PS3.4 C.4.2.1.6 to 9). */
export interface Progress {
  /** Null where nobody knows how many there are. */
  readonly remaining: number | null;
  readonly completed: number;
  readonly failed: number;
  readonly warning: number;
}

export interface TransferFailure {
  readonly sopInstanceUID: string;
  /** DIMSE status in hexadecimal, where there was one. */
  readonly status?: string;
  readonly reason?: string;
}

export interface TransferResult extends Omit<Progress, "remaining"> {
  /** `warning`: some failed or were taken with a warning; `failure`: all failed. */
  readonly status: "success" | "warning" | "failure" | "cancelled";
  /** The first hundred of those that failed. */
  readonly failures: readonly TransferFailure[];
  readonly ms: number;
}

/** Returning from it early ends the work. */
export type Transfer = AsyncGenerator<Progress, TransferResult>;

const mostFailures = 100;
/** More lines than some ten a second help nobody. */
const progressEveryMs = 100;

/** Counts outcomes, and says when it is time to tell. */
export class Tally {
  readonly #begun = performance.now();
  readonly #expected: number | undefined;
  readonly #failures: TransferFailure[] = [];
  #completed = 0;
  #failed = 0;
  #warning = 0;
  #told = 0;

  constructor(expected: number | undefined) {
    this.#expected = expected;
  }

  add({ kind, status, sopInstanceUid, reason }: StoreOutcome): void {
    if (kind === "failed") this.fail(sopInstanceUid, status, reason);
    else if (status === 0) this.#completed++;
    else this.#warning++;
  }

  fail(sopInstanceUid: string, status?: number, reason?: string): void {
    this.#failed++;
    if (this.#failures.length >= mostFailures) return;
    this.#failures.push({
      sopInstanceUID: sopInstanceUid,
      ...(status === undefined ? {} : { status: hex(status) }),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  get count(): number {
    return this.#completed + this.#failed + this.#warning;
  }

  progress(): Progress {
    this.#told = performance.now();
    const counts = { completed: this.#completed, failed: this.#failed, warning: this.#warning };
    return {
      remaining: this.#expected === undefined ? null : Math.max(0, this.#expected - this.count),
      ...counts,
    };
  }

  isDue(): boolean {
    return performance.now() - this.#told >= progressEveryMs;
  }

  result(status?: TransferResult["status"]): TransferResult {
    const [completed, failed, warning] = [this.#completed, this.#failed, this.#warning];
    const own = failed === 0 && warning === 0 ? "success" : failed === this.count ? "failure" : "warning";
    return {
      status: status ?? own,
      completed,
      failed,
      warning,
      failures: this.#failures,
      ms: Math.round(performance.now() - this.#begun),
    };
  }
}

export const hex = (status: number): string => status.toString(16).toUpperCase().padStart(4, "0");

export const levelOfSelection = ({
  seriesInstanceUid,
  sopInstanceUid,
}: Selection): "STUDY" | "SERIES" | "IMAGE" =>
  sopInstanceUid !== undefined ? "IMAGE" : seriesInstanceUid !== undefined ? "SERIES" : "STUDY";
