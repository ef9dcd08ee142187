/**
 * An `UpperLayerConnection` between a scripted peer and a user whose every indication is written down, with ways into
 * each state of PS3.8 9.2.1.
 */
import type { RemoteProtocolError } from "../errors.ts";
import { decodePdu } from "../pdu/decode.ts";
import type { AAssociateAc, AAssociateRj, AAssociateRq, Pdu } from "../pdu/types.ts";
import { UpperLayerConnection } from "../upper-layer/connection.ts";
import type { State } from "../upper-layer/names.generated.ts";
import { FakeClock } from "./fake-clock.ts";
import { abort, associateAc, associateRj, associateRq, releaseRp, releaseRq } from "./pdu-bytes.ts";
import { hex, ScriptedPeer } from "./scripted-peer.ts";

export type Role = "requestor" | "acceptor";
export const artimMs = 1000;
/** How long ARTIM ran already where a test begins: what starts it anew can be told from what leaves it alone. */
export const elapsedMs = 10;

const decoded = (bytes: Uint8Array): Pdu => decodePdu(bytes[0] ?? 0, bytes.subarray(6));
export const requestPdu = decoded(associateRq) as AAssociateRq;
export const acceptancePdu = decoded(associateAc) as AAssociateAc;
export const rejectionPdu = decoded(associateRj) as AAssociateRj;

export class ConnectionRig {
  readonly peer = new ScriptedPeer();
  readonly clock = new FakeClock();
  readonly connection: UpperLayerConnection;
  /** Indications and confirmations to the user, in order. */
  readonly told: string[] = [];
  /** Actions of the machine, P-DATA apart, as `Sta6 Evt11 AR-1 Sta7`. */
  readonly steps: string[] = [];
  error: unknown;
  #fragment = "";
  /** In the middle of things: called when the user hears of a release, and when a state is entered. */
  onRelease: () => void = () => undefined;
  onState: (state: State) => unknown = () => undefined;
  onFragment: () => void = () => undefined;

  readonly role: Role;

  constructor(role: Role, maximumPduLength = 16_384) {
    this.role = role;
    this.connection = new UpperLayerConnection(
      this.peer.transport,
      {
        onAssociateRq: () => void this.told.push("associate"),
        onAssociateAc: () => void this.told.push("accepted"),
        onFragment: (id, control, piece, isEnd) => {
          this.#fragment += hex(piece);
          if (isEnd) this.told.push(`data ${id}/${control} ${this.#fragment}`);
          if (isEnd) this.#fragment = "";
          this.onFragment();
        },
        onReleaseRq: () => {
          this.told.push("release");
          this.onRelease();
        },
        onEnd: (error) => {
          this.error = error;
          this.told.push(`end: ${error?.code ?? "released"}`);
        },
        onDrain: () => void this.told.push("drain"),
      },
      {
        role,
        maximumPduLength,
        artimMs,
        clock: this.clock,
        onEvent: (event) => {
          if (event.kind !== "transition") return;
          this.steps.push(`${event.from} ${event.event} ${event.action} ${event.to}`);
          this.onState(event.to);
        },
      },
    );
  }

  get abortReason(): number | undefined {
    return (this.error as RemoteProtocolError | undefined)?.abortReason;
  }

  get isClosed(): boolean {
    return this.peer.calls.includes("close") || this.peer.calls.includes("destroy");
  }

  /** Forgets what happened on the way. */
  forget(): void {
    this.peer.takeReceived();
    this.peer.calls.length = 0;
    this.told.length = 0;
    this.steps.length = 0;
  }

  /** Up to Sta6. */
  open(): this {
    if (this.role === "acceptor") {
      this.connection.startAsAcceptor();
      this.peer.send(associateRq);
      this.connection.accept(acceptancePdu);
    } else {
      this.connection.startAsRequestor(requestPdu);
      this.peer.send(associateAc);
    }
    return this;
  }
}

/** Who can be in each state. */
export const rolesOf: Readonly<Record<State, readonly Role[]>> = {
  Sta1: ["requestor", "acceptor"],
  Sta2: ["acceptor"],
  Sta3: ["acceptor"],
  Sta4: ["requestor"],
  Sta5: ["requestor"],
  Sta6: ["requestor", "acceptor"],
  Sta7: ["requestor", "acceptor"],
  Sta8: ["requestor", "acceptor"],
  Sta9: ["requestor"],
  Sta10: ["acceptor"],
  Sta11: ["requestor"],
  Sta12: ["acceptor"],
  Sta13: ["requestor", "acceptor"],
};

/**
 * Brings a connection into a state and lets `act` do something there. Sta4, Sta9 and Sta12 last no longer than a call:
 * `act` steps in between.
 */
export function inState(state: State, role: Role, act: (rig: ConnectionRig) => void): void {
  const rig = new ConnectionRig(role);
  const { connection, peer } = rig;
  let hasActed = false;
  const actHere = (): void => {
    if (hasActed) return;
    hasActed = true;
    if (connection.state !== state) throw new Error(`in ${connection.state} instead of ${state}`);
    rig.clock.advance(elapsedMs);
    rig.forget();
    act(rig);
  };
  switch (state) {
    case "Sta1": // after an association
      rig.open();
      peer.send(abort(0, 0));
      break;
    case "Sta2":
      connection.startAsAcceptor();
      break;
    case "Sta3":
      connection.startAsAcceptor();
      peer.send(associateRq);
      break;
    case "Sta4":
      peer.onStart = actHere;
      connection.startAsRequestor(requestPdu);
      break;
    case "Sta5":
      connection.startAsRequestor(requestPdu);
      break;
    case "Sta6":
      rig.open();
      break;
    case "Sta7":
      rig.open();
      connection.release();
      break;
    case "Sta8":
      rig.open();
      peer.send(releaseRq);
      break;
    case "Sta9":
      rig.onRelease = actHere;
      rig.open();
      connection.release();
      peer.send(releaseRq);
      break;
    case "Sta10":
      rig.open();
      connection.release();
      peer.send(releaseRq);
      break;
    case "Sta11":
      rig.open();
      connection.release();
      peer.send(releaseRq);
      break;
    case "Sta12":
      rig.onState = (entered) => entered === "Sta12" && actHere();
      rig.open();
      connection.release();
      peer.send(releaseRq);
      peer.send(releaseRp);
      break;
    case "Sta13":
      rig.open();
      connection.abort();
      break;
  }
  actHere();
}
