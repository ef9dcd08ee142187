/**
 * The listening server against peers that break the rules, over TCP: cut PDUs and messages, wrong lengths, unknown and
 * mixed-up contexts, disconnects at every byte, a byte at a time, connections that say nothing. Each gets the abort reason
 * of PS3.8 Table 9-26; after each the server answers a fresh association, and no socket is left.
 */
import { connect, type Socket } from "node:net";
import { connectTcp, listenTcp, type TcpServer } from "@isocenter/network/node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../packages/network/src/test/fake-clock.ts";
import {
  abort,
  applicationContext,
  associate,
  associateAc,
  associateRj,
  bytes,
  commandElement,
  commandSet,
  contextRq,
  echoRq,
  explicitLittleEndian,
  implicitLittleEndian,
  pData,
  pdu,
  pdv,
  plainUser,
  releaseRp,
  releaseRq,
  storeRq,
  verification,
} from "../packages/network/src/test/pdu-bytes.ts";
import { hex } from "../packages/network/src/test/scripted-peer.ts";

const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const artimMs = 30_000;
const clock = new FakeClock();
let server: TcpServer;
/** Sizes of instances that came whole. */
const stored: number[] = [];
/** How associations ended that were not released. */
const errors: string[] = [];
let sockets = 0;

beforeAll(async () => {
  server = await listenTcp(0, {
    aeTitle: "SCP",
    maximumPduLength: 16_384,
    clock, // server side: its time passes when a test says so
    timeouts: { artimMs },
    onError: (error) => void errors.push(error.code),
    services: {
      verification: true,
      storage: {
        sopClasses: [ctImage],
        onStore: async (dataSet) => {
          let size = 0;
          for await (const chunk of dataSet) size += chunk.byteLength;
          stored.push(size);
          return 0;
        },
      },
    },
  });
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  sockets = openSockets();
  stored.length = 0;
  errors.length = 0;
});
afterEach(async () => {
  await echo();
  await until(() => openSockets() === sockets, "every socket of the test is closed");
});

const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;

/** Lets the event loop turn until something is so; how long that takes is up to the operating system. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not reached: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function echo(): Promise<void> {
  const association = await connectTcp(server.host, server.port, {
    callingAeTitle: "FRESH",
    calledAeTitle: "SCP",
    contexts: [{ abstractSyntaxUid: verification, transferSyntaxUids: [implicitLittleEndian] }],
  });
  expect((await association.echo()).status.code).toBe(0);
  await association.release();
}

/** A socket and the PDUs that came. */
class RawPeer {
  readonly socket: Socket;
  readonly #pdus: Uint8Array[] = [];
  #rest = Buffer.alloc(0);
  isEnded = false;

  constructor() {
    this.socket = connect({ host: server.host, port: server.port, allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => undefined); // being cut off is what some tests are about
    this.socket.on("end", () => (this.isEnded = true));
    this.socket.on("close", () => (this.isEnded = true));
    this.socket.on("data", (chunk) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      while (this.#rest.length >= 6 && this.#rest.length >= 6 + this.#rest.readUInt32BE(2)) {
        const length = 6 + this.#rest.readUInt32BE(2);
        this.#pdus.push(this.#rest.subarray(0, length));
        this.#rest = this.#rest.subarray(length);
      }
    });
  }

  static async associated(): Promise<RawPeer> {
    const peer = new RawPeer();
    peer.send(request);
    expect((await peer.pdu())[0]).toBe(2);
    return peer;
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(bytes(...parts));
  }

  async pdu(): Promise<Uint8Array> {
    await until(() => this.#pdus.length > 0 || this.isEnded, "an answer");
    return this.#pdus.shift() ?? new Uint8Array(0);
  }

  /** Both directions, as a peer that heard an A-ABORT does. */
  async close(): Promise<void> {
    this.socket.end();
    await until(() => this.isEnded, "the server's end of the connection");
    this.socket.destroy();
  }
}

const request = associate(1, [
  applicationContext,
  contextRq(1),
  contextRq(3, ctImage, [explicitLittleEndian]),
  contextRq(5, "1.2.3.4.5"), // refused
  plainUser,
]);
const dataSet = Uint8Array.from({ length: 120 }, (_, index) => index);
const command = (...pdvs: readonly Uint8Array[]): Uint8Array => pData(...pdvs);
const none = new Uint8Array(0);
const echoCommand = echoRq();
const storeCommand = pData(pdv(3, 3, storeRq()));

describe("a peer that breaks the rules", () => {
  it.each([
    ["a PDU of unknown type", pdu(0x08, bytes([1, 2])), 1],
    ["a second A-ASSOCIATE-RQ", request, 2],
    ["A-ASSOCIATE-AC", associateAc, 2],
    ["A-ASSOCIATE-RJ", associateRj, 2],
    ["A-RELEASE-RP", releaseRp, 2],
    ["an A-RELEASE-RQ without its bytes", pdu(5, none), 6],
    ["an A-RELEASE-RQ of a gigabyte", pdu(5, none, 0x40000000), 6],
    ["a P-DATA-TF longer than agreed", pData(pdv(1, 3, new Uint8Array(16_379))), 6],
    ["a P-DATA-TF that ends inside an item", pdu(4, bytes(pdv(1, 1, echoCommand), [0, 0])), 6],
    ["a fragment longer than its P-DATA-TF", pdu(4, bytes([0, 0, 0, 9, 1, 3, 0, 0])), 6],
    ["a fragment shorter than its header", pdu(4, bytes([0, 0, 0, 1, 1, 3, 0, 0])), 6],
    ["a data set without a command", pData(pdv(3, 2, dataSet)), 5],
    ["a command while a data set is due", bytes(storeCommand, command(pdv(3, 3, echoCommand))), 5],
    ["a data set on another context", bytes(storeCommand, pData(pdv(1, 2, dataSet))), 5],
    ["interleaved contexts", pData(pdv(1, 1, echoCommand.subarray(0, 9)), pdv(3, 1, storeRq())), 5],
    ["a context that nobody proposed", command(pdv(99, 3, echoCommand)), 5],
    ["a context that was refused", command(pdv(5, 3, echoCommand)), 5],
    [
      "a command of more than 64 KiB",
      bytes(...Array.from({ length: 5 }, () => pData(pdv(1, 1, new Uint8Array(16_378))))),
      6,
    ],
    ["a command that is empty", command(pdv(1, 3, none)), 6],
    ["a command of unknown kind", command(pdv(1, 3, commandSet([[0x0100, 0x7777]]))), 4],
    ["a command with bytes behind it", command(pdv(1, 3, bytes(echoCommand, [0, 0, 0]))), 6],
    [
      "a command with an element too long",
      command(pdv(1, 3, bytes(echoCommand, commandElement(0x0902, "ab", 99)))),
      6,
    ],
    ["a command with elements of another group", command(pdv(1, 3, bytes([8, 0, 0, 0, 0, 0, 0, 0]))), 6],
  ])("with %s gets its reason, whole and a byte at a time", async (_what, bad, reason) => {
    for (const step of [bad.length, bad.length > 1000 ? 1000 : 1]) {
      const peer = await RawPeer.associated();
      for (let at = 0; at < bad.length; at += step) peer.send(bad.subarray(at, at + step));
      expect(hex(await peer.pdu())).toBe(hex(abort(2, reason)));
      await peer.close();
    }
    expect(errors).toEqual(["protocol-violated", "protocol-violated"]);
    expect(stored).toEqual([]);
  });

  it.each([
    ["data before it asked", command(pdv(1, 3, echoCommand)), "protocol-violated"],
    ["a release before it asked", releaseRq, "protocol-violated"],
    ["a request cut short inside", pdu(1, bytes([0, 1, 0, 0])), "protocol-violated"],
    ["a request with one context twice", associate(1, [contextRq(1), contextRq(1)]), "protocol-violated"],
    ["a request of two gigabytes", pdu(1, none, 0x7fffffff), "protocol-violated"],
    ["a browser's request", bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "wrong-protocol"],
  ])("with %s gets A-ABORT, as Sta2 says it (AA-1)", async (_what, bad, code) => {
    const peer = new RawPeer();
    peer.send(bad);
    expect(hex(await peer.pdu())).toBe(hex(abort(0, 0)));
    await peer.close();
    expect(errors).toEqual([code]);
  });

  it("and never closes is cut off when ARTIM runs out", async () => {
    const peer = await RawPeer.associated();
    peer.send(pdu(0x08, none));
    expect(hex(await peer.pdu())).toBe(hex(abort(2, 1)));
    peer.send(pData(pdv(1, 2, dataSet)), releaseRq);
    clock.advance(artimMs);
    await until(() => peer.isEnded, "the connection is closed");
    peer.socket.destroy();
  });

  it("and closes one direction only is taken as gone (AA-4)", async () => {
    const peer = await RawPeer.associated();
    peer.socket.end();
    await until(() => peer.isEnded, "the server's end");
    expect(errors).toEqual(["connection-closed"]);
    peer.socket.destroy();
  });

  it("and releases while its data set is due gets A-ABORT, unexpected PDU", async () => {
    const peer = await RawPeer.associated();
    peer.send(storeCommand, releaseRq);
    expect(hex(await peer.pdu())).toBe(hex(abort(2, 2)));
    await peer.close();
    expect(errors).toEqual(["protocol-violated"]);
  });
});

describe("a message", () => {
  it("cut at every byte into fragments, in one PDU and in two, is the same message", async () => {
    const peer = await RawPeer.associated();
    const cuts = echoCommand.length + 1;
    for (let cut = 0; cut < cuts; cut++) {
      const parts = [pdv(1, 1, echoCommand.subarray(0, cut)), pdv(1, 3, echoCommand.subarray(cut))];
      peer.send(pData(...parts), ...parts.map((part) => pData(part)));
    }
    for (let answer = 0; answer < 2 * cuts; answer++) expect((await peer.pdu())[0]).toBe(4);
    peer.send(releaseRq);
    expect(hex(await peer.pdu())).toBe(hex(releaseRp));
    await peer.close();
    expect(errors).toEqual([]);
  });

  it("with a data set cut at every byte, and empty fragments, is the same instance", async () => {
    const peer = await RawPeer.associated();
    for (let cut = 0; cut <= dataSet.length; cut++) {
      peer.send(
        pData(
          pdv(3, 3, storeRq()),
          pdv(3, 0, dataSet.subarray(0, cut)),
          pdv(3, 0, none),
          pdv(3, 2, dataSet.subarray(cut)),
        ),
      );
      expect((await peer.pdu())[0]).toBe(4);
    }
    expect(stored).toEqual(Array.from({ length: dataSet.length + 1 }, () => dataSet.length));
    await peer.close();
  });

  it("of which each byte is a segment of its own is answered", async () => {
    const peer = new RawPeer();
    for (const byte of bytes(request, command(pdv(1, 3, echoCommand)), releaseRq)) {
      peer.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([(await peer.pdu())[0], (await peer.pdu())[0], (await peer.pdu())[0]]).toEqual([2, 4, 6]);
    await peer.close();
  });
});

describe("a conversation that breaks off", () => {
  const conversation = bytes(
    request,
    storeCommand,
    pData(pdv(3, 0, dataSet.subarray(0, 60)), pdv(3, 2, dataSet.subarray(60))),
  );

  it.each(["in order", "with a reset"])(
    "at any byte %s stores what came whole and nothing else",
    async (how) => {
      // In turns of some, as a server has them.
      for (let from = 0; from <= conversation.length; from += 50) {
        const peers = Array.from({ length: 50 }, (_, index) => from + index)
          .filter((length) => length <= conversation.length)
          .map((length) => {
            const peer = new RawPeer();
            const cut = (): void => {
              if (how === "in order") peer.socket.end();
              else peer.socket.resetAndDestroy();
            };
            const asked = Math.min(length, request.length);
            peer.socket.once("connect", () => {
              peer.socket.write(request.subarray(0, asked), () => {
                if (length <= request.length) return cut();
                // What follows is only allowed when the association was accepted.
                void peer.pdu().then(() => peer.socket.write(conversation.subarray(asked, length), cut));
              });
            });
            return peer;
          });
        await until(() => peers.every((peer) => peer.isEnded), "all are over");
        for (const peer of peers) peer.socket.destroy();
      }
      await until(() => openSockets() === sockets, "the server has closed them all");
      // A reset may overtake the bytes before it.
      if (how === "in order") expect(stored).toEqual([dataSet.length]);
      else expect(stored.every((size) => size === dataSet.length)).toBe(true);
    },
  );
});

describe("a peer that takes its time", () => {
  it("with its request is cut off when ARTIM runs out, however many bytes it sends", async () => {
    const peer = new RawPeer();
    for (let at = 0; at < 60; at++) {
      peer.send(request.subarray(at, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(artimMs / 100);
    }
    expect(peer.isEnded).toBe(false);
    clock.advance(artimMs);
    await until(() => peer.isEnded, "the connection is closed");
    peer.socket.destroy();
    expect(errors).toEqual(["artim-timeout"]);
  });

  it("together with 240 that say nothing is cut off, and the server is there again", async () => {
    const peers = Array.from({ length: 240 }, () => new RawPeer());
    await until(() => openSockets() >= sockets + 480, "all are connected");
    clock.advance(artimMs);
    await until(() => peers.every((peer) => peer.isEnded), "all are cut off");
    for (const peer of peers) peer.socket.destroy();
    await until(() => errors.length === 240, "all were reported");
    expect(new Set(errors)).toEqual(new Set(["artim-timeout"]));
  });
});
