/**
 * DIMSE messages in both directions over one association (PS3.7 9 and 10): requests of ours with their responses, and
 * requests of the peer for whoever serves them. Both roles are built on it, because either side may invoke operations:
 * the acceptor of a C-GET sends C-STORE requests, the acceptor of an N-ACTION reports with N-EVENT-REPORT.
 *
 * It keeps the asynchronous operations window (PS3.7 D.3.3.3): more operations than were agreed wait for their turn. One
 * timer per association watches that the peer goes on; no PDU and no message has a timer of its own.
 */
import { LocalProtocolError, NetworkError, RemoteProtocolError, TimeoutError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";
import type { AssociationEventDetail, ObserveOptions } from "../timeline.ts";
import type { Clock } from "../timers.ts";
import type { UpperLayerConnection } from "../upper-layer/connection.ts";
import { type Message, MessageAssembler } from "./assembler.ts";
import { FlowGate } from "./flow-gate.ts";
import type { Outgoing } from "./outgoing.ts";
import { MessageSender } from "./sender.ts";
import { Status } from "./status.ts";
import { Traffic } from "./traffic.ts";
import type { Command, CommandKind } from "./types.ts";

/** A response: its command, and its data set where it has one. */
export interface Response {
  readonly command: Command;
  readonly dataSet: Uint8Array | undefined;
}

export type RequestFields = Omit<Command, "hasDataSet" | "messageId">;

export interface ExchangeHandlers {
  /** The peer asks for something; C-CANCEL-RQ included. */
  onRequest(message: Message): void;
  /** Requests of the peer are being served: while they are, it is not the peer that is slow. */
  isServing(): boolean;
}

export interface ExchangeOptions extends ObserveOptions {
  readonly clock: Clock;
  /** Milliseconds without a sign of the peer while it owes an answer or takes no data; 0 for no limit. */
  readonly dimseMs: number;
}

export interface ResponsesOptions {
  /** Aborts the association. */
  readonly signal?: AbortSignal | undefined;
  /** When aborted, C-CANCEL-RQ is sent; the responses go on to the final one. */
  readonly cancel?: AbortSignal | undefined;
  /** Hears the request's Message ID before it is sent. */
  readonly onMessageId?: ((messageId: number) => void) | undefined;
}

interface Operation {
  onMessage(message: Message): void;
  onEnd(error: Error): void;
}

/** Responses received and not yet taken, beyond which the peer is held up. */
const maximumWaiting = 1000;

export class MessageExchange {
  readonly #connection: UpperLayerConnection;
  readonly #handlers: ExchangeHandlers;
  readonly #options: ExchangeOptions;
  readonly #assembler: MessageAssembler;
  readonly #gate: FlowGate;
  readonly #traffic: Traffic | undefined;
  readonly #operations = new Map<number, Operation>();
  #sender: MessageSender | undefined;
  #ended: Error | undefined;
  #messageId = 0;
  #window = 1;
  #underWay = 0;
  /** Of those under way, the ones whose responses the program takes one by one. */
  #streams = 0;
  #turns: (() => void)[] = [];
  #fragments = 0;
  #idlers: (() => void)[] = [];
  #lastActivity = 0;
  #watch: unknown;

  constructor(connection: UpperLayerConnection, handlers: ExchangeHandlers, options: ExchangeOptions) {
    this.#connection = connection;
    this.#handlers = handlers;
    this.#options = options;
    this.#gate = new FlowGate(connection);
    this.#assembler = new MessageAssembler((message) => this.#onMessage(message), this.#gate);
    if (options.onEvent !== undefined) {
      this.#traffic = new Traffic((event) => this.#report(event), options.clock, options.recordDataSets ?? 0);
    }
    this.#lastActivity = options.clock.now();
  }

  /**
   * The association is up.
   * @param peerMaximum the peer's maximum PDU length; 0 means no limit
   * @param invoked operations that may be under way at the peer at a time; 0 means no limit
   */
  open(peerMaximum: number, invoked: number): void {
    this.#sender = new MessageSender(this.#connection, peerMaximum);
    this.#window = invoked === 0 ? Number.POSITIVE_INFINITY : invoked;
  }

  /** Called when of a P-DATA-TF no more than its header has come: see {@link pData}. */
  onHeldBack: (() => void) | undefined;

  /** Why it is over; undefined while it is not. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** Operations that may be under way at the peer at a time. */
  get window(): number {
    return this.#window;
  }

  get lastActivity(): number {
    return this.#lastActivity;
  }

  // From the connection

  /**
   * Peers that write a PDU in two pieces and leave Nagle's algorithm on send the second when the first is acknowledged,
   * which the system puts off for 40 ms and more. Whatever is sent meanwhile carries the acknowledgement along.
   */
  pData(): void {
    if (this.onHeldBack === undefined) return;
    const before = this.#fragments;
    // By then all of what has arrived was read.
    queueMicrotask(() => {
      if (this.#fragments === before && this.#ended === undefined) this.onHeldBack?.();
    });
  }

  fragment(contextId: number, control: number, piece: Uint8Array, isEnd: boolean): void {
    this.#lastActivity = this.#options.clock.now();
    this.#fragments++;
    this.#traffic?.fragment(control, piece, isEnd);
    this.#assembler.fragment(contextId, control, piece, isEnd);
    // A peer that begins a message owes its end.
    if (this.#watch === undefined && this.#assembler.isOpen) this.#watchPeer();
  }

  /** The peer wants to release. @throws RemoteProtocolError in the middle of a message */
  releaseAsked(): void {
    this.#assembler.release();
  }

  onDrain(): void {
    this.#lastActivity = this.#options.clock.now();
    this.#sender?.onDrain();
  }

  end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#options.clock.clearTimeout(this.#watch);
    this.#assembler.end(error);
    this.#sender?.end(error);
    for (const operation of this.#operations.values()) operation.onEnd(error);
    for (const turn of this.#turns.splice(0)) turn();
    for (const idler of this.#idlers.splice(0)) idler();
  }

  // For those who invoke and serve

  /**
   * One request, one response. The signal aborts the association: the operation cannot be taken back in another way.
   * @throws NetworkError when the association ends before; the signal's reason
   */
  async request(
    contextId: number,
    fields: RequestFields,
    dataSet: Outgoing | undefined,
    signal?: AbortSignal,
  ): Promise<Response> {
    signal?.throwIfAborted();
    await this.#turn(false);
    const messageId = this.#nextId();
    const onAbort = (): void => this.#connection.abort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const response = new Promise<Message>((resolve, reject) => {
        this.#operations.set(messageId, { onMessage: resolve, onEnd: reject });
      });
      response.catch(() => undefined); // sending may fail first, with the same error
      await this.send(contextId, { ...fields, messageId, hasDataSet: dataSet !== undefined }, dataSet);
      const { command, dataSet: answer } = await response;
      return { command, dataSet: await answer?.bytes() };
    } catch (error) {
      signal?.throwIfAborted();
      // A data set that broke off half-way leaves the message unfinished: nothing but an abort can follow.
      if (this.#ended === undefined && dataSet !== undefined) this.#connection.abort();
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#finish(messageId, false);
    }
  }

  /**
   * One request, its pending responses and the final one, as they come. Leaving the loop early sends C-CANCEL-RQ and
   * reads on to the final response, so that the association can be used again.
   */
  async *responses(
    contextId: number,
    fields: RequestFields,
    identifier: Uint8Array,
    { signal, cancel, onMessageId }: ResponsesOptions,
  ): AsyncGenerator<Response> {
    signal?.throwIfAborted();
    await this.#turn(true);
    const messageId = this.#nextId();
    const inbox = new Inbox(this.#gate);
    const onAbort = (): void => this.#connection.abort();
    const sendCancel = (): void => {
      // The association may be ending; the loop below is told.
      this.cancel(contextId, messageId).catch(() => undefined);
    };
    this.#operations.set(messageId, inbox);
    onMessageId?.(messageId);
    signal?.addEventListener("abort", onAbort, { once: true });
    let isFinal = false;
    try {
      await this.send(contextId, { ...fields, messageId, hasDataSet: true }, identifier);
      if (cancel?.aborted === true) sendCancel();
      else cancel?.addEventListener("abort", sendCancel, { once: true });
      while (!isFinal) {
        const { command, dataSet } = await inbox.take();
        isFinal = !isPending(command);
        const bytes = await dataSet?.bytes();
        yield { command, dataSet: bytes };
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      cancel?.removeEventListener("abort", sendCancel);
      if (!isFinal && this.#ended === undefined) await this.#cancelAndDrain(contextId, messageId, inbox);
      inbox.close();
      this.#finish(messageId, true);
    }
  }

  /** C-CANCEL-RQ, PS3.7 9.3.2.3: has no response of its own. */
  async cancel(contextId: number, messageId: number): Promise<void> {
    await this.send(contextId, {
      kind: "C-CANCEL-RQ",
      messageIdBeingRespondedTo: messageId,
      hasDataSet: false,
    });
  }

  /** Sends any message. Resolves when its last PDU was handed to the transport. */
  async send(contextId: number, command: Command, dataSet?: Outgoing): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#sender === undefined) throw notOpen();
    this.#watchPeer();
    const report = this.#traffic?.sent(contextId, command);
    const data = dataSet === undefined ? undefined : (this.#traffic?.watched(dataSet) ?? dataSet);
    const fragments = await this.#sender.send(contextId, command, data);
    report?.(fragments);
  }

  /** Holds the peer up, for as long as more is asked than is being answered. */
  get gate(): Pick<FlowGate, "pause" | "resume"> {
    return this.#gate;
  }

  /** Resolves when no operation of ours is under way or waiting. @throws LocalProtocolError inside an open query */
  async idle(): Promise<void> {
    if (this.#streams > 0) throw busy();
    if (this.#ended !== undefined || this.#underWay === 0) return;
    await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  #onMessage(message: Message): void {
    this.#traffic?.received(message);
    const { command } = message;
    if (!command.kind.endsWith("-RSP")) return this.#handlers.onRequest(message);
    const id = command.messageIdBeingRespondedTo;
    const operation = id === undefined ? undefined : this.#operations.get(id);
    if (operation === undefined) {
      throw new RemoteProtocolError(
        `The peer sent ${command.kind} for a request that was not made.`,
        AbortReason.UnexpectedPduParameter,
      );
    }
    operation.onMessage(message);
  }

  /** Waits for a place in the window. */
  async #turn(isStream: boolean): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#sender === undefined) throw notOpen();
    if (this.#underWay >= this.#window) {
      // Open queries hold all places, and only the program can finish them: waiting would be for ever.
      if (this.#streams >= this.#window) throw busy();
      await new Promise<void>((resolve) => this.#turns.push(resolve));
      if (this.#ended !== undefined) throw this.#ended;
    } else {
      this.#underWay++;
    }
    if (isStream) this.#streams++;
    this.#lastActivity = this.#options.clock.now();
    this.#watchPeer();
  }

  #finish(messageId: number, isStream: boolean): void {
    this.#operations.delete(messageId);
    if (isStream) this.#streams--;
    const next = this.#turns.shift();
    if (next !== undefined) return next(); // the place is handed on
    this.#underWay--;
    if (this.#underWay === 0) for (const idler of this.#idlers.splice(0)) idler();
  }

  async #cancelAndDrain(contextId: number, messageId: number, inbox: Inbox): Promise<void> {
    try {
      await this.cancel(contextId, messageId);
      for (;;) {
        const { command, dataSet } = await inbox.take();
        dataSet?.discard();
        if (!isPending(command)) return;
      }
    } catch (error) {
      // The caller has left already; an association that ended tells everyone who uses it next.
      if (!(error instanceof NetworkError)) throw error;
    }
  }

  #nextId(): number {
    do this.#messageId = (this.#messageId % 0xffff) + 1;
    while (this.#operations.has(this.#messageId));
    return this.#messageId;
  }

  /** One timer, moved on lazily, while the peer owes something. */
  #watchPeer(): void {
    if (this.#watch === undefined && this.#options.dimseMs > 0) this.#armWatch(this.#options.dimseMs);
  }

  #armWatch(ms: number): void {
    const { clock, dimseMs } = this.#options;
    this.#watch = clock.setTimeout(() => {
      this.#watch = undefined;
      if (this.#ended !== undefined) return;
      if (!this.#isTheirTurn()) {
        // Nothing is owed: the next operation or message starts the watch again.
        if (this.#operations.size === 0 && !this.#assembler.isOpen) return;
        this.#lastActivity = clock.now();
      }
      const left = this.#lastActivity + dimseMs - clock.now();
      if (left > 0) this.#armWatch(left);
      else this.#connection.fail(new TimeoutError("dimse", dimseMs));
    }, ms);
  }

  /** Whether the peer has to take or send something next; not while we hold it up, or serve what it asked. */
  #isTheirTurn(): boolean {
    if (this.#sender?.isWaiting === true) return true;
    if (this.#gate.isClosed) return false;
    return this.#assembler.isOpen || (this.#operations.size > 0 && !this.#handlers.isServing());
  }

  #report(event: AssociationEventDetail): void {
    this.#options.onEvent?.({ ...event, at: this.#options.clock.now() });
  }
}

/** Responses waiting for whoever takes them one by one. */
class Inbox implements Operation {
  readonly #gate: FlowGate;
  #waiting: Message[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #holdsUp = false;

  constructor(gate: FlowGate) {
    this.#gate = gate;
  }

  onMessage(message: Message): void {
    this.#waiting.push(message);
    this.#wake?.();
    if (this.#waiting.length > maximumWaiting && !this.#holdsUp) {
      this.#holdsUp = true;
      this.#gate.pause();
    }
  }

  onEnd(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  /** What came before the end is given out first. @throws the association's end */
  async take(): Promise<Message> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        if (this.#waiting.length < maximumWaiting / 2) this.#release();
        return message;
      }
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    for (const { dataSet } of this.#waiting) dataSet?.discard();
    this.#waiting = [];
    this.#release();
  }

  #release(): void {
    if (!this.#holdsUp) return;
    this.#holdsUp = false;
    this.#gate.resume();
  }
}

const isPending = ({ status }: Command): boolean =>
  status === Status.Pending || status === Status.PendingWithWarning;

/** `C-STORE-RQ` → `C-STORE-RSP`. */
export const responseKind = (kind: CommandKind): CommandKind => kind.replace(/-RQ$/, "-RSP") as CommandKind;

function busy(): LocalProtocolError {
  return new LocalProtocolError(
    "association-busy",
    "A query is open on this association; finish it, or open another association.",
  );
}

function notOpen(): LocalProtocolError {
  return new LocalProtocolError("association-ended", "The association is not open.");
}
