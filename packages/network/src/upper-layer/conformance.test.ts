/**
 * A connection at work against PS3.8 Table 9-10: a scripted peer and user raise every event in every state, and what
 * comes of it (bytes, indications, ARTIM, the transport, the next state) is what the standard's table and its actions
 * (Tables 9-6 to 9-9) say. The table is read from the standard's text, not from the library.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LocalProtocolError } from "../errors.ts";
import {
  acceptancePdu,
  artimMs,
  type ConnectionRig,
  elapsedMs,
  inState,
  rejectionPdu,
  requestPdu,
  rolesOf,
} from "../test/connection-rig.ts";
import {
  abort,
  associate,
  associateAc,
  associateRj,
  associateRq,
  bytes,
  pData,
  pdu,
  pdv,
  releaseRp,
  releaseRq,
} from "../test/pdu-bytes.ts";
import { hex } from "../test/scripted-peer.ts";
import { type Event, eventDescriptions, type State } from "./names.generated.ts";

const cells = readFileSync(new URL("../../../dicom/standard/ul-state-machine.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t") as [State, Event, string, string]);

const data = pData(pdv(1, 3, bytes([0xaa, 0xbb])));

/** What raises an event. Where there are several ways, each is a case of its own. */
const stimuli: Readonly<Record<Event, Readonly<Record<string, (rig: ConnectionRig) => void>>>> = {
  Evt1: { "A-ASSOCIATE request": ({ connection }) => connection.startAsRequestor(requestPdu) },
  Evt2: {}, // with Evt1: the transport is handed in connected
  Evt3: { "A-ASSOCIATE-AC": ({ peer }) => peer.send(associateAc) },
  Evt4: { "A-ASSOCIATE-RJ": ({ peer }) => peer.send(associateRj) },
  Evt5: { "an incoming connection": ({ connection }) => connection.startAsAcceptor() },
  Evt6: { "A-ASSOCIATE-RQ": ({ peer }) => peer.send(associateRq) },
  Evt7: { "the user's acceptance": ({ connection }) => connection.accept(acceptancePdu) },
  Evt8: { "the user's rejection": ({ connection }) => connection.reject(rejectionPdu) },
  Evt9: { "the user's P-DATA": ({ connection }) => connection.sendData([data]) },
  Evt10: {
    "P-DATA-TF": ({ peer }) => peer.send(data),
    "P-DATA-TF in chunks of a byte": ({ peer }) => data.forEach((byte) => peer.send(Uint8Array.of(byte))),
  },
  Evt11: { "the user's release": ({ connection }) => connection.release() },
  Evt12: { "A-RELEASE-RQ": ({ peer }) => peer.send(releaseRq) },
  Evt13: { "A-RELEASE-RP": ({ peer }) => peer.send(releaseRp) },
  Evt14: { "the user's answer to a release": ({ connection }) => connection.confirmRelease() },
  Evt15: { "the user's abort": ({ connection }) => connection.abort() },
  Evt16: {
    "A-ABORT": ({ peer }) => peer.send(abort(0, 0)),
    "A-ABORT by the provider": ({ peer }) => peer.send(abort(2, 1)),
  },
  Evt17: {
    "a closed connection": ({ peer }) => peer.close(),
    "a broken connection": ({ peer }) => peer.close(new Error("ECONNRESET")),
  },
  Evt18: { "ARTIM's end": ({ clock }) => clock.advance(artimMs) },
  Evt19: {
    "a PDU of unknown type": ({ peer }) => peer.send(pdu(0x08, bytes([1, 2, 3, 4]))),
    "a malformed A-ASSOCIATE-RQ": ({ peer }) => peer.send(pdu(1, bytes([0, 1]))),
    "a malformed A-ASSOCIATE-AC": ({ peer }) => peer.send(pdu(2, bytes([0, 1]))),
    "a malformed A-ASSOCIATE-RJ": ({ peer }) => peer.send(pdu(3, bytes([0, 1]))),
    "a P-DATA-TF too short for an item": ({ peer }) => peer.send(pdu(4, bytes([0, 0, 0, 2, 1]))),
    "a P-DATA-TF longer than was agreed": ({ peer }) => peer.send(pdu(4, new Uint8Array(16_385))),
    "an A-RELEASE-RQ without its bytes": ({ peer }) => peer.send(pdu(5, bytes([]))),
    "a malformed A-RELEASE-RP": ({ peer }) => peer.send(pdu(6, bytes([0]))),
    "a malformed A-ABORT": ({ peer }) => peer.send(pdu(7, bytes([0, 0, 2]))),
    "an A-ABORT of a gigabyte": ({ peer }) => peer.send(pdu(7, bytes([]), 0x40000000)),
  },
};

interface Outcome {
  readonly sent: readonly Uint8Array[];
  readonly told: readonly string[];
  /** Milliseconds that ARTIM still runs; none when it is stopped. */
  readonly artim?: number;
  readonly isClosed?: boolean;
}

/** What the user hears at the end of an association, apart from what the action tells it. */
const ends: Readonly<Partial<Record<Event, string>>> = {
  Evt15: "end: association-ended",
  Evt16: "end: association-aborted",
  Evt18: "end: artim-timeout",
};

/** Tables 9-6 to 9-9 in terms of what can be seen. */
function outcomeOf(action: string, event: Event, stimulus: string): Outcome {
  const reason = event !== "Evt19" ? 2 : stimulus.includes("unknown type") ? 1 : 6;
  const pAbort = abort(2, reason);
  const closing = stimulus.startsWith("a broken") ? "end: connection-failed" : "end: connection-closed";
  const outcomes: Readonly<Record<string, Outcome>> = {
    "AE-3": { sent: [], told: ["accepted"] },
    "AE-4": { sent: [], told: ["end: association-rejected"], isClosed: true },
    "AE-6": { sent: [], told: ["associate"] },
    "AE-7": { sent: [associateAc], told: [] },
    "AE-8": { sent: [associateRj], told: [], artim: artimMs },
    "DT-1": { sent: [data], told: [] },
    "DT-2": { sent: [], told: ["data 1/3 aabb"] },
    "AR-1": { sent: [releaseRq], told: [] },
    "AR-2": { sent: [], told: ["release"] },
    "AR-3": { sent: [], told: ["end: released"], isClosed: true },
    "AR-4": { sent: [releaseRp], told: [], artim: artimMs },
    "AR-5": { sent: [], told: [], isClosed: true },
    "AR-6": { sent: [], told: ["data 1/3 aabb"] },
    "AR-7": { sent: [data], told: [] },
    "AR-8": { sent: [], told: ["release"] },
    "AR-9": { sent: [releaseRp], told: [] },
    "AR-10": { sent: [], told: ["end: released"] },
    "AA-1": {
      sent: [abort(0, 0)],
      // The table has no indication here, as Sta2 has no association; ours says once why it is over.
      told: [ends[event] ?? "end: protocol-violated"],
      artim: artimMs,
    },
    "AA-2": { sent: [], told: [ends[event] ?? "?"], isClosed: true },
    "AA-3": { sent: [], told: ["end: association-aborted"], isClosed: true },
    "AA-4": { sent: [], told: [closing], isClosed: true },
    "AA-5": { sent: [], told: [closing], isClosed: true },
    "AA-6": { sent: [], told: [], artim: artimMs - elapsedMs },
    "AA-7": { sent: [pAbort], told: [], artim: artimMs - elapsedMs },
    "AA-8": { sent: [pAbort], told: ["end: protocol-violated"], artim: artimMs },
  };
  const outcome = outcomes[action];
  if (outcome === undefined) throw new Error(`no outcome of ${action}`);
  return outcome;
}

const allowed = cells
  .filter(([, event, action]) => action !== "-" && event !== "Evt1" && event !== "Evt2" && event !== "Evt5")
  .flatMap(([state, event, action, next]) =>
    rolesOf[state].flatMap((role) =>
      Object.entries(stimuli[event]).map(
        ([name, act]) => [state, name, action, role, event, act, next] as const,
      ),
    ),
  );
const empty = cells
  .filter(([, , action]) => action === "-")
  .flatMap(([state, event]) =>
    rolesOf[state].flatMap((role) =>
      Object.entries(stimuli[event]).map(([name, act]) => [state, name, role, event, act] as const),
    ),
  );

describe("a connection", () => {
  it.each(allowed)("%s + %s → %s (%s)", (state, stimulus, action, role, event, act, next) => {
    const outcome = outcomeOf(action, event, stimulus);
    const states = next.split("|");
    const nextState =
      states.length === 1 || role === "requestor" || action === "AE-6" ? states[0] : states[1];
    let seen = 0;
    inState(state, role, (rig) => {
      act(rig);
      seen++;
      // Our side answers a release collision at once, as its user: the next step is part of what is seen.
      const answer = { Sta9: ["AR-9", "Sta11"], Sta12: ["AR-4", "Sta13"] }[nextState ?? ""];
      const then = answer === undefined ? undefined : outcomeOf(answer[0] ?? "", "Evt14", "");
      expect(rig.peer.takeReceived()).toEqual(
        [...outcome.sent, ...(then?.sent ?? [])].map((one) => hex(one)),
      );
      // In Sta13 of an association that was aborted the user knows already.
      expect(rig.told).toEqual(state === "Sta13" ? [] : outcome.told);
      expect(rig.connection.state).toBe(answer?.[1] ?? nextState);
      const artim = outcome.artim ?? then?.artim;
      expect(rig.clock.running).toEqual(artim === undefined ? [] : [artim]);
      expect(rig.isClosed).toBe(outcome.isClosed ?? false);
      if (!/^(DT|AR-[67])/.test(action))
        expect(rig.steps[0]).toBe(`${state} ${event} ${action} ${nextState}`);
    });
    expect(seen).toBe(1);
  });

  it("does AE-1 and AE-2 with a transport that is connected already, and AE-5 for an incoming one", () => {
    inState("Sta5", "requestor", ({ connection, peer }) => {
      expect(connection.state).toBe("Sta5");
      expect(peer.calls).toEqual([]);
    });
    inState("Sta4", "requestor", (rig) => {
      rig.onState = (entered) => {
        expect(entered).toBe("Sta5");
        expect(rig.peer.takeReceived()).toEqual([]); // the state is entered, then the request goes out
      };
    });
    inState("Sta2", "acceptor", ({ clock, told }) => {
      expect(clock.running).toEqual([artimMs - elapsedMs]);
      expect(told).toEqual([]);
    });
  });

  const isOver = (state: State): boolean => state === "Sta1" || state === "Sta13";
  const ofTheUser = new Set<Event>(["Evt1", "Evt5", "Evt7", "Evt8", "Evt9", "Evt11", "Evt14"]);
  const answers = new Set<Event>(["Evt7", "Evt8", "Evt14"]);
  const refused = empty.filter(([state, , , event]) =>
    ofTheUser.has(event) ? !(isOver(state) && answers.has(event)) : false,
  );
  it.each(refused.filter(([state, , , event]) => state !== "Sta1" || (event !== "Evt1" && event !== "Evt5")))(
    "%s + %s is refused as a mistake of the user, and changes nothing (%s)",
    (state, _stimulus, role, _event, act) => {
      inState(state, role, (rig) => {
        const timers = rig.clock.running;
        expect(() => act(rig)).toThrow(LocalProtocolError);
        expect(rig.connection.state).toBe(state);
        expect(rig.peer.takeReceived()).toEqual([]);
        expect(rig.told).toEqual([]);
        expect(rig.clock.running).toEqual(timers);
        expect(rig.isClosed).toBe(false);
      });
    },
  );

  const ignored = empty.filter(
    ([state, , , event]) =>
      event !== "Evt15" &&
      state !== "Sta4" &&
      (ofTheUser.has(event) ? isOver(state) && answers.has(event) : true),
  );
  it.each(ignored)("%s + %s does nothing (%s)", (state, _stimulus, role, event, act) => {
    inState(state, role, (rig) => {
      const timers = rig.clock.running;
      act(rig);
      expect(rig.connection.state).toBe(state);
      expect(rig.peer.takeReceived()).toEqual([]);
      expect(rig.told).toEqual([]);
      expect(rig.clock.running).toEqual(timers);
      expect(rig.steps, eventDescriptions[event]).toEqual([]);
    });
  });

  const early = empty
    .filter(([state, , , event]) => state === "Sta4" && !ofTheUser.has(event) && event !== "Evt18")
    .map(([, stimulus, , , act]) => [stimulus, act] as const);
  it.each(early)("Sta4 + %s, which cannot be before the connection is there, ends it unsaid", (_, act) => {
    inState("Sta4", "requestor", (rig) => {
      act(rig);
      expect(rig.connection.state).toBe("Sta1");
      expect(rig.peer.takeReceived()).toEqual([]);
      expect(rig.told).toHaveLength(1);
      expect(rig.isClosed).toBe(true);
    });
  });

  it.each(["Sta1", "Sta13"] as const)("%s + the user's abort says and changes nothing", (state) => {
    inState(state, "acceptor", (rig) => {
      rig.connection.abort();
      expect(rig.connection.state).toBe(state);
      expect(rig.peer.takeReceived()).toEqual([]);
      expect(rig.told).toEqual([]);
    });
  });

  it("Sta2 + the user's abort closes: no request came that could be answered", () => {
    inState("Sta2", "acceptor", (rig) => {
      rig.connection.abort();
      expect(rig.connection.state).toBe("Sta1");
      expect(rig.peer.takeReceived()).toEqual([]);
      expect(rig.told).toEqual(["end: association-ended"]);
      expect(rig.clock.running).toEqual([]);
      expect(rig.isClosed).toBe(true);
      rig.peer.send(associateRq);
      expect(rig.told).toEqual(["end: association-ended"]);
    });
  });

  it("Sta2 + a request of another protocol version → AE-6 with A-ASSOCIATE-RJ and ARTIM", () => {
    inState("Sta2", "acceptor", (rig) => {
      rig.peer.send(associate(1, [], { protocolVersion: 2 }));
      expect(rig.steps).toEqual(["Sta2 Evt6 AE-6 Sta13"]);
      // PS3.8 Table 9-21: permanent, provider (ACSE), protocol version not supported.
      expect(rig.peer.takeReceived()).toEqual(["03000000000400010202"]);
      expect(rig.told).toEqual([]);
      expect(rig.clock.running).toEqual([artimMs]);
      rig.peer.close();
      expect(rig.told).toEqual(["end: association-rejected"]);
      expect(rig.clock.running).toEqual([]);
    });
  });
});
