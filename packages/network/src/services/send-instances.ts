/**
 * Many instances to one place: C-STORE over as many associations as are wanted, each offering the contexts that the
 * instances need (PS3.8 allows 128 a time). For a client that sends files, for forwarding, and for the sub-operations of
 * a C-MOVE.
 *
 * What the receiver refuses is an outcome; the others go on. An association that breaks costs the instances under way on
 * it and is opened anew; only a receiver that cannot be reached ends the whole.
 */
import { TransferSyntax } from "@isocenter/dicom";
import { Status } from "../dimse/status.ts";
import { DimseStatusError, NetworkError, NoAcceptedContextError } from "../errors.ts";
import { maximumContexts } from "../negotiation/propose.ts";
import type { PresentationContextNegotiated, PresentationContextProposal } from "../negotiation/types.ts";
import { ResultQueue } from "./concurrently.ts";
import { acceptedSyntaxes, type ServiceUser, type StoreInstance, type StoreOptions } from "./service-user.ts";
import type { ConnectForStorage, Transcode } from "./types.ts";

export interface SendOutcome {
  readonly kind: "stored" | "warning" | "failed";
  readonly instance: StoreInstance;
  /** The C-STORE's status; 0110H where the instance never got an answer. */
  readonly status: number;
  /** In words; absent on success. */
  readonly reason?: string;
}

export interface SendOptions {
  /** Aborting it aborts the associations and throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Aborting it ends in order: what is under way is finished, nothing more is sent. */
  readonly stop?: AbortSignal | undefined;
  /** Associations at a time. Default 1. */
  readonly parallel?: number;
  /** Re-encodes what the receiver does not take as it is; without it such an instance fails. */
  readonly transcode?: Transcode | undefined;
  /** The instances are streams that end when the next is asked for: nothing is looked at ahead, one goes at a time. */
  readonly isLive?: boolean;
  readonly moveOriginator?: StoreOptions["moveOriginator"];
  readonly priority?: StoreOptions["priority"];
}

/** Instances looked at ahead, so that one association can offer what they need: few at first, to begin soon. */
const firstGroup = 32;
const largestGroup = 512;
/** Associations that break in a row without an instance stored, after which the receiver is given up. */
const maximumBreaks = 3;

/** @throws NetworkError when the receiver cannot be reached, or keeps breaking off */
export async function* sendInstances(
  connect: ConnectForStorage,
  instances: AsyncIterable<StoreInstance> | Iterable<StoreInstance>,
  options: SendOptions = {},
): AsyncGenerator<SendOutcome> {
  const { signal, stop, transcode, isLive = false } = options;
  const parallel = isLive ? 1 : (options.parallel ?? 1);
  const lanes = Array.from({ length: Math.max(1, parallel) }, () => new Lane(connect, options));
  let isComplete = false;
  try {
    const grouped = groups(instances, transcode !== undefined, isLive ? 1 : largestGroup);
    for await (const group of isLive ? grouped : oneAhead(grouped)) {
      signal?.throwIfAborted();
      yield* sendGroup(lanes, group, options);
      if (stop?.aborted === true) break;
    }
    isComplete = true;
  } finally {
    await Promise.all(lanes.map((lane) => (isComplete ? lane.release() : lane.abort())));
  }
}

async function* sendGroup(
  lanes: readonly Lane[],
  group: Group,
  { stop }: SendOptions,
): AsyncGenerator<SendOutcome> {
  let index = 0;
  const next = (): StoreInstance | undefined =>
    stop?.aborted === true ? undefined : group.instances[index++];
  const outcomes = new ResultQueue<SendOutcome>();
  // A receiver that serves one association at a time leaves the others waiting: they are given up when all is sent.
  const allTaken = new AbortController();
  const work = async (lane: Lane, isFirst: boolean): Promise<void> => {
    // The first association must come about; a receiver that has no room for more gets everything on fewer.
    if (!(await lane.open(group.contexts, isFirst ? undefined : allTaken.signal))) return;
    const puller = async (): Promise<void> => {
      for (let one = next(); one !== undefined; one = next()) outcomes.push(await lane.store(one, group));
      allTaken.abort(new Error("everything was sent"));
    };
    await Promise.all(Array.from({ length: lane.window }, puller));
  };
  const used = lanes.slice(0, group.instances.length);
  const finished = Promise.all(used.map((lane, at) => work(lane, at === 0))).then(
    () => outcomes.end(),
    (error: unknown) => outcomes.fail(error),
  );
  try {
    yield* outcomes;
  } finally {
    index = group.instances.length; // whoever leaves early wants no more
    allTaken.abort(new Error("no more is wanted"));
    await finished;
  }
}

/** One association after another to the receiver. */
class Lane {
  readonly #connect: ConnectForStorage;
  readonly #options: SendOptions;
  #association: Awaited<ReturnType<ConnectForStorage>> | undefined;
  #offered = new Set<string>();
  #opening: Promise<void> | undefined;
  #breaks = 0;
  #isGivenUp = false;

  constructor(connect: ConnectForStorage, options: SendOptions) {
    this.#connect = connect;
    this.#options = options;
  }

  /** Instances under way at a time, as the window that was negotiated allows. */
  get window(): number {
    const invoked = this.#association?.accepted.asynchronousOperations.invoked ?? 1;
    return invoked === 0 ? 16 : Math.min(invoked, 16);
  }

  /**
   * @param optional given when the lane is not needed: a receiver may refuse it, and it is given up with the signal
   * @returns whether it is open
   */
  async open(
    contexts: readonly PresentationContextProposal[],
    optional: AbortSignal | undefined,
  ): Promise<boolean> {
    if (optional !== undefined && this.#isGivenUp) return false;
    if (this.#association !== undefined) {
      if (contexts.every((context) => this.#offered.has(keyOf(context)))) return true;
      await this.release();
    }
    try {
      await this.#open(contexts, optional);
      return true;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (optional === undefined || !(optional.aborted || error instanceof NetworkError)) throw error;
      this.#isGivenUp = true;
      return false;
    }
  }

  async store(instance: StoreInstance, group: Group): Promise<SendOutcome> {
    const { signal, transcode, moveOriginator, priority } = this.#options;
    if (this.#association === undefined) await (this.#opening ?? this.#open(group.contexts));
    const association = this.#association;
    if (association === undefined) throw new NetworkError("connection-failed", "The receiver is gone.");
    try {
      const outcome = await storeTranscoded(association, association.accepted.contexts, instance, {
        ...(signal === undefined ? {} : { signal }),
        ...(moveOriginator === undefined ? {} : { moveOriginator }),
        ...(priority === undefined ? {} : { priority }),
        transcode,
      });
      this.#breaks = 0;
      return outcome;
    } catch (error) {
      signal?.throwIfAborted();
      // The association is over, or its message could not be finished.
      if (this.#association === association) {
        this.#association = undefined;
        association.abort();
        if (++this.#breaks >= maximumBreaks) throw error;
      }
      return failed(instance, Status.ProcessingFailure, error);
    }
  }

  async release(): Promise<void> {
    const association = this.#association;
    this.#association = undefined;
    // Everything was answered already: a receiver that breaks off now takes nothing back.
    await association?.release().catch(() => undefined);
  }

  async abort(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    this.#association?.abort();
    this.#association = undefined;
  }

  /** @param untilOpen gives the opening up; once it is open, it has no effect */
  async #open(contexts: readonly PresentationContextProposal[], untilOpen?: AbortSignal): Promise<void> {
    const { signal } = this.#options;
    const opening = new AbortController();
    const giveUp = (): void => opening.abort(untilOpen?.reason);
    untilOpen?.addEventListener("abort", giveUp, { once: true });
    if (untilOpen?.aborted === true) giveUp();
    const whole = signal === undefined ? opening.signal : AbortSignal.any([signal, opening.signal]);
    this.#opening = this.#connect(contexts, whole).then((association) => {
      this.#association = association;
      this.#offered = new Set(contexts.map(keyOf));
    });
    try {
      await this.#opening;
    } finally {
      untilOpen?.removeEventListener("abort", giveUp);
      this.#opening = undefined;
    }
  }
}

/**
 * One instance, re-encoded where the receiver does not take it as it is.
 * @throws what ends an association; anything that concerns the instance alone is an outcome
 */
export async function storeTranscoded(
  receiver: ServiceUser,
  contexts: readonly PresentationContextNegotiated[],
  instance: StoreInstance,
  { transcode, ...options }: StoreOptions & { readonly transcode?: Transcode | undefined },
): Promise<SendOutcome> {
  const accepted = acceptedSyntaxes(contexts, instance.sopClassUid);
  let outgoing = instance;
  if (!accepted.includes(instance.transferSyntaxUid)) {
    try {
      const other = accepted.length === 0 ? undefined : await transcode?.(instance, accepted);
      if (other === undefined) throw refused(instance, contexts);
      outgoing = other;
    } catch (error) {
      return failed(instance, Status.SopClassNotSupported, error);
    }
  }
  try {
    const { status } = await receiver.store(outgoing, options);
    return status.category === "success"
      ? { kind: "stored", instance, status: status.code }
      : { kind: "warning", instance, status: status.code, reason: status.meaning };
  } catch (error) {
    if (error instanceof DimseStatusError) return failed(instance, error.status.code, error);
    throw error;
  }
}

function refused(
  instance: StoreInstance,
  contexts: readonly PresentationContextNegotiated[],
): NoAcceptedContextError {
  return new NoAcceptedContextError(
    instance.sopClassUid,
    instance.transferSyntaxUid,
    contexts.filter((context) => context.abstractSyntaxUid === instance.sopClassUid),
  );
}

function failed(instance: StoreInstance, status: number, error: unknown): SendOutcome {
  return {
    kind: "failed",
    instance,
    status,
    reason: error instanceof Error ? error.message : String(error),
  };
}

/** Instances that go together, and the contexts they need. */
interface Group {
  readonly instances: readonly StoreInstance[];
  readonly contexts: readonly PresentationContextProposal[];
}

async function* groups(
  instances: AsyncIterable<StoreInstance> | Iterable<StoreInstance>,
  withFallback: boolean,
  largest: number,
): AsyncGenerator<Group> {
  let size = Math.min(firstGroup, largest);
  let group: StoreInstance[] = [];
  let contexts = new Map<string, PresentationContextProposal>();
  const known = (): Group => ({ instances: group, contexts: [...contexts.values()] });
  for await (const instance of instances) {
    const needed = contextsFor(instance, withFallback);
    const added = needed.filter((context) => !contexts.has(keyOf(context))).length;
    // What is offered already stays while there is room, so that the same association serves the next group.
    if (contexts.size + added > maximumContexts) {
      if (group.length > 0) yield known();
      group = [];
      contexts = new Map();
    }
    group.push(instance);
    for (const context of needed) contexts.set(keyOf(context), context);
    if (group.length < size) continue;
    yield known();
    size = Math.min(size * 2, largest);
    group = [];
  }
  if (group.length > 0) yield known();
}

/** The instance as it is, and the plain encodings that it can be brought into. */
function contextsFor(
  { sopClassUid, transferSyntaxUid }: StoreInstance,
  withFallback: boolean,
): PresentationContextProposal[] {
  const plain = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];
  const asItIs = { abstractSyntaxUid: sopClassUid, transferSyntaxUids: [transferSyntaxUid] };
  if (!withFallback) return [asItIs];
  const others = plain.filter((uid) => uid !== transferSyntaxUid);
  return [asItIs, { abstractSyntaxUid: sopClassUid, transferSyntaxUids: others }];
}

const keyOf = ({ abstractSyntaxUid, transferSyntaxUids }: PresentationContextProposal): string =>
  `${abstractSyntaxUid} ${transferSyntaxUids.join(" ")}`;

/** The next group is read while one is being sent. */
async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let upcoming = source.next();
  try {
    for (;;) {
      const { done, value } = await upcoming;
      if (done === true) return;
      upcoming = source.next();
      upcoming.catch(() => undefined); // reported when its turn comes
      yield value;
    }
  } finally {
    await upcoming.catch(() => undefined);
    await source.return(undefined);
  }
}
