/**
 * An upper layer at work: the pure machine joined to a transport and the ARTIM timer. It knows PDUs and their order, and
 * nothing of DIMSE.
 *
 * The table rules every transition. For P-DATA-TF in Sta6 the look-up is all there is: no object, promise or timer per
 * PDU.
 */
import { LocalProtocolError, NetworkError, RemoteProtocolError, TimeoutError } from "../errors.ts";
import { encodePdu } from "../pdu/encode.ts";
import { type PduHandler, PduReader } from "../pdu/reader.ts";
import {
  type AAssociateAc,
  type AAssociateRj,
  type AAssociateRq,
  AbortReason,
  type Pdu,
} from "../pdu/types.ts";
import type { AssociationEventDetail, AssociationObserver } from "../timeline.ts";
import type { Clock } from "../timers.ts";
import type { Transport } from "../transport.ts";
import type { Effect } from "./actions.ts";
import { type Decision, isPossible, transition } from "./machine.ts";
import type { Event, State } from "./names.generated.ts";
import {
  abortedError,
  closeError,
  rejectedByUsError,
  rejectedError,
  unexpectedPduError,
  versionRejection,
} from "./outcomes.ts";
import { transitions } from "./transitions.generated.ts";
import { recogniseProtocol } from "./wrong-protocol.ts";

export interface ConnectionHandlers {
  /** Acceptor: a request came; answer with accept or reject. */
  onAssociateRq?(request: AAssociateRq): void;
  /** Requestor: the request was accepted. */
  onAssociateAc?(answer: AAssociateAc): void;
  /** A P-DATA-TF begins; its fragments follow, at once or when they arrive. */
  onPData?(): void;
  onFragment(contextId: number, control: number, piece: Uint8Array, isEnd: boolean): void;
  /** The peer wants to release. */
  onReleaseRq(): void;
  /** Once, at the end: `undefined` after an orderly release, else why. */
  onEnd(error: NetworkError | undefined): void;
  onDrain(): void;
}

export interface ConnectionOptions {
  readonly role: "requestor" | "acceptor";
  /** What we tell the peer that it may send in one P-DATA-TF. */
  readonly maximumPduLength: number;
  readonly artimMs: number;
  readonly clock: Clock;
  /** Hears of PDUs, transitions and timers. */
  readonly onEvent?: AssociationObserver | undefined;
}

export class UpperLayerConnection implements PduHandler {
  readonly #transport: Transport;
  readonly #handlers: ConnectionHandlers;
  readonly #options: ConnectionOptions;
  readonly #reader: PduReader;
  #state: State = "Sta1";
  #artim: unknown;
  #ended = false;
  /** First bytes the peer sent, to name another protocol. */
  #greeting: Uint8Array = new Uint8Array(0);
  #request: AAssociateRq | undefined;
  #received: Pdu | undefined;
  #toSend: Pdu | undefined;
  /** What is wrong with the PDU or message that is being handled. */
  #remoteError: RemoteProtocolError | undefined;
  /** Why the connection ended without the peer's word. */
  #closeError: NetworkError | undefined;
  /** The peer's release was confirmed: what is left is that the connection closes. */
  #isReleased = false;
  /** The peer's request was answered with A-ASSOCIATE-RJ: likewise. */
  #rejection: AAssociateRj | undefined;
  #isPaused = false;
  /** The transport took all that was written. */
  #hasRoom = true;

  constructor(transport: Transport, handlers: ConnectionHandlers, options: ConnectionOptions) {
    this.#transport = transport;
    this.#handlers = handlers;
    this.#options = options;
    this.#reader = new PduReader(this, options.maximumPduLength);
  }

  get state(): State {
    return this.#state;
  }

  /** Whether memory that was written may be used again after the transport held up and drained. */
  get isDoneAtDrain(): boolean {
    return this.#transport.isDoneAtDrain === true;
  }

  get isEstablished(): boolean {
    return this.#state === "Sta6";
  }

  /** Acceptor: the transport is connected. */
  startAsAcceptor(): void {
    this.#handle("Evt5");
    this.#start();
  }

  /** Requestor, with a transport that is connected already: Evt1 and Evt2 follow each other. */
  startAsRequestor(request: AAssociateRq): void {
    this.#request = request;
    this.#handle("Evt1");
    this.#start();
    this.#toSend = request;
    this.#handle("Evt2");
  }

  /** The answers to the peer do nothing when the association ended while the user made up its mind. */
  accept(answer: AAssociateAc): void {
    this.#toSend = answer;
    this.#handle("Evt7");
  }

  reject(answer: AAssociateRj): void {
    this.#toSend = answer;
    this.#handle("Evt8");
  }

  /**
   * PDUs of P-DATA-TF, ready made.
   * @returns false when the caller should wait for `onDrain`
   * @throws LocalProtocolError when no association is up
   */
  sendData(pdus: readonly Uint8Array[]): boolean {
    if (this.#state !== "Sta6" && this.#state !== "Sta8") {
      throw new LocalProtocolError("association-ended", "The association is not up any more.");
    }
    this.#hasRoom = this.#transport.write(pdus);
    return this.#hasRoom;
  }

  /** Does nothing where the peer's release was answered already: what was asked is being done. */
  release(): void {
    if (this.#isReleased && isOver(this.#state)) return;
    this.#handle("Evt11");
  }

  /** Answers the peer's release request. */
  confirmRelease(): void {
    this.#handle("Evt14");
  }

  abort(): void {
    this.#giveUp(new LocalProtocolError("association-ended", "The association was aborted from this side."));
  }

  /** Gives up on the peer with an error of ours: a timeout, or a message that is none. */
  fail(error: NetworkError): void {
    this.#giveUp(error);
  }

  /** Reports a message that breaks the protocol above the PDUs: A-ABORT by the provider, as for a malformed PDU. */
  violation(error: RemoteProtocolError): void {
    this.#remoteError = error;
    if (isPossible(this.#state, "Evt19")) this.#handle("Evt19");
    this.#remoteError = undefined;
    this.#giveUp(error); // where the table has no such event: the transport delivered before it was connected
  }

  pause(): void {
    if (isOver(this.#state)) return;
    this.#isPaused = true;
    this.#transport.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport.resume();
  }

  // From the PDU reader

  onPData(): void {
    const action = transitions[this.#state].Evt10;
    // DT-2 and AR-6 hand the fragments on; everything else goes through the machine.
    if (action === "DT-2" || action === "AR-6") return this.#handlers.onPData?.();
    this.#reader.skip();
    try {
      this.#handle("Evt10");
    } catch (error) {
      this.#onHandlerError(error);
    }
  }

  onFragment(contextId: number, control: number, piece: Uint8Array, isEnd: boolean): void {
    if (this.#state !== "Sta6" && this.#state !== "Sta7") return;
    try {
      this.#handlers.onFragment(contextId, control, piece, isEnd);
    } catch (error) {
      this.#reader.skip(); // one event for the PDU, whatever else is wrong with it
      this.#onHandlerError(error);
    }
  }

  onPdu(pdu: Pdu): void {
    this.#received = pdu;
    this.#tellObserver({ kind: "pdu", direction: "received", pdu });
    try {
      this.#dispatch(pdu);
    } catch (error) {
      this.#onHandlerError(error);
    }
  }

  onInvalid(error: RemoteProtocolError): void {
    const isEarly = this.#state === "Sta2" || this.#state === "Sta5";
    this.violation((isEarly ? recogniseProtocol(this.#greeting, this.#options.role) : undefined) ?? error);
  }

  #dispatch(pdu: Pdu): void {
    switch (pdu.kind) {
      case "A-ASSOCIATE-RQ":
        return this.#handle("Evt6", {
          role: this.#options.role,
          acceptable: (pdu.protocolVersion & 1) === 1,
        });
      case "A-ASSOCIATE-AC":
        return this.#handle("Evt3");
      case "A-ASSOCIATE-RJ":
        return this.#handle("Evt4");
      case "A-RELEASE-RQ":
        return this.#handle("Evt12");
      case "A-RELEASE-RP":
        return this.#handle("Evt13");
      case "A-ABORT":
        return this.#handle("Evt16");
    }
  }

  #start(): void {
    const { description } = this.#transport;
    this.#tellObserver({ kind: "connected", ...(description === undefined ? {} : { description }) });
    this.#transport.start({
      onData: (chunk) => this.#onData(chunk),
      onDrain: () => {
        this.#hasRoom = true;
        this.#handlers.onDrain();
      },
      onClose: (error) => this.#onClose(error),
    });
  }

  #onData(chunk: Uint8Array): void {
    if (this.#greeting.byteLength < greetingLength) this.#keepGreeting(chunk);
    this.#reader.push(chunk);
  }

  /** A copy: a view would keep the whole chunk for as long as the association lives. */
  #keepGreeting(chunk: Uint8Array): void {
    const kept = this.#greeting.byteLength;
    const added = chunk.subarray(0, greetingLength - kept);
    const greeting = new Uint8Array(kept + added.byteLength);
    greeting.set(this.#greeting);
    greeting.set(added, kept);
    this.#greeting = greeting;
  }

  #onClose(error: Error | undefined): void {
    this.#closeError = closeError(error);
    if (isPossible(this.#state, "Evt17")) this.#handle("Evt17");
    this.#end(this.#outcome(this.#closeError));
  }

  /** How an association that this side has answered for the last time ended, or `otherwise`. */
  #outcome(otherwise: NetworkError): NetworkError | undefined {
    if (this.#isReleased) return undefined;
    return this.#rejection === undefined ? otherwise : rejectedByUsError(this.#rejection);
  }

  /**
   * What a handler throws ends its association and nothing else: above this there is only the transport, and in Node an
   * exception in there ends the process.
   */
  #onHandlerError(error: unknown): void {
    if (error instanceof RemoteProtocolError) return this.violation(error);
    if (error instanceof NetworkError) return this.#giveUp(error);
    this.#giveUp(
      new LocalProtocolError("association-ended", "What the peer sent could not be handled.", {
        cause: error,
      }),
    );
  }

  #giveUp(error: NetworkError): void {
    if (this.#ended) return;
    // A release that was answered, or a rejection, is what it ended with, whatever comes behind it.
    if (isOver(this.#state)) return this.#end(this.#outcome(error));
    if (isPossible(this.#state, "Evt15")) this.#handle("Evt15");
    // Nothing was asked yet, so there is nobody to send A-ABORT to: closed as when ARTIM runs out (AA-2).
    else if (this.#state === "Sta2") this.#handle("Evt18");
    this.#end(error);
  }

  #handle(event: Event, decision: Decision = { role: this.#options.role }): void {
    const from = this.#state;
    // What the transport and the peer still send, or the user still answers, when it is over is nobody's error.
    if (isOver(from) && !isPossible(from, event) && !startsSomething.has(event)) return;
    const { next, effects } = transition(from, event, decision);
    this.#state = next;
    if (this.#options.onEvent !== undefined) {
      this.#tellObserver({ kind: "transition", from, event, action: transitions[from][event], to: next });
    }
    for (const effect of effects) this.#perform(effect, event, from);
    if (isOver(next)) {
      // Nobody reads any more, and the end of the connection lies behind what is still to come.
      this.resume();
      this.#afterEnd(event, from);
    }
  }

  /** Actions that tell the user nothing, as there is no association for it yet, leave a connection to give up. */
  #afterEnd(event: Event, from: State): void {
    if (from !== "Sta2" && from !== "Sta13") return;
    const pdu = this.#received;
    if (event === "Evt16" && pdu?.kind === "A-ABORT") this.#end(this.#outcome(abortedError(pdu)));
    else if (from === "Sta2" && unexpectedInSta2.has(event))
      this.#end(this.#remoteError ?? unexpectedPduError(event, from));
  }

  #perform(effect: Effect, event: Event, from: State): void {
    switch (effect) {
      case "open-transport": // it is handed in connected
      case "send-p-data": // by sendData
      case "indicate-data": // by onFragment
        return;
      case "close-transport":
        this.#reader.stop();
        return this.#transport.close();
      case "start-artim":
        return this.#startArtim();
      case "stop-artim":
        return this.#stopArtim();
      case "send-associate-rq":
      case "send-associate-ac":
        return this.#send(this.#toSend);
      case "send-associate-rj":
        this.#rejection =
          event === "Evt8" && this.#toSend?.kind === "A-ASSOCIATE-RJ" ? this.#toSend : versionRejection;
        return this.#send(this.#rejection);
      case "send-release-rq":
        return this.#send({ kind: "A-RELEASE-RQ" });
      case "send-release-rp":
        this.#isReleased = true;
        return this.#send({ kind: "A-RELEASE-RP" });
      case "send-abort-user":
        return this.#send({ kind: "A-ABORT", source: 0, reason: 0 });
      case "send-abort-provider":
        // AA-7 answers every bad PDU; a peer that sends them without reading the answers gets no more of these.
        if (from === "Sta13" && !this.#hasRoom) return;
        return this.#send({
          kind: "A-ABORT",
          source: 2,
          reason: this.#remoteError?.abortReason ?? AbortReason.UnexpectedPdu,
        });
      default:
        return this.#tell(effect, event, from);
    }
  }

  #tell(effect: Effect, event: Event, from: State): void {
    const pdu = this.#received;
    switch (effect) {
      case "indicate-associate":
        if (pdu?.kind === "A-ASSOCIATE-RQ") this.#handlers.onAssociateRq?.(pdu);
        return;
      case "confirm-accepted":
        if (pdu?.kind === "A-ASSOCIATE-AC") this.#handlers.onAssociateAc?.(pdu);
        return;
      case "confirm-rejected":
        if (pdu?.kind === "A-ASSOCIATE-RJ") this.#end(rejectedError(pdu, this.#request));
        return;
      case "indicate-release":
        this.#handlers.onReleaseRq();
        // Release collision, requestor's side: answered at once (PS3.8 7.2.2.8).
        if (this.#state === "Sta9") this.#handle("Evt14");
        return;
      case "confirm-release":
        if (this.#state === "Sta12") this.#handle("Evt14");
        return this.#end(undefined);
      case "indicate-abort":
        if (pdu?.kind === "A-ABORT") this.#end(abortedError(pdu));
        return;
      case "indicate-provider-abort":
        return this.#end(this.#remoteError ?? this.#closeError ?? unexpectedPduError(event, from));
      default:
        return;
    }
  }

  #send(pdu: Pdu | undefined): void {
    if (pdu === undefined) return;
    this.#tellObserver({ kind: "pdu", direction: "sent", pdu });
    this.#hasRoom = this.#transport.write([encodePdu(pdu)]);
  }

  #tellObserver(event: AssociationEventDetail): void {
    this.#options.onEvent?.({ ...event, at: this.#options.clock.now() });
  }

  /** Started anew where it runs already, as AA-1 says. */
  #startArtim(): void {
    const { artimMs, clock } = this.#options;
    this.#stopArtim();
    if (artimMs === 0) return;
    this.#artim = clock.setTimeout(() => {
      this.#artim = undefined;
      if (isPossible(this.#state, "Evt18")) this.#handle("Evt18");
      this.#end(this.#outcome(new TimeoutError("artim", artimMs)));
      this.#transport.destroy();
    }, artimMs);
  }

  #stopArtim(): void {
    if (this.#artim !== undefined) this.#options.clock.clearTimeout(this.#artim);
    this.#artim = undefined;
  }

  #end(error: NetworkError | undefined): void {
    if (this.#state === "Sta1") {
      this.#stopArtim();
      this.#transport.close();
    }
    if (this.#ended) return;
    this.#ended = true;
    if (error instanceof TimeoutError)
      this.#tellObserver({ kind: "timeout", timer: error.timer, ms: error.ms });
    this.#tellObserver({ kind: "ended", ...(error === undefined ? {} : { error }) });
    this.#handlers.onEnd(error);
  }
}

/** Enough for what {@link recogniseProtocol} looks at. */
const greetingLength = 16;

/** Requests of the user's own, which it can only make while there is an association. */
const startsSomething: ReadonlySet<Event> = new Set(["Evt1", "Evt5", "Evt9", "Evt11"]);

/** PDUs that no association can begin with. */
const unexpectedInSta2: ReadonlySet<Event> = new Set(["Evt3", "Evt4", "Evt10", "Evt12", "Evt13"]);

/** Nothing more is expected of the peer than that the connection closes. */
function isOver(state: State): boolean {
  return state === "Sta1" || state === "Sta13";
}
