/**
 * Operations that one side invokes at the other: the SCU half of every service (PS3.7 9 and 10, PS3.4). A requestor's
 * association is one; an acceptor's handlers get one for the way back.
 *
 * Success, warning and cancel are values; a failure status throws.
 */
import { DataSet, type DataSetInit, decodeDataSet, encodeDataSet } from "@isocenter/dicom";
import { type MessageExchange, type Response, responseKind } from "../dimse/exchange.ts";
import type { Outgoing } from "../dimse/outgoing.ts";
import { Status, statusOf } from "../dimse/status.ts";
import { type CEchoRsp, type Command, type CommandKind, type CStoreRsp, Priority } from "../dimse/types.ts";
import { type DimseStatus, DimseStatusError, LocalProtocolError, NoAcceptedContextError } from "../errors.ts";
import type { AcceptedAssociation, PresentationContextNegotiated } from "../negotiation/types.ts";
import { type FindModel, type RetrieveModel, Verification } from "./models.ts";
import type { StoreHandler } from "./types.ts";

export interface CallOptions {
  /** Aborting it aborts the association: a request cannot be taken back in another way. */
  readonly signal?: AbortSignal;
}

export interface StoreInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** The syntax that `dataSet` is encoded in; it must be one that was accepted. */
  readonly transferSyntaxUid: string;
  /** The encoded data set, without file meta; a function is called when its turn comes. */
  readonly dataSet: Outgoing | (() => Outgoing);
}

export interface StoreOptions extends CallOptions {
  readonly priority?: (typeof Priority)[keyof typeof Priority];
  /** A sub-operation of a C-MOVE: who asked for it. */
  readonly moveOriginator?: { readonly aeTitle: string; readonly messageId: number };
}

/** A response with its status in words. */
export type WithStatus<R> = Omit<R, "status"> & { readonly status: DimseStatus };

/** Counters of a retrieval, PS3.4 C.4.2.1.6 to 9; those that the peer does not tell are undefined. */
export interface RetrieveProgress {
  readonly remaining: number | undefined;
  readonly completed: number | undefined;
  readonly failed: number | undefined;
  readonly warning: number | undefined;
}

export interface FindOptions extends CallOptions {
  /** Aborting it sends C-CANCEL-RQ; matches that are on their way still come, and the iteration ends without an error. */
  readonly cancel?: AbortSignal;
}

export interface RetrieveOptions extends CallOptions {
  /** Each time the peer tells how far it is. */
  readonly onProgress?: (progress: RetrieveProgress) => void;
  /** Aborting it sends C-CANCEL-RQ; the result then has the status `cancel`. */
  readonly cancel?: AbortSignal;
  readonly priority?: (typeof Priority)[keyof typeof Priority];
}

export interface GetOptions extends RetrieveOptions {
  /** Takes each instance; its answer goes to the peer as the C-STORE's status. */
  readonly onStore: StoreHandler;
}

export interface MoveOptions extends RetrieveOptions {
  /** AE title that the peer sends to; the peer must know it. */
  readonly destination: string;
  /** Hears the Message ID, which the destination finds in (0000,1031) of each C-STORE. */
  readonly onMessageId?: (messageId: number) => void;
}

export interface RetrieveResult extends RetrieveProgress {
  /** Success, warning (some failed) or cancel; a failure throws. */
  readonly status: DimseStatus;
  /** (0008,0058): instances that failed, as far as the peer names them. */
  readonly failedSopInstanceUids: readonly string[];
}

export interface NormalizedOptions extends CallOptions {
  /** The negotiated SOP class, where it is not the instance's own (meta SOP classes, UPS). */
  readonly abstractSyntaxUid?: string;
}

/** The answer to an N-service. */
export interface NormalizedResponse {
  readonly status: DimseStatus;
  readonly sopInstanceUid: string | undefined;
  readonly dataSet: DataSet | undefined;
  readonly command: Command;
}

interface UsableContext {
  readonly id: number;
  readonly transferSyntaxUid: string;
}

/** What a service user needs of an association's end. */
export interface ServiceUserHost {
  readonly exchange: MessageExchange;
  /** @throws NetworkError when the association is not open */
  readonly accepted: () => AcceptedAssociation;
  /** C-GET: takes the instances until the operation is over. */
  readonly setGetHandler: (handler: StoreHandler | undefined) => void;
}

export class ServiceUser {
  readonly #host: ServiceUserHost;

  /** @internal */
  constructor(host: ServiceUserHost) {
    this.#host = host;
  }

  /** @throws LocalProtocolError before the association is open */
  get accepted(): AcceptedAssociation {
    return this.#host.accepted();
  }

  /** C-ECHO, PS3.4 A. @throws DimseStatusError and what ends an association */
  async echo(options: CallOptions = {}): Promise<WithStatus<CEchoRsp>> {
    const { sopClassUid } = Verification;
    const { command } = await this.#request(
      this.#context(sopClassUid),
      { kind: "C-ECHO-RQ", affectedSopClassUid: sopClassUid },
      undefined,
      options,
    );
    return checked<CEchoRsp>("C-ECHO", command);
  }

  /**
   * C-STORE, PS3.4 B. A warning is a value. With an asynchronous operations window, calls that do not wait for each
   * other go out without waiting for the answers.
   * @throws DimseStatusError for a failure; NoAcceptedContextError when the peer does not take the syntax
   */
  async store(instance: StoreInstance, options: StoreOptions = {}): Promise<WithStatus<CStoreRsp>> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = instance;
    const { priority = Priority.Medium, moveOriginator } = options;
    const context = this.#context(sopClassUid, transferSyntaxUid);
    const fields = {
      kind: "C-STORE-RQ",
      affectedSopClassUid: sopClassUid,
      priority,
      affectedSopInstanceUid: sopInstanceUid,
      ...(moveOriginator === undefined
        ? {}
        : {
            moveOriginatorAeTitle: moveOriginator.aeTitle,
            moveOriginatorMessageId: moveOriginator.messageId,
          }),
    } as const;
    const bytes = typeof dataSet === "function" ? dataSet() : dataSet;
    const { command } = await this.#request(context, fields, bytes, options);
    return checked<CStoreRsp>("C-STORE", command);
  }

  /**
   * C-FIND, PS3.4 C: matches as they come. Leaving the loop early sends C-CANCEL-RQ, and so does `cancel`, which need not
   * wait for a match.
   * @throws DimseStatusError for a failure status; an abort or a lost connection is an error, never an empty result
   */
  async *find(
    model: FindModel | string,
    identifier: DataSet | DataSetInit,
    { signal, cancel }: FindOptions = {},
  ): AsyncGenerator<DataSet> {
    const sopClassUid = typeof model === "string" ? model : model.sopClassUid;
    const context = this.#context(sopClassUid);
    const keys = encodedIdentifier(identifier, context, { asReturnKey: true });
    const fields = {
      kind: "C-FIND-RQ",
      affectedSopClassUid: sopClassUid,
      priority: Priority.Medium,
    } as const;
    const responses = this.#host.exchange.responses(context.id, fields, keys, { signal, cancel });
    for await (const { command, dataSet } of responses) {
      const code = command.status ?? Status.ProcessingFailure;
      if (code === Status.Pending || code === Status.PendingWithWarning) {
        if (dataSet !== undefined) yield decodeDataSet(dataSet, context.transferSyntaxUid);
        continue;
      }
      checked("C-FIND", command);
    }
  }

  /**
   * C-GET, PS3.4 C.4.3: the instances come on this association. Their SOP classes must have been offered with the role
   * `scp`.
   * @throws DimseStatusError when the retrieval failed as a whole
   */
  async get(
    model: RetrieveModel | string,
    identifier: DataSet | DataSetInit,
    options: GetOptions,
  ): Promise<RetrieveResult> {
    this.#host.setGetHandler(options.onStore);
    try {
      return await this.#retrieve("C-GET", model, identifier, {}, options);
    } finally {
      this.#host.setGetHandler(undefined);
    }
  }

  /**
   * C-MOVE, PS3.4 C.4.2: the peer sends the instances to a destination that it knows by its AE title.
   * @throws DimseStatusError, with A801H when the peer does not know the destination
   */
  move(
    model: RetrieveModel | string,
    identifier: DataSet | DataSetInit,
    options: MoveOptions,
  ): Promise<RetrieveResult> {
    return this.#retrieve("C-MOVE", model, identifier, { moveDestination: options.destination }, options);
  }

  /** N-EVENT-REPORT, PS3.7 10.1.1: from the SCP of a SOP class to its SCU. */
  nEventReport(
    event: {
      readonly sopClassUid: string;
      readonly sopInstanceUid: string;
      readonly eventTypeId: number;
      readonly dataSet?: DataSet | DataSetInit;
    },
    options: NormalizedOptions = {},
  ): Promise<NormalizedResponse> {
    const { sopClassUid, sopInstanceUid, eventTypeId, dataSet } = event;
    return this.#normalized(
      { kind: "N-EVENT-REPORT-RQ", ...affected(sopClassUid, sopInstanceUid), eventTypeId },
      sopClassUid,
      dataSet,
      options,
    );
  }

  /** N-GET, PS3.7 10.1.2. @param attributes tags wanted; all when empty */
  nGet(
    sopClassUid: string,
    sopInstanceUid: string,
    attributes: readonly number[] = [],
    options: NormalizedOptions = {},
  ): Promise<NormalizedResponse> {
    const list = attributes.length === 0 ? {} : { attributeIdentifierList: attributes };
    return this.#normalized(
      { kind: "N-GET-RQ", ...requested(sopClassUid, sopInstanceUid), ...list },
      sopClassUid,
      undefined,
      options,
    );
  }

  /** N-SET, PS3.7 10.1.3. */
  nSet(
    sopClassUid: string,
    sopInstanceUid: string,
    modifications: DataSet | DataSetInit,
    options: NormalizedOptions = {},
  ): Promise<NormalizedResponse> {
    const fields = { kind: "N-SET-RQ", ...requested(sopClassUid, sopInstanceUid) } as const;
    return this.#normalized(fields, sopClassUid, modifications, options);
  }

  /** N-ACTION, PS3.7 10.1.4. */
  nAction(
    action: {
      readonly sopClassUid: string;
      readonly sopInstanceUid: string;
      readonly actionTypeId: number;
      readonly dataSet?: DataSet | DataSetInit;
    },
    options: NormalizedOptions = {},
  ): Promise<NormalizedResponse> {
    const { sopClassUid, sopInstanceUid, actionTypeId, dataSet } = action;
    return this.#normalized(
      { kind: "N-ACTION-RQ", ...requested(sopClassUid, sopInstanceUid), actionTypeId },
      sopClassUid,
      dataSet,
      options,
    );
  }

  /** N-CREATE, PS3.7 10.1.5. @param sopInstanceUid undefined leaves the choice to the SCP */
  nCreate(
    sopClassUid: string,
    sopInstanceUid: string | undefined,
    attributes: DataSet | DataSetInit | undefined,
    options: NormalizedOptions = {},
  ): Promise<NormalizedResponse> {
    const fields = { kind: "N-CREATE-RQ", ...affected(sopClassUid, sopInstanceUid) } as const;
    return this.#normalized(fields, sopClassUid, attributes, options);
  }

  /** N-DELETE, PS3.7 10.1.6. */
  nDelete(
    sopClassUid: string,
    sopInstanceUid: string,
    options: NormalizedOptions = {},
  ): Promise<NormalizedResponse> {
    const fields = { kind: "N-DELETE-RQ", ...requested(sopClassUid, sopInstanceUid) } as const;
    return this.#normalized(fields, sopClassUid, undefined, options);
  }

  async #retrieve(
    operation: "C-GET" | "C-MOVE",
    model: RetrieveModel | string,
    identifier: DataSet | DataSetInit,
    more: { readonly moveDestination?: string },
    options: RetrieveOptions & Pick<MoveOptions, "onMessageId">,
  ): Promise<RetrieveResult> {
    const sopClassUid = typeof model === "string" ? model : model.sopClassUid;
    const context = this.#context(sopClassUid);
    const keys = encodedIdentifier(identifier, context, { asReturnKey: false });
    const { priority = Priority.Medium, onProgress, signal, cancel, onMessageId } = options;
    const fields = { kind: `${operation}-RQ`, affectedSopClassUid: sopClassUid, priority, ...more } as const;
    let last: Response | undefined;
    const responses = this.#host.exchange.responses(context.id, fields, keys, {
      signal,
      cancel,
      onMessageId,
    });
    for await (const response of responses) {
      last = response;
      if (hasCounters(response.command)) onProgress?.(progressOf(response.command));
    }
    // The exchange ends with a final response or throws.
    if (last === undefined) throw new LocalProtocolError("association-ended", "There was no response.");
    const { status } = checked(operation, last.command);
    const list =
      last.dataSet === undefined ? undefined : decodeDataSet(last.dataSet, context.transferSyntaxUid);
    return {
      ...progressOf(last.command),
      status,
      failedSopInstanceUids: list?.strings("FailedSOPInstanceUIDList").filter((uid) => uid !== "") ?? [],
    };
  }

  async #normalized(
    fields: Omit<Command, "hasDataSet" | "messageId">,
    sopClassUid: string,
    dataSet: DataSet | DataSetInit | undefined,
    options: NormalizedOptions,
  ): Promise<NormalizedResponse> {
    const context = this.#context(options.abstractSyntaxUid ?? sopClassUid);
    const content = dataSet === undefined || dataSet instanceof DataSet ? dataSet : DataSet.of(dataSet);
    const bytes =
      content === undefined || content.size === 0
        ? undefined
        : encodeDataSet(withCharset(content), context.transferSyntaxUid, { sequences: "explicit-length" });
    const response = await this.#request(context, fields, bytes, options);
    const { status } = checked(fields.kind.replace(/-RQ$/, ""), response.command);
    return {
      status,
      sopInstanceUid: response.command.affectedSopInstanceUid,
      dataSet:
        response.dataSet === undefined
          ? undefined
          : decodeDataSet(response.dataSet, context.transferSyntaxUid),
      command: response.command,
    };
  }

  async #request(
    context: UsableContext,
    fields: Omit<Command, "hasDataSet" | "messageId">,
    dataSet: Outgoing | undefined,
    { signal }: CallOptions,
  ): Promise<Response> {
    const response = await this.#host.exchange.request(context.id, fields, dataSet, signal);
    const expected: CommandKind = responseKind(fields.kind);
    if (response.command.kind !== expected) {
      throw new LocalProtocolError(
        "protocol-violated",
        `The peer answered ${fields.kind} with ${response.command.kind}.`,
      );
    }
    return response;
  }

  /** @throws NoAcceptedContextError that says what was refused, and why */
  #context(abstractSyntaxUid: string, transferSyntaxUid?: string): UsableContext {
    const { ended } = this.#host.exchange;
    if (ended !== undefined) throw ended;
    const { contexts } = this.accepted;
    const usable = contexts.find(
      (context) =>
        context.abstractSyntaxUid === abstractSyntaxUid &&
        context.transferSyntaxUid !== undefined &&
        (transferSyntaxUid === undefined || context.transferSyntaxUid === transferSyntaxUid),
    );
    if (usable?.transferSyntaxUid !== undefined)
      return { id: usable.id, transferSyntaxUid: usable.transferSyntaxUid };
    throw new NoAcceptedContextError(
      abstractSyntaxUid,
      transferSyntaxUid,
      contexts.filter((context) => context.abstractSyntaxUid === abstractSyntaxUid),
    );
  }
}

/** Syntaxes in which the peer takes this SOP class, each once, in the order they were offered. */
export function acceptedSyntaxes(
  contexts: readonly PresentationContextNegotiated[],
  sopClassUid: string,
): readonly string[] {
  const syntaxes = contexts.flatMap((context) =>
    context.abstractSyntaxUid === sopClassUid && context.transferSyntaxUid !== undefined
      ? [context.transferSyntaxUid]
      : [],
  );
  return [...new Set(syntaxes)];
}

const affected = (sopClassUid: string, sopInstanceUid: string | undefined) => ({
  affectedSopClassUid: sopClassUid,
  ...(sopInstanceUid === undefined ? {} : { affectedSopInstanceUid: sopInstanceUid }),
});

const requested = (sopClassUid: string, sopInstanceUid: string) => ({
  requestedSopClassUid: sopClassUid,
  requestedSopInstanceUid: sopInstanceUid,
});

/** @throws DimseStatusError for a failure */
function checked<R>(operation: string, response: Command): WithStatus<R> {
  const status = statusOf(response.status ?? Status.ProcessingFailure, operation);
  if (status.category === "failure") throw new DimseStatusError(operation, status, response);
  return { ...response, status } as unknown as WithStatus<R>;
}

const hasCounters = (command: Command): boolean =>
  command.numberOfRemainingSuboperations !== undefined ||
  command.numberOfCompletedSuboperations !== undefined ||
  command.numberOfFailedSuboperations !== undefined;

const progressOf = (command: Command): RetrieveProgress => ({
  remaining: command.numberOfRemainingSuboperations,
  completed: command.numberOfCompletedSuboperations,
  failed: command.numberOfFailedSuboperations,
  warning: command.numberOfWarningSuboperations,
});

/** (0008,0005) is always a key of a query: empty where the query has no other text than ASCII. */
function encodedIdentifier(
  identifier: DataSet | DataSetInit,
  context: UsableContext,
  { asReturnKey }: { readonly asReturnKey: boolean },
): Uint8Array {
  const given = identifier instanceof DataSet ? identifier : DataSet.of(identifier);
  const keys = withCharset(given, asReturnKey ? "" : undefined);
  return encodeDataSet(keys, context.transferSyntaxUid, { sequences: "explicit-length" });
}

/** Text beyond ASCII needs a character set; a data set that names one keeps it. */
function withCharset(dataSet: DataSet, whenAscii?: string): DataSet {
  if (dataSet.has("SpecificCharacterSet")) return dataSet;
  if (!isAscii(dataSet)) return dataSet.with("SpecificCharacterSet", "ISO_IR 192");
  return whenAscii === undefined ? dataSet : dataSet.with("SpecificCharacterSet", whenAscii);
}

function isAscii(dataSet: DataSet): boolean {
  return [...dataSet].every((element) =>
    element.vr === "SQ"
      ? dataSet.items(element.tag).every(isAscii)
      : // oxlint-disable-next-line no-control-regex -- ASCII is what is asked
        dataSet.strings(element.tag).every((text) => /^[\x00-\x7f]*$/.test(text)),
  );
}
