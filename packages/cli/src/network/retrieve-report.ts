/** How a retrieval went, in words and as JSON; several of them added up. */
import { type Command, DimseStatusError, type RetrieveResult } from "@isocenter/network";
import type { Io } from "../command.ts";

export class RetrieveReport {
  completed = 0;
  warning = 0;
  failed = 0;
  #isCancelled = false;
  #unknown = false;
  readonly failedUids: string[] = [];

  add({ status, completed, warning, failed, failedSopInstanceUids }: RetrieveResult): void {
    this.completed += completed ?? 0;
    this.warning += warning ?? 0;
    this.failed += failed ?? 0;
    // Some peers tell no counters; the status still says whether all went well.
    if (completed === undefined && failed === undefined && status.category === "warning")
      this.#unknown = true;
    if (status.category === "cancel") this.#isCancelled = true;
    this.failedUids.push(...failedSopInstanceUids);
  }

  get isComplete(): boolean {
    return this.failed === 0 && !this.#unknown && !this.#isCancelled;
  }

  write(io: Io, asJson: boolean): void {
    const { completed, warning, failed, failedUids } = this;
    if (asJson) {
      io.stdout.write(
        `${JSON.stringify({ kind: "result", completed, warning, failed, failedSopInstanceUids: failedUids })}\n`,
      );
      return;
    }
    const parts = [`${completed} completed`];
    if (warning > 0) parts.push(`${warning} with warnings`);
    if (failed > 0) parts.push(`${failed} failed`);
    if (this.#unknown) parts.push("some failed");
    if (this.#isCancelled) parts.push("cancelled");
    io.stdout.write(`The peer reports: ${parts.join(", ")}\n`);
    for (const uid of failedUids.slice(0, 20)) io.stderr.write(`${uid}: failed\n`);
    if (failedUids.length > 20) io.stderr.write(`… and ${failedUids.length - 20} more\n`);
  }
}

/**
 * A retrieval of which nothing came ends with a failure status, and still tells how many there were.
 * @throws the error, when it tells no number
 */
export function resultOfFailure(error: unknown): RetrieveResult {
  if (!(error instanceof DimseStatusError)) throw error;
  const response = error.response as Command;
  const failed = response.numberOfFailedSuboperations;
  if (failed === undefined || failed === 0) throw error;
  return {
    status: error.status,
    remaining: undefined,
    completed: response.numberOfCompletedSuboperations,
    failed,
    warning: response.numberOfWarningSuboperations,
    failedSopInstanceUids: [],
  };
}
