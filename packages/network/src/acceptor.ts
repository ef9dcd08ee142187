/**
 * An association from the acceptor's side: negotiates, and answers requests with the services it was given.
 *
 * A handler that throws becomes a failure status; the association lives on. Requests are answered one after another;
 * a C-CANCEL-RQ reaches the query it names while that is answering.
 */
import {
  type DataSet,
  DicomError,
  decodeDataSet,
  encodeDataSet,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import { type Message, MessageAssembler } from "./dimse/assembler.ts";
import { MessageSender } from "./dimse/sender.ts";
import { Status } from "./dimse/status.ts";
import type { Command, CommandKind, CStoreRq } from "./dimse/types.ts";
import { type NetworkError, RemoteProtocolError, TimeoutError } from "./errors.ts";
import {
  type AAssociateRq,
  AbortReason,
  applicationContextName,
  type PresentationContextNegotiated,
  type PresentationContextResult,
} from "./pdu/types.ts";
import { type FindModel, Verification } from "./services/models.ts";
import { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
import type { Transport } from "./transport.ts";
import { UpperLayerConnection } from "./upper-layer/connection.ts";

/** What a handler answers: a status code, with a comment for the log at the other side where it helps. */
export type StatusAnswer = number | { readonly code: number; readonly errorComment?: string };

export interface StoreRequest extends CStoreRq {
  readonly transferSyntaxUid: string;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

export interface RequestContext {
  /** Aborted when the association ends, or the peer cancels the operation. */
  readonly signal: AbortSignal;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

export interface Services {
  readonly verification?: boolean;
  readonly storage?: {
    /** SOP classes to accept; `"any"` takes everything that no other service claims. */
    readonly sopClasses: readonly string[] | "any";
    /** Default: every registered syntax. The requestor's order decides. */
    readonly transferSyntaxUids?: readonly string[];
    /** Resolve only when the instance is safe: the answer is sent then. A throw answers 0110H. */
    onStore(
      bytes: AsyncIterable<Uint8Array>,
      request: StoreRequest,
      context: RequestContext,
    ): Promise<StatusAnswer>;
  };
  readonly query?: {
    readonly models: readonly FindModel[];
    /** A throw answers C001H. */
    onFind(
      identifier: DataSet,
      context: RequestContext & { readonly model: FindModel },
    ): AsyncIterable<DataSet>;
  };
}

export interface AcceptorOptions {
  /** The titles we answer to; any other is rejected with "called AE title not recognized". */
  readonly aeTitle: string | readonly string[];
  /** False rejects with "calling AE title not recognized". */
  readonly authorize?: (request: AAssociateRq) => boolean | Promise<boolean>;
  readonly services: Services;
  /** Bytes that the peer may send in one P-DATA-TF. Default 131,072. */
  readonly maximumPduLength?: number;
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  /** Rejects as "local limit exceeded": there are too many already. */
  readonly overLimit?: boolean;
}

/** Serves one association over a connected transport. @returns a promise of its end; it never rejects */
export function serveAssociation(transport: Transport, options: AcceptorOptions): ServedAssociation {
  return new ServedAssociation(transport, options);
}

export class ServedAssociation {
  /** Resolves at the end, with the error if it was not an orderly release. */
  readonly closed: Promise<NetworkError | undefined>;
  readonly #options: AcceptorOptions;
  readonly #connection: UpperLayerConnection;
  readonly #assembler: MessageAssembler;
  readonly #clock: Clock;
  readonly #timeouts: Required<Timeouts>;
  readonly #ended = new AbortController();
  /** Operations that a C-CANCEL-RQ may name. */
  readonly #cancellable = new Map<number, AbortController>();
  #contexts = new Map<number, PresentationContextNegotiated>();
  #request: AAssociateRq | undefined;
  #sender: MessageSender | undefined;
  #queue: Promise<void> = Promise.resolve();
  #busy = 0;
  #lastActivity: number;
  #idleTimer: unknown;

  constructor(transport: Transport, options: AcceptorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#lastActivity = this.#clock.now();
    let settle: (error: NetworkError | undefined) => void = () => undefined;
    this.closed = new Promise((resolve) => {
      settle = resolve;
    });
    const maximumPduLength = options.maximumPduLength ?? 131_072;
    this.#connection = new UpperLayerConnection(
      transport,
      {
        onAssociateRq: (request) => void this.#negotiate(request, maximumPduLength),
        onFragment: (contextId, control, piece, isEnd) => {
          this.#lastActivity = this.#clock.now();
          this.#assembler.fragment(contextId, control, piece, isEnd);
        },
        onReleaseRq: () => {
          // What is being answered goes out first; then the release is confirmed.
          void this.#queue.then(() => {
            if (this.#connection.state === "Sta8") this.#connection.confirmRelease();
          });
        },
        onDrain: () => {
          this.#lastActivity = this.#clock.now();
          this.#sender?.onDrain();
        },
        onEnd: (error) => {
          this.#clock.clearTimeout(this.#idleTimer);
          const reason =
            error ?? new RemoteProtocolError("The association was released.", AbortReason.NotSpecified);
          this.#assembler.end(reason);
          this.#sender?.end(reason);
          this.#ended.abort(reason);
          for (const controller of this.#cancellable.values()) controller.abort(reason);
          settle(error);
        },
      },
      { role: "acceptor", maximumPduLength, artimMs: this.#timeouts.artimMs, clock: this.#clock },
    );
    this.#assembler = new MessageAssembler((message) => this.#onMessage(message), this.#connection);
    this.#connection.startAsAcceptor();
  }

  abort(): void {
    this.#connection.abort();
  }

  async #negotiate(request: AAssociateRq, maximumPduLength: number): Promise<void> {
    const { aeTitle, authorize, overLimit } = this.#options;
    const titles = typeof aeTitle === "string" ? [aeTitle] : aeTitle;
    if (overLimit === true)
      return this.#reject("rejected-transient", "service-provider-presentation", "local-limit-exceeded");
    if (request.applicationContextName !== applicationContextName) {
      return this.#reject("rejected-permanent", "service-user", "application-context-name-not-supported");
    }
    if (!titles.includes(request.calledAeTitle)) {
      return this.#reject("rejected-permanent", "service-user", "called-AE-title-not-recognized");
    }
    let allowed = false;
    try {
      allowed = authorize === undefined || (await authorize(request));
    } catch {
      allowed = false; // who cannot be checked is not let in
    }
    if (this.#connection.state !== "Sta3") return; // the peer went away while it was checked
    if (!allowed)
      return this.#reject("rejected-permanent", "service-user", "calling-AE-title-not-recognized");
    this.#request = request;
    const results = request.contexts.map((context): PresentationContextResult => {
      const { id, abstractSyntaxUid, transferSyntaxUids } = context;
      const transferSyntaxUid = this.#transferSyntaxFor(abstractSyntaxUid, transferSyntaxUids);
      const result =
        transferSyntaxUid === undefined
          ? "abstract-syntax-not-supported"
          : transferSyntaxUid === ""
            ? "transfer-syntaxes-not-supported"
            : "acceptance";
      const accepted = result === "acceptance" ? transferSyntaxUid : undefined;
      this.#contexts.set(id, { id, abstractSyntaxUid, result, transferSyntaxUid: accepted });
      // Not significant when refused, but it must be a UID: the first that was proposed.
      return { id, result, transferSyntaxUid: accepted ?? transferSyntaxUids[0] ?? "1.2.840.10008.1.2" };
    });
    this.#sender = new MessageSender(this.#connection, request.userInformation.maximumPduLength);
    this.#connection.accept({
      kind: "A-ASSOCIATE-AC",
      protocolVersion: 1,
      calledAeTitle: request.calledAeTitle,
      callingAeTitle: request.callingAeTitle,
      applicationContextName,
      contexts: results,
      userInformation: {
        maximumPduLength,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      },
    });
    this.#watchIdle(this.#timeouts.idleMs);
  }

  #reject(
    result: "rejected-permanent" | "rejected-transient",
    source: "service-user" | "service-provider-presentation",
    reason: string,
  ): void {
    this.#connection.reject({ kind: "A-ASSOCIATE-RJ", result, source, reason });
  }

  /** The accepted syntax; empty when none fits; undefined when no service has the abstract syntax. */
  #transferSyntaxFor(abstractSyntaxUid: string, proposed: readonly string[]): string | undefined {
    const { verification, storage, query } = this.#options.services;
    const isUncompressed = (uid: string): boolean => {
      const info = transferSyntaxInfo(uid);
      return info !== undefined && info.littleEndian && !info.encapsulated && !info.deflated;
    };
    if (abstractSyntaxUid === Verification.sopClassUid) {
      return verification === true ? (proposed.find(isUncompressed) ?? "") : undefined;
    }
    if (query?.models.some((model) => model.sopClassUid === abstractSyntaxUid) === true) {
      // Explicit where there is a choice: private keys keep their VRs.
      return (
        proposed.find((uid) => isUncompressed(uid) && transferSyntaxInfo(uid)?.explicitVr === true) ??
        proposed.find(isUncompressed) ??
        ""
      );
    }
    if (storage === undefined || isServiceClass(abstractSyntaxUid)) return undefined;
    if (storage.sopClasses !== "any" && !storage.sopClasses.includes(abstractSyntaxUid)) return undefined;
    const { transferSyntaxUids } = storage;
    return (
      proposed.find((uid) => transferSyntaxUids?.includes(uid) ?? transferSyntaxInfo(uid) !== undefined) ?? ""
    );
  }

  #onMessage(message: Message): void {
    const { command } = message;
    if (command.kind === "C-CANCEL-RQ") {
      const id = command.messageIdBeingRespondedTo;
      if (id !== undefined) this.#cancellable.get(id)?.abort(new Error("cancelled by the peer"));
      return;
    }
    const context = this.#contexts.get(message.contextId);
    if (context?.transferSyntaxUid === undefined || command.messageId === undefined) {
      throw new RemoteProtocolError(
        "The peer used a presentation context that was not accepted.",
        AbortReason.UnexpectedPduParameter,
      );
    }
    if (command.kind === "C-FIND-RQ") this.#cancellable.set(command.messageId, new AbortController());
    this.#busy++;
    this.#queue = this.#queue
      .then(() => this.#answer(message, context, context.transferSyntaxUid ?? ""))
      .catch((error: unknown) => this.#onFailure(error))
      .finally(() => {
        this.#busy--;
        this.#lastActivity = this.#clock.now();
        if (command.messageId !== undefined) this.#cancellable.delete(command.messageId);
      });
  }

  /** Answering failed for want of an association, which has its own report; anything else ends it. */
  #onFailure(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#connection.fail(
      new RemoteProtocolError(
        error instanceof Error ? error.message : String(error),
        AbortReason.NotSpecified,
      ),
    );
  }

  async #answer(
    message: Message,
    context: PresentationContextNegotiated,
    transferSyntaxUid: string,
  ): Promise<void> {
    const { command } = message;
    const { services } = this.#options;
    if (command.kind === "C-ECHO-RQ") return this.#respond(message, "C-ECHO-RSP", Status.Success);
    if (command.kind === "C-STORE-RQ" && services.storage !== undefined && message.dataSet !== undefined) {
      return this.#store(message, services.storage, transferSyntaxUid);
    }
    const model = services.query?.models.find((one) => one.sopClassUid === context.abstractSyntaxUid);
    if (command.kind === "C-FIND-RQ" && model !== undefined && services.query !== undefined) {
      return this.#find(message, services.query, model, transferSyntaxUid);
    }
    message.dataSet?.discard();
    const kind = command.kind.replace("-RQ", "-RSP") as CommandKind;
    return this.#respond(message, kind, Status.UnrecognizedOperation);
  }

  async #store(
    message: Message,
    storage: NonNullable<Services["storage"]>,
    transferSyntaxUid: string,
  ): Promise<void> {
    const { command, dataSet } = message;
    if (dataSet === undefined) return;
    let answer: StatusAnswer;
    try {
      const request = { ...command, ...this.#titles(), transferSyntaxUid } as StoreRequest;
      answer = await storage.onStore(dataSet, request, this.#requestContext(this.#ended.signal));
    } catch {
      answer = { code: Status.ProcessingFailure, errorComment: "The instance could not be processed." };
    } finally {
      dataSet.discard();
    }
    const { affectedSopInstanceUid } = command;
    return this.#respond(
      message,
      "C-STORE-RSP",
      answer,
      affectedSopInstanceUid === undefined ? {} : { affectedSopInstanceUid },
    );
  }

  async #find(
    message: Message,
    query: NonNullable<Services["query"]>,
    model: FindModel,
    transferSyntaxUid: string,
  ): Promise<void> {
    const { command, contextId } = message;
    const cancelled = this.#cancellable.get(command.messageId ?? 0) ?? new AbortController();
    let final: StatusAnswer = Status.Success;
    try {
      const identifier = decodeDataSet(
        (await message.dataSet?.bytes()) ?? new Uint8Array(0),
        transferSyntaxUid,
      );
      for await (const match of query.onFind(identifier, {
        ...this.#requestContext(cancelled.signal),
        model,
      })) {
        if (cancelled.signal.aborted) break;
        await this.#sender?.send(
          contextId,
          this.#response(message, "C-FIND-RSP", Status.Pending, true),
          encodeMatch(match, transferSyntaxUid),
        );
      }
    } catch (error) {
      if (this.#ended.signal.aborted) throw error;
      if (!cancelled.signal.aborted) {
        final = {
          code: Status.UnableToProcess,
          errorComment: error instanceof Error ? error.message : "The query failed.",
        };
      }
    }
    return this.#respond(message, "C-FIND-RSP", cancelled.signal.aborted ? Status.Cancel : final);
  }

  async #respond(
    message: Message,
    kind: CommandKind,
    answer: StatusAnswer,
    more: Partial<Command> = {},
  ): Promise<void> {
    const { code, errorComment } =
      typeof answer === "number" ? { code: answer, errorComment: undefined } : answer;
    const response = { ...this.#response(message, kind, code, false), ...more };
    await this.#sender?.send(
      message.contextId,
      errorComment === undefined ? response : { ...response, errorComment },
    );
  }

  #response({ command }: Message, kind: CommandKind, status: number, hasDataSet: boolean): Command {
    const { messageId, affectedSopClassUid } = command;
    return { kind, affectedSopClassUid, messageIdBeingRespondedTo: messageId, status, hasDataSet };
  }

  #titles(): { callingAeTitle: string; calledAeTitle: string } {
    return {
      callingAeTitle: this.#request?.callingAeTitle ?? "",
      calledAeTitle: this.#request?.calledAeTitle ?? "",
    };
  }

  #requestContext(signal: AbortSignal): RequestContext {
    return { signal, ...this.#titles() };
  }

  #watchIdle(ms: number): void {
    if (this.#timeouts.idleMs === 0) return;
    this.#idleTimer = this.#clock.setTimeout(() => {
      const left = this.#lastActivity + this.#timeouts.idleMs - this.#clock.now();
      if (left > 0 || this.#busy > 0) this.#watchIdle(left > 0 ? left : this.#timeouts.idleMs);
      else this.#connection.fail(new TimeoutError("idle", this.#timeouts.idleMs));
    }, ms);
  }
}

/** Query, retrieve, worklist and other services: SOP classes that are no objects to store (PS3.6 A: 1.2.840.10008.5.1.4.1.2, .31–.39). */
function isServiceClass(uid: string): boolean {
  return (
    /^1\.2\.840\.10008\.5\.1\.4\.(1\.2|31|32|33|34|37|38|39|41|42|43|44|45)(\.|$)/.test(uid) ||
    /^1\.2\.840\.10008\.(1\.|3\.1\.2|4\.2|5\.1\.1)/.test(uid)
  );
}

/** A match whose text is beyond its character set goes out in UTF-8, rather than with characters lost. */
function encodeMatch(match: DataSet, transferSyntaxUid: string): Uint8Array {
  try {
    return encodeDataSet(match, transferSyntaxUid, { sequences: "explicit-length" });
  } catch (error) {
    if (!(error instanceof DicomError) || error.code !== "text-unencodable") throw error;
    const utf8 = match.with("SpecificCharacterSet", "ISO_IR 192");
    return encodeDataSet(utf8, transferSyntaxUid, { sequences: "explicit-length" });
  }
}
