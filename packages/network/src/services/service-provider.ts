/**
 * Answers the peer's requests with the services a program gave: the SCP half, for either role.
 *
 * Requests are answered one after another, or as many at a time as were negotiated (PS3.7 D.3.3.3); a C-CANCEL-RQ reaches
 * the operation that it names while that is answering.
 */
import type { Message } from "../dimse/assembler.ts";
import { type MessageExchange, responseKind } from "../dimse/exchange.ts";
import type { Outgoing } from "../dimse/outgoing.ts";
import { Status } from "../dimse/status.ts";
import type { Command } from "../dimse/types.ts";
import { RemoteProtocolError } from "../errors.ts";
import type { AcceptedAssociation, PresentationContextNegotiated } from "../negotiation/types.ts";
import { AbortReason } from "../pdu/types.ts";
import type { TransportDescription } from "../transport.ts";
import { serveFind } from "./serve-find.ts";
import { serveNormalized } from "./serve-normalized.ts";
import { serveRetrieve } from "./serve-retrieve.ts";
import { serveStore } from "./serve-store.ts";
import type { ServiceUser } from "./service-user.ts";
import type { NormalizedService, RequestContext, Services, StatusAnswer } from "./types.ts";

/** A request being answered: what the services' own code works with. */
export interface Served {
  readonly message: Message;
  readonly context: PresentationContextNegotiated;
  readonly transferSyntaxUid: string;
  readonly request: RequestContext;
  /** Sends a response; its data set follows when one is given. */
  respond(answer: StatusAnswer, more?: Partial<Command>, dataSet?: Outgoing): Promise<void>;
  /** What to do, until this is answered, when the peer waits for a sign of life in the middle of a PDU. */
  whenHeldBack(work: () => void): void;
}

export interface ServiceProviderOptions {
  readonly exchange: MessageExchange;
  readonly services: () => Services;
  readonly peer: ServiceUser;
  readonly accepted: () => AcceptedAssociation;
  readonly connection: TransportDescription;
  /** A response could not be sent for another reason than the end of the association. */
  readonly onFailure: (error: unknown) => void;
}

/** Requests received and not yet begun, beyond which the peer is held up: more than any window that is agreed to. */
const maximumWaiting = 64;

export class ServiceProvider {
  readonly #options: ServiceProviderOptions;
  readonly #ended = new AbortController();
  /** Operations that a C-CANCEL-RQ may name. */
  readonly #cancellable = new Map<number, AbortController>();
  readonly #waiting: Message[] = [];
  #running = 0;
  #holdsUp = false;
  #idlers: (() => void)[] = [];

  constructor(options: ServiceProviderOptions) {
    this.#options = options;
  }

  /** Whether requests are being answered. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** Resolves when everything asked so far was answered. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  end(reason: Error): void {
    this.#ended.abort(reason);
    for (const controller of this.#cancellable.values()) controller.abort(reason);
    for (const { dataSet } of this.#waiting.splice(0)) dataSet?.discard();
  }

  /** @throws RemoteProtocolError when the request cannot be one of this association */
  handle(message: Message): void {
    const { command } = message;
    if (command.kind === "C-CANCEL-RQ") {
      const id = command.messageIdBeingRespondedTo;
      if (id !== undefined) this.#cancellable.get(id)?.abort(new Error("cancelled by the peer"));
      return;
    }
    const context = this.#contextOf(message);
    if (context?.transferSyntaxUid === undefined || command.messageId === undefined) {
      throw new RemoteProtocolError(
        "The peer used a presentation context that was not accepted.",
        AbortReason.UnexpectedPduParameter,
      );
    }
    if (isCancellable(command)) this.#cancellable.set(command.messageId, new AbortController());
    const { performed } = this.#options.accepted().asynchronousOperations;
    if (performed === 0 || this.#running < performed) return void this.#run(message);
    this.#waiting.push(message);
    if (this.#waiting.length > maximumWaiting && !this.#holdsUp) {
      this.#holdsUp = true;
      this.#options.exchange.gate.pause();
    }
  }

  #next(): Message | undefined {
    const next = this.#waiting.shift();
    if (this.#holdsUp && this.#waiting.length < maximumWaiting / 2) {
      this.#holdsUp = false;
      this.#options.exchange.gate.resume();
    }
    return next;
  }

  #contextOf({ contextId }: Message): PresentationContextNegotiated | undefined {
    return this.#options.accepted().contexts.find((one) => one.id === contextId);
  }

  async #run(message: Message): Promise<void> {
    this.#running++;
    const { messageId } = message.command;
    try {
      await this.#answer(message);
    } catch (error) {
      // For want of an association, which has its own report; anything else ends it.
      if (!this.#ended.signal.aborted) this.#options.onFailure(error);
    } finally {
      message.dataSet?.discard();
      if (messageId !== undefined) this.#cancellable.delete(messageId);
      this.#running--;
      const next = this.#next();
      if (next !== undefined) void this.#run(next);
      else if (this.#running === 0) for (const idler of this.#idlers.splice(0)) idler();
    }
  }

  async #answer(message: Message): Promise<void> {
    const { command } = message;
    const context = this.#contextOf(message);
    if (context?.transferSyntaxUid === undefined) return;
    const after: (() => Promise<void>)[] = [];
    const cancel = this.#cancellable.get(command.messageId ?? 0);
    const { peer, accepted, services, exchange } = this.#options;
    const association = accepted();
    let isWatching = false;
    const served: Served = {
      message,
      context,
      transferSyntaxUid: context.transferSyntaxUid,
      request: {
        signal: (cancel ?? this.#ended).signal,
        callingAeTitle: association.callingAeTitle,
        calledAeTitle: association.calledAeTitle,
        association,
        connection: this.#options.connection,
        peer,
        afterResponse: (work) => void after.push(work),
      },
      respond: (answer, more, dataSet) => this.#respond(message, answer, more, dataSet),
      whenHeldBack: (work) => {
        isWatching = true;
        exchange.onHeldBack = work;
      },
    };
    try {
      await dispatch(served, services());
    } finally {
      if (isWatching) exchange.onHeldBack = undefined;
    }
    for (const work of after) void work();
  }

  async #respond(
    { contextId, command }: Message,
    answer: StatusAnswer,
    more: Partial<Command> = {},
    dataSet?: Outgoing,
  ): Promise<void> {
    const { code, errorComment } =
      typeof answer === "number" ? { code: answer, errorComment: undefined } : answer;
    const { messageId, affectedSopClassUid, requestedSopClassUid } = command;
    const sopClassUid = affectedSopClassUid ?? requestedSopClassUid;
    const response: Command = {
      kind: responseKind(command.kind),
      affectedSopClassUid: sopClassUid,
      messageIdBeingRespondedTo: messageId,
      status: code,
      ...(errorComment === undefined ? {} : { errorComment }),
      ...more,
      hasDataSet: dataSet !== undefined,
    };
    await this.#options.exchange.send(contextId, response, dataSet);
  }
}

async function dispatch(served: Served, services: Services): Promise<void> {
  const { message, context } = served;
  const { command } = message;
  const offers = <T extends { readonly sopClassUid: string }>(models: readonly T[] | undefined) =>
    models?.find((one) => one.sopClassUid === context.abstractSyntaxUid);
  switch (command.kind) {
    case "C-ECHO-RQ":
      return served.respond(Status.Success);
    case "C-STORE-RQ":
      if (services.storage !== undefined) return serveStore(served, services.storage);
      break;
    case "C-FIND-RQ": {
      const model = offers(services.query?.models);
      if (model !== undefined && services.query !== undefined)
        return serveFind(served, services.query, model);
      break;
    }
    case "C-GET-RQ":
    case "C-MOVE-RQ": {
      const model = offers(services.retrieve?.models);
      if (model !== undefined && services.retrieve !== undefined)
        return serveRetrieve(served, services.retrieve, model);
      break;
    }
    default: {
      const service = normalizedService(services, context.abstractSyntaxUid, command);
      if (service !== undefined) return serveNormalized(served, service);
    }
  }
  message.dataSet?.discard();
  return served.respond(Status.UnrecognizedOperation);
}

/** Event reports go to the SCU of a SOP class, everything else to its SCP. */
function normalizedService(
  { normalized = [] }: Services,
  abstractSyntaxUid: string,
  { kind }: Command,
): NormalizedService | undefined {
  const role = kind === "N-EVENT-REPORT-RQ" ? "scu" : "scp";
  const fitting = normalized.filter(({ sopClassUids }) => sopClassUids.includes(abstractSyntaxUid));
  return fitting.find((service) => (service.role ?? "scp") === role) ?? fitting[0];
}

const isCancellable = ({ kind }: Command): boolean =>
  kind === "C-FIND-RQ" || kind === "C-GET-RQ" || kind === "C-MOVE-RQ";
