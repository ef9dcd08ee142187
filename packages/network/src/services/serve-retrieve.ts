/**
 * C-GET and C-MOVE as an SCP, PS3.4 C.4.2 and C.4.3: the instances leave as C-STORE sub-operations, on this association
 * or on one to the move destination, and the requestor hears how far it is.
 */
import { DataSet, encodeDataSet } from "@isocenter/dicom";
import { Status } from "../dimse/status.ts";
import type { Command } from "../dimse/types.ts";
import { DimseStatusError } from "../errors.ts";
import { mapConcurrently } from "./concurrently.ts";
import type { RetrieveModel } from "./models.ts";
import { type SendOutcome, sendInstances, storeTranscoded } from "./send-instances.ts";
import { failureAnswer, identifierOf } from "./serve-find.ts";
import type { Served } from "./service-provider.ts";
import type { StoreInstance } from "./service-user.ts";
import type { Retrieval, RetrieveService, StatusAnswer } from "./types.ts";

/** Pending responses are for people who watch: more than some twenty a second help nobody. */
const progressEveryMs = 50;

export async function serveRetrieve(
  served: Served,
  service: RetrieveService,
  model: RetrieveModel,
): Promise<void> {
  const { message, request } = served;
  const { signal } = request;
  const tally = new SubOperations();
  let isOver = false;
  try {
    const identifier = await identifierOf(served);
    const outcomes =
      model.kind === "get"
        ? await getOutcomes(served, service, model, identifier, tally)
        : await moveOutcomes(served, service, model, identifier, tally);
    if ("code" in outcomes) return await served.respond(outcomes);
    let told = 0;
    if (model.kind === "get") {
      served.whenHeldBack(() => {
        // Only while a sub-operation is under way: nothing may follow the final response.
        if (isOver) return;
        told = performance.now();
        served.respond(Status.Pending, tally.counters(true)).catch(() => undefined);
      });
    }
    for await (const outcome of outcomes.sent) {
      tally.add(outcome);
      if (signal.aborted) break;
      const now = performance.now();
      if (now - told < progressEveryMs) continue;
      told = now;
      await served.respond(Status.Pending, tally.counters(true));
    }
  } catch (error) {
    if (!signal.aborted) {
      isOver = true;
      const answer = tally.count === 0 ? failureAnswer(error, "The retrieval failed.") : tally.broken(error);
      return await served.respond(answer, tally.counters(false), tally.failedList(served));
    }
  } finally {
    isOver = true;
    message.dataSet?.discard();
  }
  if (signal.aborted) return served.respond(Status.Cancel, tally.counters(true), tally.failedList(served));
  return served.respond(tally.status(), tally.counters(false), tally.failedList(served));
}

interface Outcomes {
  readonly sent: AsyncIterable<SendOutcome>;
}
type Answer = Extract<StatusAnswer, object>;

async function getOutcomes(
  served: Served,
  service: RetrieveService,
  model: RetrieveModel,
  identifier: DataSet,
  tally: SubOperations,
): Promise<Outcomes | Answer> {
  const { request } = served;
  const retrieval = await service.onRetrieve(identifier, { ...request, model });
  tally.expect(retrieval);
  return { sent: storeOnSameAssociation(served, service, retrieval) };
}

async function* storeOnSameAssociation(
  { request }: Served,
  { transcode }: RetrieveService,
  { instances, isLive = false }: Retrieval,
): AsyncGenerator<SendOutcome> {
  const { peer, association } = request;
  const takers = association.contexts.filter((context) => context.requestorRoles.scp);
  const { invoked } = association.asynchronousOperations;
  const concurrency = isLive ? 1 : invoked === 0 ? 16 : invoked;
  yield* mapConcurrently(instances, concurrency, (instance) =>
    storeTranscoded(peer, takers, instance, { transcode }),
  );
}

async function moveOutcomes(
  served: Served,
  service: RetrieveService,
  model: RetrieveModel,
  identifier: DataSet,
  tally: SubOperations,
): Promise<Outcomes | Answer> {
  const { message, request } = served;
  const { moveDestination = "", messageId = 0 } = message.command;
  const destination = await service.destination?.(moveDestination, request);
  if (destination === undefined) {
    const errorComment = `Move destination ${moveDestination} is not known here.`;
    return { code: Status.MoveDestinationUnknown, errorComment };
  }
  const retrieval = await service.onRetrieve(identifier, { ...request, model });
  tally.expect(retrieval);
  const sent = sendInstances(destination.connect, retrieval.instances, {
    stop: request.signal,
    transcode: service.transcode,
    parallel: destination.parallel ?? 1,
    isLive: retrieval.isLive ?? false,
    moveOriginator: { aeTitle: request.callingAeTitle, messageId },
  });
  return { sent };
}

/** Counts of PS3.4 C.4.2.1.6 to 9 and the final status they make. */
class SubOperations {
  #expected: number | undefined;
  #completed = 0;
  #failed = 0;
  #warning = 0;
  readonly #failedUids: string[] = [];

  get count(): number {
    return this.#completed + this.#failed + this.#warning;
  }

  expect({ count, instances }: Retrieval): void {
    this.#expected = count ?? (Array.isArray(instances) ? (instances as StoreInstance[]).length : undefined);
  }

  add({ kind, instance }: SendOutcome): void {
    if (kind === "stored") this.#completed++;
    else if (kind === "warning") this.#warning++;
    else {
      this.#failed++;
      this.#failedUids.push(instance.sopInstanceUid);
    }
  }

  counters(withRemaining: boolean): Partial<Command> {
    return {
      // Remaining is only allowed while there is something left (PS3.4 C.4.2.1.6).
      ...(withRemaining && this.#expected !== undefined
        ? { numberOfRemainingSuboperations: Math.min(0xffff, Math.max(0, this.#expected - this.count)) }
        : {}),
      numberOfCompletedSuboperations: Math.min(0xffff, this.#completed),
      numberOfFailedSuboperations: Math.min(0xffff, this.#failed),
      numberOfWarningSuboperations: Math.min(0xffff, this.#warning),
    };
  }

  /** All failed is a failure, some a warning (PS3.4 C.4.2.1.5). */
  status(): StatusAnswer {
    if (this.#failed === 0 && this.#warning === 0) return Status.Success;
    if (this.#failed === this.count) {
      const errorComment = "No sub-operation could be performed.";
      return { code: Status.UnableToPerformSuboperations, errorComment };
    }
    return {
      code: Status.SubOperationsWithFailures,
      errorComment: `${this.#failed} of ${this.count} failed.`,
    };
  }

  /** The retrieval broke off half-way: what is left did not go. */
  broken(error: unknown): StatusAnswer {
    const left = Math.max(0, (this.#expected ?? this.count) - this.count);
    this.#failed += left;
    const why = error instanceof DimseStatusError || error instanceof Error ? error.message : String(error);
    return { code: Status.UnableToPerformSuboperations, errorComment: why };
  }

  /** (0008,0058), only when something failed (PS3.4 C.4.2.1.4.2). */
  failedList({ transferSyntaxUid }: Served): Uint8Array | undefined {
    if (this.#failedUids.length === 0) return undefined;
    return encodeDataSet(DataSet.of({ FailedSOPInstanceUIDList: this.#failedUids }), transferSyntaxUid);
  }
}
