/** How associations end when the peer, the user and time do it at once, in pieces, or not at all (PS3.8 9.2). */
import { describe, expect, it } from "vitest";
import { NetworkError, RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";
import { artimMs, ConnectionRig, inState, rejectionPdu, type Role } from "../test/connection-rig.ts";
import { abort, associateAc, bytes, pData, pdu, pdv, releaseRp, releaseRq } from "../test/pdu-bytes.ts";
import { hex } from "../test/scripted-peer.ts";

const roles: readonly Role[] = ["requestor", "acceptor"];
const data = pData(pdv(1, 2, bytes([1, 2, 3, 4])));
/** A PDV that says it is longer than its PDU (PS3.8 9.3.5.1). */
const badItem = pdu(4, bytes([0, 0, 0, 99, 1, 2], [1, 2, 3, 4]));
const unknown = pdu(0x09, bytes([1, 2, 3]));

describe.each(roles)("the %s", (role) => {
  it.each([
    ["an item too long", badItem, 6],
    ["an unknown PDU", unknown, 1],
    ["an association PDU out of turn", associateAc, 2],
  ])("answers %s once, and understands what follows it in the chunk", (_what, bad, reason) => {
    const rig = new ConnectionRig(role).open();
    rig.forget();
    rig.peer.send(data, bad, data, data, abort(0, 0), data);
    expect(rig.peer.takeReceived()).toEqual([hex(abort(2, reason))]);
    expect(rig.told).toEqual(["data 1/2 01020304", "end: protocol-violated"]);
    expect(rig.abortReason).toBe(reason);
    expect(rig.connection.state).toBe("Sta1"); // by the peer's A-ABORT, AA-2
    expect(rig.clock.running).toEqual([]);
  });

  it("answers a bad PDU once, wherever it is split, and however long the peer goes on", () => {
    const all = Buffer.concat([data, badItem, data, data]);
    for (let at = 1; at < all.length; at++) {
      const rig = new ConnectionRig(role).open();
      rig.forget();
      rig.peer.send(all.subarray(0, at));
      rig.peer.send(all.subarray(at));
      expect(rig.peer.takeReceived(), `split at ${at}`).toEqual([hex(abort(2, 6))]);
      expect(rig.told).toContain("end: protocol-violated");
      expect(rig.connection.state).toBe("Sta13");
    }
  });

  it("goes on reading at the right byte when the user aborts inside a PDU", () => {
    for (let at = 1; at < data.length; at++) {
      const rig = new ConnectionRig(role).open();
      rig.forget();
      rig.peer.send(data.subarray(0, at));
      rig.connection.abort();
      rig.peer.send(data.subarray(at), data, abort(2, 0));
      expect(rig.peer.takeReceived(), `split at ${at}`).toEqual([hex(abort(0, 0))]);
      expect(rig.told.filter((one) => one.startsWith("data"))).toEqual([]);
      expect(rig.connection.state).toBe("Sta1");
    }
  });

  it("hands no data on after the user aborted inside the indication of some", () => {
    const rig = new ConnectionRig(role).open();
    rig.onFragment = () => rig.connection.abort();
    rig.forget();
    rig.peer.send(pData(pdv(1, 0, bytes([1])), pdv(1, 2, bytes([2]))), data);
    expect(rig.told).toEqual(["data 1/0 01", "end: association-ended"]);
    expect(rig.peer.takeReceived()).toEqual([hex(abort(0, 0))]);
  });

  it("gives the reason that the layer above names, and drops the rest of the PDU", () => {
    const rig = new ConnectionRig(role).open();
    rig.onFragment = () => {
      throw new RemoteProtocolError("nonsense", AbortReason.UnexpectedPduParameter);
    };
    rig.forget();
    rig.peer.send(
      // The second item is malformed as well: still one event, for one PDU.
      pdu(4, bytes(pdv(1, 0, bytes([1])), [0, 0, 0, 99, 1, 2])),
      data,
    );
    expect(rig.peer.takeReceived()).toEqual([hex(abort(2, 5))]);
    expect(rig.told).toEqual(["data 1/0 01", "end: protocol-violated"]);
    expect(rig.connection.state).toBe("Sta13");
  });

  it("ends one association, not the program, when a handler throws", () => {
    for (const thrown of [new Error("a bug"), new NetworkError("association-busy", "no room")]) {
      const rig = new ConnectionRig(role).open();
      rig.onFragment = () => {
        throw thrown;
      };
      rig.forget();
      rig.peer.send(data, data);
      expect(rig.peer.takeReceived()).toEqual([hex(abort(0, 0))]);
      expect(rig.told).toEqual([
        "data 1/2 01020304",
        thrown instanceof NetworkError ? "end: association-busy" : "end: association-ended",
      ]);
      expect(rig.error === thrown || (rig.error as Error).cause === thrown).toBe(true);
    }
  });

  it("closes by itself when the peer never does after an abort", () => {
    const rig = new ConnectionRig(role).open();
    rig.connection.abort();
    rig.forget();
    rig.clock.advance(artimMs - 1);
    rig.peer.send(data, data);
    expect(rig.connection.state).toBe("Sta13");
    expect(rig.peer.calls).toEqual([]);
    rig.clock.advance(1);
    expect(rig.connection.state).toBe("Sta1");
    expect(rig.peer.calls).toContain("destroy");
    expect(rig.told).toEqual([]); // the user knows already
    expect(rig.clock.running).toEqual([]);
  });

  it("counts a confirmed release as one, even if the peer never closes", () => {
    const rig = new ConnectionRig(role).open();
    rig.peer.send(releaseRq);
    rig.connection.confirmRelease();
    rig.forget();
    rig.clock.advance(artimMs);
    expect(rig.told).toEqual(["end: released"]);
    expect(rig.peer.calls).toContain("destroy");
  });

  it("has released when the peer did, whatever comes behind it", () => {
    for (const act of [
      (rig: ConnectionRig) => rig.peer.send(unknown),
      (rig: ConnectionRig) => rig.connection.abort(),
      (rig: ConnectionRig) => rig.peer.send(abort(0, 0)),
      (rig: ConnectionRig) => rig.peer.close(new Error("ECONNRESET")),
    ]) {
      const rig = new ConnectionRig(role).open();
      rig.peer.send(releaseRq);
      rig.connection.confirmRelease();
      rig.forget();
      act(rig);
      expect(rig.told).toEqual(["end: released"]);
    }
  });

  it("has released when both sides do, one after the other", () => {
    const rig = new ConnectionRig(role).open();
    rig.peer.send(releaseRq);
    rig.connection.confirmRelease();
    rig.forget();
    rig.connection.release(); // too late, and not a mistake
    expect(rig.peer.takeReceived()).toEqual([]);
    expect(rig.connection.state).toBe("Sta13");
    rig.peer.close();
    expect(rig.told).toEqual(["end: released"]);
  });

  it("sends a peer that does not read no A-ABORT after A-ABORT", () => {
    const rig = new ConnectionRig(role).open();
    rig.peer.isReading = false;
    rig.forget();
    for (let index = 0; index < 1000; index++) rig.peer.send(unknown);
    expect(rig.peer.takeReceived()).toEqual([hex(abort(2, 1))]);
    rig.peer.drain();
    rig.peer.send(unknown);
    expect(rig.peer.takeReceived()).toEqual([hex(abort(2, 1))]); // AA-7 again
  });

  it("reads again after its end what it had stopped reading: the peer's close lies behind it", () => {
    const rig = new ConnectionRig(role).open();
    rig.forget();
    rig.connection.pause();
    rig.connection.abort();
    rig.connection.pause(); // too late to matter
    rig.connection.resume();
    expect(rig.peer.calls).toEqual(["pause", "resume"]);
  });

  it("hears of nothing twice when peer and user end it at the same time", () => {
    const rig = new ConnectionRig(role).open();
    rig.forget();
    rig.connection.abort();
    rig.peer.send(abort(0, 0));
    rig.peer.close();
    rig.connection.abort();
    rig.clock.advance(10 * artimMs);
    expect(rig.told).toEqual(["end: association-ended"]);
    expect(rig.peer.takeReceived()).toEqual([hex(abort(0, 0))]);
  });
});

describe("a release collision, PS3.8 9.2.3", () => {
  it("is answered at once by the requestor, which then waits for its own answer", () => {
    const rig = new ConnectionRig("requestor").open();
    rig.forget();
    rig.connection.release();
    rig.peer.send(releaseRq);
    expect(rig.peer.takeReceived()).toEqual([hex(releaseRq), hex(releaseRp)]);
    expect(rig.connection.state).toBe("Sta11");
    rig.peer.send(releaseRp);
    expect(rig.steps).toEqual([
      "Sta6 Evt11 AR-1 Sta7",
      "Sta7 Evt12 AR-8 Sta9",
      "Sta9 Evt14 AR-9 Sta11",
      "Sta11 Evt13 AR-3 Sta1",
    ]);
    expect(rig.told).toEqual(["release", "end: released"]);
    expect(rig.isClosed).toBe(true);
  });

  it("is answered by the acceptor when it has its own answer", () => {
    const rig = new ConnectionRig("acceptor").open();
    rig.forget();
    rig.connection.release();
    rig.peer.send(releaseRq);
    expect(rig.peer.takeReceived()).toEqual([hex(releaseRq)]);
    rig.peer.send(releaseRp);
    expect(rig.peer.takeReceived()).toEqual([hex(releaseRp)]);
    expect(rig.steps).toEqual([
      "Sta6 Evt11 AR-1 Sta7",
      "Sta7 Evt12 AR-8 Sta10",
      "Sta10 Evt13 AR-10 Sta12",
      "Sta12 Evt14 AR-4 Sta13",
    ]);
    expect(rig.told).toEqual(["release", "end: released"]);
    expect(rig.clock.running).toEqual([artimMs]);
    rig.peer.close();
    expect(rig.connection.state).toBe("Sta1");
    expect(rig.clock.running).toEqual([]);
  });

  it("that is aborted half-way is no release, though our answer is out", () => {
    inState("Sta11", "requestor", (rig) => {
      rig.connection.abort();
      rig.peer.close();
      expect(rig.told).toEqual(["end: association-ended"]);
    });
  });

  it("that the peer breaks off is an error for both", () => {
    for (const state of ["Sta10", "Sta11"] as const) {
      inState(state, state === "Sta10" ? "acceptor" : "requestor", (rig) => {
        rig.peer.close();
        expect(rig.told).toEqual(["end: connection-closed"]);
        expect(rig.connection.state).toBe("Sta1");
      });
    }
  });
});

describe("a rejection by us", () => {
  it.each([
    ["closing", (rig: ConnectionRig) => rig.peer.close()],
    ["A-ABORT", (rig: ConnectionRig) => rig.peer.send(abort(0, 0))],
    ["nothing at all", (rig: ConnectionRig) => rig.clock.advance(artimMs)],
  ])("is what the association ended with when the peer answers it with %s", (_what, act) => {
    inState("Sta3", "acceptor", (rig) => {
      rig.connection.reject(rejectionPdu);
      act(rig);
      expect(rig.told).toEqual(["end: association-rejected"]);
      expect((rig.error as Error).message).toContain("called-AE-title-not-recognized");
      expect(rig.isClosed || rig.connection.state === "Sta1").toBe(true);
      expect(rig.clock.running).toEqual([]);
    });
  });
});

describe("a peer of another protocol", () => {
  const request = Buffer.from("GET / HTTP/1.1\r\nHost: pacs.example\r\n\r\n");
  const response = Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n");
  const tlsAlert = Uint8Array.of(0x15, 0x03, 0x03, 0, 2, 2, 10);

  it.each([
    ["a browser", "Sta2", request, "HTTP"],
    ["a web server", "Sta5", response, "HTTP"],
    ["a TLS port", "Sta5", tlsAlert, "TLS"],
    ["an SSH server", "Sta5", Buffer.from("SSH-2.0-OpenSSH_9.6\r\n"), "SSH"],
    ["an HL7 sender", "Sta2", Buffer.from("\u000bMSH|^~\\&|LAB\r\u001c\r"), "HL7"],
  ] as const)(
    "%s is named, whole or byte by byte, and answered with one A-ABORT",
    (_who, state, greeting, name) => {
      for (const step of [greeting.length, 1]) {
        inState(state, state === "Sta2" ? "acceptor" : "requestor", (rig) => {
          for (let at = 0; at < greeting.length; at += step) rig.peer.send(greeting.subarray(at, at + step));
          expect(rig.told).toEqual(["end: wrong-protocol"]);
          expect((rig.error as Error).message).toContain(name);
          // AA-1 in Sta2, by the table; AA-8 in Sta5.
          expect(rig.peer.takeReceived()).toEqual([hex(state === "Sta2" ? abort(0, 0) : abort(2, 1))]);
        });
      }
    },
  );

  it("is not suspected once an association is up", () => {
    const rig = new ConnectionRig("acceptor").open();
    rig.peer.send(request);
    expect(rig.told).toEqual(["associate", "end: protocol-violated"]);
  });
});
