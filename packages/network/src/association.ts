/**
 * An association from the requestor's side: open it over a transport, call services, release it (PS3.7, PS3.4).
 *
 * Operations go one after another, as the default asynchronous operations window of 1 asks (PS3.7 D.3.3.3). Disposal
 * without a release sends A-ABORT.
 */
import {
  DataSet,
  type DataSetInit,
  decodeDataSet,
  encodeDataSet,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
} from "@isocenter/dicom";
import { type Message, MessageAssembler } from "./dimse/assembler.ts";
import { MessageSender } from "./dimse/sender.ts";
import { Status, statusOf } from "./dimse/status.ts";
import { type CEchoRsp, type Command, type CommandKind, type CStoreRsp, Priority } from "./dimse/types.ts";
import {
  DimseStatusError,
  type DimseStatus,
  LocalProtocolError,
  NetworkError,
  RemoteProtocolError,
  TimeoutError,
} from "./errors.ts";
import {
  type AAssociateAc,
  AbortReason,
  applicationContextName,
  type PresentationContextNegotiated,
  type PresentationContextProposal,
} from "./pdu/types.ts";
import { type FindModel, Verification } from "./services/models.ts";
import { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
import type { Transport } from "./transport.ts";
import { UpperLayerConnection } from "./upper-layer/connection.ts";

export interface AssociateOptions {
  /** 1–16 characters; case is kept. */
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** 1–128, offered in this order. */
  readonly contexts: readonly PresentationContextProposal[];
  /** Bytes that the peer may send in one P-DATA-TF. Default 131,072. */
  readonly maximumPduLength?: number;
  readonly timeouts?: Timeouts;
  /** Aborting it aborts the association. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** What was agreed. */
export interface AcceptedAssociation {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly contexts: readonly PresentationContextNegotiated[];
  /** Bytes that the peer takes in one P-DATA-TF; 0 means no limit. */
  readonly maximumPduLength: number;
  readonly implementationClassUid: string;
  readonly implementationVersionName: string | undefined;
}

export interface StoreInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** The syntax that `dataSet` is encoded in; it must be one that was accepted. */
  readonly transferSyntaxUid: string;
  readonly dataSet: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A response with its status in words. */
export type WithStatus<R> = Omit<R, "status"> & { readonly status: DimseStatus };

const defaultMaximumPduLength = 131_072;

/**
 * Opens an association over a connected transport.
 * @throws AssociationRejectedError, AssociationAbortedError, TimeoutError, RemoteProtocolError, NetworkError; the
 * signal's reason when aborted
 */
export async function associateOver(transport: Transport, options: AssociateOptions): Promise<Association> {
  const association = new Association(transport, options);
  try {
    await association.opened;
    return association;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

interface Pending {
  onMessage(message: Message): void;
  onEnd(error: Error): void;
}

export class Association implements AsyncDisposable {
  /** Resolves when the association is up. */
  readonly opened: Promise<void>;
  /** Resolves when it is over, however it ended. */
  readonly closed: Promise<void>;
  readonly #connection: UpperLayerConnection;
  readonly #assembler: MessageAssembler;
  readonly #options: AssociateOptions;
  readonly #clock: Clock;
  readonly #timeouts: Required<Timeouts>;
  readonly #pending = new Map<number, Pending>();
  #sender: MessageSender | undefined;
  #accepted: AcceptedAssociation | undefined;
  #messageId = 0;
  #lastActivity = 0;
  #ended: Error | undefined;
  #released: (() => void) | undefined;
  /** Operations wait for the one before; an open query makes others fail instead of waiting for ever. */
  #queue: Promise<unknown> = Promise.resolve();
  #finding = false;

  /** @internal use connectTcp or associate */
  constructor(transport: Transport, options: AssociateOptions) {
    if (options.contexts.length === 0 || options.contexts.length > 128) {
      throw new LocalProtocolError(
        "argument-invalid",
        "An association offers 1 to 128 presentation contexts.",
      );
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    const maximumPduLength = options.maximumPduLength ?? defaultMaximumPduLength;
    let settleOpen: { resolve(): void; reject(error: Error): void } = {
      resolve: () => undefined,
      reject: () => undefined,
    };
    this.opened = new Promise((resolve, reject) => {
      settleOpen = { resolve, reject };
    });
    let settleClosed: () => void = () => undefined;
    this.closed = new Promise((resolve) => {
      settleClosed = resolve;
    });
    const timer =
      this.#timeouts.associationMs === 0
        ? undefined
        : this.#clock.setTimeout(
            () => this.#connection.fail(new TimeoutError("association", this.#timeouts.associationMs)),
            this.#timeouts.associationMs,
          );
    const onAbort = (): void => this.abort();
    this.#connection = new UpperLayerConnection(
      transport,
      {
        onAssociateAc: (answer) => {
          this.#clock.clearTimeout(timer);
          this.#accept(answer);
          settleOpen.resolve();
        },
        onFragment: (contextId, control, piece, isEnd) => {
          this.#lastActivity = this.#clock.now();
          this.#assembler.fragment(contextId, control, piece, isEnd);
        },
        onReleaseRq: () => {
          if (this.#connection.state === "Sta8") this.#connection.confirmRelease();
        },
        onDrain: () => {
          this.#lastActivity = this.#clock.now();
          this.#sender?.onDrain();
        },
        onEnd: (error) => {
          this.#clock.clearTimeout(timer);
          options.signal?.removeEventListener("abort", onAbort);
          this.#end(error ?? new NetworkError("association-ended", "The association was released."));
          settleOpen.reject(error ?? new NetworkError("association-ended", "The association was released."));
          settleClosed();
        },
      },
      { role: "requestor", maximumPduLength, artimMs: this.#timeouts.artimMs, clock: this.#clock },
    );
    this.#assembler = new MessageAssembler((message) => this.#onMessage(message), this.#connection);
    // Nobody may be waiting for it when the end comes first.
    this.opened.catch(() => undefined);
    if (options.signal?.aborted === true) {
      transport.destroy();
      settleClosed();
      settleOpen.reject(new LocalProtocolError("association-ended", "Aborted before it began."));
      return;
    }
    options.signal?.addEventListener("abort", onAbort, { once: true });
    this.#connection.startAsRequestor({
      kind: "A-ASSOCIATE-RQ",
      protocolVersion: 1,
      callingAeTitle: options.callingAeTitle,
      calledAeTitle: options.calledAeTitle,
      applicationContextName,
      contexts: options.contexts.map((context, index) => ({ ...context, id: index * 2 + 1 })),
      userInformation: {
        maximumPduLength,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      },
    });
  }

  get accepted(): AcceptedAssociation {
    if (this.#accepted === undefined)
      throw new LocalProtocolError("association-ended", "The association is not open.");
    return this.#accepted;
  }

  /** C-ECHO, PS3.4 A. @throws DimseStatusError and what ends an association */
  async echo(options: CallOptions = {}): Promise<WithStatus<CEchoRsp>> {
    const { sopClassUid } = Verification;
    const context = this.#context(sopClassUid);
    const response = await this.#exclusive(() =>
      this.#request(context, { kind: "C-ECHO-RQ", affectedSopClassUid: sopClassUid }, undefined, options),
    );
    return this.#checked<CEchoRsp>("C-ECHO", response);
  }

  /**
   * C-STORE, PS3.4 B. A warning is a value.
   * @throws DimseStatusError for a failure; NetworkError `no-accepted-context` when the peer does not take the syntax
   */
  async store(instance: StoreInstance, options: CallOptions = {}): Promise<WithStatus<CStoreRsp>> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = instance;
    const context = this.#context(sopClassUid, transferSyntaxUid);
    const command = {
      kind: "C-STORE-RQ",
      affectedSopClassUid: sopClassUid,
      priority: Priority.Medium,
      affectedSopInstanceUid: sopInstanceUid,
    } as const;
    const response = await this.#exclusive(() => this.#request(context, command, dataSet, options));
    return this.#checked<CStoreRsp>("C-STORE", response);
  }

  /**
   * C-FIND, PS3.4 C: matches as they come. Leaving the loop early sends C-CANCEL-RQ.
   * @throws DimseStatusError for a failure status; an abort or a lost connection is an error, never an empty result
   */
  async *find(
    model: FindModel | string,
    identifier: DataSet | DataSetInit,
    options: CallOptions = {},
  ): AsyncGenerator<DataSet> {
    const sopClassUid = typeof model === "string" ? model : model.sopClassUid;
    const context = this.#context(sopClassUid);
    const given = identifier instanceof DataSet ? identifier : DataSet.of(identifier);
    // (0008,0005) is always a key: empty where the query has no other text than ASCII.
    const keys = given.has("SpecificCharacterSet") ? given : withCharset(given);
    const bytes = encodeDataSet(keys, context.transferSyntaxUid, { sequences: "explicit-length" });
    yield* this.#findOver(context, sopClassUid, bytes, options);
  }

  /** Releases in order: A-RELEASE, then the connection is closed. */
  async release(): Promise<void> {
    if (this.#ended !== undefined) return;
    await this.#queue.catch(() => undefined);
    if (this.#isOver()) return;
    const timer = this.#clock.setTimeout(
      () => this.#connection.fail(new TimeoutError("association", this.#timeouts.associationMs)),
      this.#timeouts.associationMs || defaultTimeouts.associationMs,
    );
    await new Promise<void>((resolve) => {
      this.#released = resolve;
      this.#connection.release();
    });
    this.#clock.clearTimeout(timer);
  }

  /** Sends A-ABORT and closes. What is under way fails. */
  abort(): void {
    if (this.#ended === undefined) this.#connection.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await Promise.resolve();
  }

  async *#findOver(
    context: UsableContext,
    sopClassUid: string,
    identifier: Uint8Array,
    options: CallOptions,
  ): AsyncGenerator<DataSet> {
    this.#refuseWhileFinding();
    this.#finding = true;
    const waiting: Message[] = [];
    let wake: (() => void) | undefined;
    let failure: Error | undefined;
    const messageId = this.#nextId();
    const notify = (): void => wake?.();
    this.#pending.set(messageId, {
      onMessage: (message) => {
        waiting.push(message);
        notify();
      },
      onEnd: (error) => {
        failure = error;
        notify();
      },
    });
    const stopTimer = this.#responseTimer();
    const onAbort = (): void => this.abort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    let isFinal = false;
    try {
      options.signal?.throwIfAborted();
      await this.#queue.catch(() => undefined);
      const command = {
        kind: "C-FIND-RQ",
        messageId,
        affectedSopClassUid: sopClassUid,
        priority: Priority.Medium,
      } as const;
      await this.#senderOrThrow().send(context.id, { ...command, hasDataSet: true }, identifier);
      for (;;) {
        const message = waiting.shift();
        if (message === undefined) {
          options.signal?.throwIfAborted();
          if (failure !== undefined) throw failure;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const code = message.command.status ?? Status.ProcessingFailure;
        if (code === Status.Pending || code === Status.PendingWithWarning) {
          const bytes = await message.dataSet?.bytes();
          if (bytes !== undefined) yield decodeDataSet(bytes, context.transferSyntaxUid);
          continue;
        }
        isFinal = true;
        message.dataSet?.discard();
        const status = statusOf(code, "C-FIND");
        if (status.category === "failure") throw new DimseStatusError("C-FIND", status, message.command);
        return;
      }
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
      if (isFinal || this.#ended !== undefined) {
        this.#finish(messageId, stopTimer);
      } else {
        await this.#cancel(
          context.id,
          messageId,
          waiting,
          () => failure,
          (resolve) => (wake = resolve),
        );
        this.#finish(messageId, stopTimer);
      }
    }
  }

  #finish(messageId: number, stopTimer: () => void): void {
    this.#finding = false;
    this.#pending.delete(messageId);
    stopTimer();
  }

  /** C-CANCEL-RQ, then reads on to the final response, so that the association can be used again. */
  async #cancel(
    contextId: number,
    messageId: number,
    waiting: Message[],
    failure: () => Error | undefined,
    onWake: (resolve: () => void) => void,
  ): Promise<void> {
    await this.#senderOrThrow().send(contextId, {
      kind: "C-CANCEL-RQ",
      messageIdBeingRespondedTo: messageId,
      hasDataSet: false,
    });
    while (failure() === undefined) {
      const message = waiting.shift();
      if (message === undefined) {
        await new Promise<void>(onWake);
        continue;
      }
      message.dataSet?.discard();
      const code = message.command.status;
      if (code !== Status.Pending && code !== Status.PendingWithWarning) return;
    }
  }

  async #request(
    context: UsableContext,
    fields: Omit<Command, "hasDataSet"> & { kind: CommandKind },
    dataSet: Uint8Array | AsyncIterable<Uint8Array> | undefined,
    { signal }: CallOptions,
  ): Promise<Command> {
    signal?.throwIfAborted();
    const messageId = this.#nextId();
    const onAbort = (): void => this.abort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const stopTimer = this.#responseTimer();
    try {
      const response = new Promise<Command>((resolve, reject) => {
        this.#pending.set(messageId, {
          onMessage: (message) => {
            message.dataSet?.discard();
            resolve(message.command);
          },
          onEnd: reject,
        });
      });
      response.catch(() => undefined); // sending may fail first, with the same error
      await this.#senderOrThrow().send(
        context.id,
        { ...fields, messageId, hasDataSet: dataSet !== undefined },
        dataSet,
      );
      return await response;
    } catch (error) {
      signal?.throwIfAborted();
      // A data set that broke off half-way leaves the message unfinished: nothing but an abort can follow.
      if (this.#ended === undefined && dataSet !== undefined && !(error instanceof NetworkError))
        this.abort();
      throw error;
    } finally {
      stopTimer();
      this.#pending.delete(messageId);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** One timer an operation, moved on by what arrives, so that no PDU touches it. */
  #responseTimer(): () => void {
    const { dimseMs } = this.#timeouts;
    if (dimseMs === 0) return () => undefined;
    this.#lastActivity = this.#clock.now();
    let handle: unknown;
    const arm = (ms: number): void => {
      handle = this.#clock.setTimeout(() => {
        const left = this.#lastActivity + dimseMs - this.#clock.now();
        if (left > 0) arm(left);
        else this.#connection.fail(new TimeoutError("dimse", dimseMs));
      }, ms);
    };
    arm(dimseMs);
    return () => this.#clock.clearTimeout(handle);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseWhileFinding();
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined); // the caller gets the error; the next operation still runs
    return result;
  }

  #refuseWhileFinding(): void {
    if (this.#finding) {
      throw new LocalProtocolError(
        "association-busy",
        "A query is open on this association; finish it, or open another association.",
      );
    }
  }

  #checked<R>(operation: string, response: Command): WithStatus<R> {
    const status = statusOf(response.status ?? Status.ProcessingFailure, operation);
    if (status.category === "failure") throw new DimseStatusError(operation, status, response);
    return { ...response, status } as unknown as WithStatus<R>;
  }

  #accept(answer: AAssociateAc): void {
    const { callingAeTitle, calledAeTitle, contexts } = this.#options;
    const negotiated = contexts.map((proposal, index): PresentationContextNegotiated => {
      const id = index * 2 + 1;
      const found = answer.contexts.find((one) => one.id === id);
      const result = found?.result ?? "no-reason";
      return {
        id,
        abstractSyntaxUid: proposal.abstractSyntaxUid,
        result,
        transferSyntaxUid: result === "acceptance" ? found?.transferSyntaxUid : undefined,
      };
    });
    const { maximumPduLength, implementationClassUid, implementationVersionName } = answer.userInformation;
    this.#accepted = {
      callingAeTitle,
      calledAeTitle,
      contexts: negotiated,
      maximumPduLength,
      implementationClassUid,
      implementationVersionName,
    };
    this.#sender = new MessageSender(this.#connection, maximumPduLength);
  }

  #onMessage(message: Message): void {
    const id = message.command.messageIdBeingRespondedTo;
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (pending === undefined) {
      throw new RemoteProtocolError(
        `The peer sent ${message.command.kind} for a request that was not made.`,
        AbortReason.UnexpectedPduParameter,
      );
    }
    pending.onMessage(message);
  }

  #end(error: Error): void {
    this.#ended = error;
    this.#assembler.end(error);
    this.#sender?.end(error);
    for (const pending of this.#pending.values()) pending.onEnd(error);
    this.#released?.();
  }

  #isOver(): boolean {
    return this.#ended !== undefined;
  }

  #senderOrThrow(): MessageSender {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#sender === undefined)
      throw new LocalProtocolError("association-ended", "The association is not open.");
    return this.#sender;
  }

  #context(abstractSyntaxUid: string, transferSyntaxUid?: string): UsableContext {
    if (this.#ended !== undefined) throw this.#ended;
    const same = this.accepted.contexts.filter((context) => context.abstractSyntaxUid === abstractSyntaxUid);
    const usable = same.find(
      (context) =>
        context.transferSyntaxUid !== undefined &&
        (transferSyntaxUid === undefined || context.transferSyntaxUid === transferSyntaxUid),
    );
    if (usable?.transferSyntaxUid === undefined) {
      const why =
        same.length === 0
          ? "it was not offered"
          : `the peer answered ${[...new Set(same.map((context) => context.result))].join(", ")}`;
      const syntax = transferSyntaxUid === undefined ? "" : ` in transfer syntax ${transferSyntaxUid}`;
      throw new NetworkError(
        "no-accepted-context",
        `${abstractSyntaxUid}${syntax} cannot be used on this association: ${why}.`,
      );
    }
    return { id: usable.id, transferSyntaxUid: usable.transferSyntaxUid };
  }

  #nextId(): number {
    this.#messageId = (this.#messageId % 0xffff) + 1;
    return this.#messageId;
  }
}

interface UsableContext {
  readonly id: number;
  readonly transferSyntaxUid: string;
}

/** Text beyond ASCII needs a character set of its own; otherwise the key goes empty, to be answered. */
function withCharset(keys: DataSet): DataSet {
  const isAscii = [...keys].every(
    (element) =>
      // oxlint-disable-next-line no-control-regex -- ASCII is what is asked
      element.vr === "SQ" || keys.strings(element.tag).every((text) => /^[\x00-\x7f]*$/.test(text)),
  );
  return keys.with("SpecificCharacterSet", isAscii ? "" : "ISO_IR 192");
}
