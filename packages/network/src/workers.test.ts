/** Sockets as Workers have them, made of web streams. The runtime's own are in the conformance tests. */
import { describe, expect, it } from "vitest";
import { serveAssociation } from "./acceptor.ts";
import { Verification } from "./services/models.ts";
import { FakeClock } from "./test/fake-clock.ts";
import { streamTransport } from "./web/index.ts";
import { type ConnectSocket, connectSocket, openWorkerSocket, type WorkerSocket } from "./workers.ts";

const options = {
  callingAeTitle: "WORKER",
  calledAeTitle: "SCP",
  contexts: [{ abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] }],
};

/** A socket with an acceptor at its other end. */
function socket(opened: Promise<unknown> = Promise.resolve({})): WorkerSocket & { closings: number } {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  serveAssociation(streamTransport({ readable: there.readable, writable: back.writable }), {
    aeTitle: "SCP",
    services: { verification: true },
  });
  return {
    readable: back.readable,
    writable: there.writable,
    opened,
    closed: new Promise(() => undefined),
    closings: 0,
    close() {
      this.closings++;
      return Promise.resolve();
    },
  };
}

const never = new Promise<never>(() => undefined);

describe("connectSocket", () => {
  it("associates over what connect gives, and closes it", async () => {
    const asked: unknown[] = [];
    const made = socket();
    const connect: ConnectSocket = (...args) => {
      asked.push(...args);
      return made;
    };
    const association = await connectSocket(connect, "pacs.example", 104, options);
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
    expect(asked).toEqual([
      { hostname: "pacs.example", port: 104 },
      { secureTransport: "off", allowHalfOpen: true },
    ]);
    await expect.poll(() => made.closings).toBe(1);
  });

  it("asks for TLS from the first byte", async () => {
    let secureTransport = "";
    const transport = await openWorkerSocket(
      (_address, given) => {
        ({ secureTransport } = given);
        return socket();
      },
      "pacs.example",
      2762,
      { tls: true },
    );
    expect(secureTransport).toBe("on");
    expect(transport.description).toEqual({
      remote: "pacs.example:2762",
      security: { protocol: "TLS", cipher: "" },
    });
    transport.destroy();
  });

  it.each([
    ["connection refused", false, "connection-refused"],
    ["proxy request failed, cannot connect to the specified address", false, "connection-failed"],
    ["TLS handshake failed: certificate verify failed", true, "tls-failed"],
  ])("says of %j, TLS %s: %s", async (message, tls, code) => {
    const failing: ConnectSocket = () => socket(Promise.reject(new Error(message)));
    await expect(connectSocket(failing, "pacs.example", 104, { ...options, tls })).rejects.toMatchObject({
      code,
      message: expect.stringContaining("pacs.example:104"),
    });
  });

  it("puts an address that is not allowed into words", async () => {
    const refusing: ConnectSocket = () => {
      throw new TypeError("Specified address is invalid.");
    };
    await expect(connectSocket(refusing, "", 104, options)).rejects.toMatchObject({
      code: "connection-failed",
    });
  });

  it("gives up after connectMs of the given clock, and closes the socket", async () => {
    const clock = new FakeClock();
    const made = socket(never);
    const connecting = connectSocket(() => made, "pacs.example", 104, {
      ...options,
      clock,
      timeouts: { connectMs: 3000 },
    });
    clock.advance(2999);
    expect(clock.running.length).toBe(1);
    clock.advance(1);
    await expect(connecting).rejects.toMatchObject({ code: "connect-timeout", ms: 3000 });
    expect([clock.running.length, made.closings]).toEqual([0, 1]);
  });

  it("ends at the signal with its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("not wanted");
    const connecting = connectSocket(() => socket(never), "pacs.example", 104, {
      ...options,
      signal: controller.signal,
    });
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  });

  it("names the peer when a stream breaks", async () => {
    const made = socket();
    const cut = new TransformStream<Uint8Array, Uint8Array>();
    const opening = connectSocket(() => ({ ...made, readable: cut.readable }), "pacs.example", 104, options);
    await cut.writable.abort(new Error("Network connection lost."));
    await expect(opening).rejects.toMatchObject({
      code: "connection-failed",
      message: "The connection to pacs.example:104 failed: Network connection lost.",
    });
  });
});
