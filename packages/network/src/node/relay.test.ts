/** WebSockets to DICOM peers and to our acceptor, over a real HTTP server. */
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { NetworkError } from "../errors.ts";
import { Verification } from "../services/models.ts";
import { FakeClock } from "../test/fake-clock.ts";
import { connectWebSocket, RelayClose } from "../websocket/index.ts";
import {
  acceptWebSocket,
  listenTcp,
  type RelayOptions,
  relayWebSocket,
  type WebSocketUpgrade,
} from "./index.ts";
import { pemOf, testCertificates } from "./test/certificates.ts";

const options = {
  callingAeTitle: "WEB",
  calledAeTitle: "SCP",
  contexts: [{ abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] }],
  createWebSocket: (url: string, protocols: string[]) => new WebSocket(url, protocols),
};
const acceptor = { aeTitle: "SCP", services: { verification: true } };

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function peer(more: Partial<Parameters<typeof listenTcp>[1]> = {}) {
  const server = await listenTcp(0, { ...acceptor, ...more });
  open.push(() => server.close({ drainMs: 0 }));
  return server;
}

/** A listener of plain sockets; how many are open. */
async function plainPeer(onSocket: (close: () => void) => void = () => undefined) {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => undefined);
    socket.once("close", () => connections--);
    open.push(() => Promise.resolve(socket.destroy()));
    socket.once("data", () => onSocket(() => socket.resetAndDestroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as { port: number }).port, connections: () => connections };
}

async function http(upgrade: WebSocketUpgrade): Promise<string> {
  const server = createHttpServer().on("upgrade", upgrade.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    await upgrade.close();
    await new Promise((resolve) => server.close(resolve));
  });
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}/dicom`;
}

async function relayTo(port: number, more: Partial<RelayOptions> = {}) {
  const errors: NetworkError[] = [];
  const upgrade = relayWebSocket({
    allow: [{ name: "PACS", host: "127.0.0.1", port }],
    onError: (error) => errors.push(error),
    ...more,
  });
  return { url: await http(upgrade), upgrade, errors };
}

/** How a WebSocket that is opened ends. */
function ending(socket: WebSocket): Promise<{ code: number; reason: string }> {
  socket.on("error", () => undefined);
  return new Promise((resolve) =>
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
}

/** The status that an upgrade is answered with. */
function answer(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers });
  socket.on("error", () => undefined);
  return new Promise((resolve) => {
    socket.once("upgrade", ({ statusCode }) => resolve(statusCode));
    socket.once("unexpected-response", (_request, { statusCode }) => {
      resolve(statusCode);
      socket.terminate();
    });
    socket.once("open", () => socket.terminate());
  });
}

describe("the relay", () => {
  it("leads to a peer by its name", async () => {
    const { url, errors, upgrade } = await relayTo((await peer()).port);
    const association = await connectWebSocket(`${url}?peer=PACS`, options);
    expect((await association.echo()).status.code).toBe(0);
    expect(upgrade.openConnections).toBe(1);
    await association.release();
    await expect.poll(() => upgrade.openConnections).toBe(0);
    expect(errors).toEqual([]);
  });

  it("leads to a peer by host and port, where it has no name", async () => {
    const { port } = await peer();
    const { url } = await relayTo(0, { allow: [{ host: "localhost", port }] });
    const association = await connectWebSocket(`${url}?host=LOCALHOST&port=${port}`, options);
    await association.release();
  });

  it("leads with TLS where the peer wants it", async () => {
    await using made = await testCertificates();
    const authority = await made.authority("ca");
    const ca = { file: authority.certificate };
    const { port } = await peer({ tls: { ca, ...pemOf(await authority.issue("pacs")) } });
    const tls = { ca, ...pemOf(await authority.issue("relay")) };
    const { url } = await relayTo(0, { allow: [{ name: "PACS", host: "localhost", port, tls }] });
    const association = await connectWebSocket(`${url}?peer=PACS`, options);
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
  });

  it.each(["", "?peer=OTHER", "?host=127.0.0.1&port=22", "?host=127.0.0.1", "?peer=PACS2&host=127.0.0.1"])(
    "leads nowhere else: %j",
    async (query) => {
      const { port, connections } = await plainPeer();
      const { url, errors } = await relayTo(port);
      const { code, reason } = await ending(new WebSocket(url + query));
      expect([code, reason]).toEqual([RelayClose.NotAllowed, "The relay leads to no such peer."]);
      expect(connections()).toBe(0);
      expect(errors).toMatchObject([{ code: "connection-refused" }]);
    },
  );

  it("does not lead to a named peer by its address", async () => {
    const { port } = await plainPeer();
    const { url } = await relayTo(port);
    const { code } = await ending(new WebSocket(`${url}?host=127.0.0.1&port=${port}`));
    expect(code).toBe(RelayClose.NotAllowed);
  });

  it("says that the peer cannot be reached, and the association's error says it too", async () => {
    const { port } = await plainPeer();
    await open.pop()?.();
    const { url } = await relayTo(port);
    await expect(connectWebSocket(`${url}?peer=PACS`, options)).rejects.toMatchObject({
      code: "host-unreachable",
      message: `Nothing accepts connections at 127.0.0.1:${port}.`,
    });
  });

  it("says that the connection to the peer broke", async () => {
    const { port } = await plainPeer((reset) => reset());
    const { url, errors } = await relayTo(port);
    await expect(connectWebSocket(`${url}?peer=PACS`, options)).rejects.toMatchObject({
      code: "connection-failed",
      message: expect.stringContaining("ECONNRESET"),
    });
    expect(errors).toMatchObject([{ code: "connection-failed" }]);
  });

  it("closes the peer's connection when the WebSocket is gone", async () => {
    const { port, connections } = await plainPeer();
    const { url } = await relayTo(port);
    const socket = new WebSocket(`${url}?peer=PACS`);
    socket.on("open", () => socket.send(Uint8Array.of(1)));
    await expect.poll(connections).toBe(1);
    socket.terminate();
    await expect.poll(connections).toBe(0);
  });

  it("cuts a line over which nothing passes, by the given clock", async () => {
    const clock = new FakeClock();
    const { port, connections } = await plainPeer();
    const { url } = await relayTo(port, { clock, idleMs: 60_000 });
    const socket = new WebSocket(`${url}?peer=PACS`);
    const end = ending(socket);
    await expect.poll(connections).toBe(1);
    await expect.poll(() => clock.running.length).toBe(1); // connected: only the idle timer runs
    clock.advance(59_999);
    expect(socket.readyState).toBeLessThanOrEqual(WebSocket.OPEN);
    clock.advance(1);
    expect(await end).toEqual({ code: RelayClose.Idle, reason: "Nothing passed for too long." });
    await expect.poll(connections).toBe(0);
    expect(clock.running.length).toBe(0);
  });

  it("takes no more than its limit", async () => {
    const { port } = await plainPeer();
    const { url } = await relayTo(port, { maximumConnections: 1 });
    const first = new WebSocket(`${url}?peer=PACS`);
    await new Promise((resolve) => first.once("open", resolve));
    const { code } = await ending(new WebSocket(`${url}?peer=PACS`));
    expect(code).toBe(RelayClose.TooMany);
    first.terminate();
  });

  it("is for pages of its own host, unless others are named", async () => {
    const { port } = await plainPeer();
    const { url } = await relayTo(port);
    const own = url.replace("ws:", "http:").replace("/dicom", "");
    expect(await answer(`${url}?peer=PACS`, { origin: own })).toBe(101);
    expect(await answer(`${url}?peer=PACS`, { origin: "https://evil.example" })).toBe(403);
    expect(await answer(`${url}?peer=PACS`, { origin: "null" })).toBe(403);
    const { url: other } = await relayTo(port, { allowedOrigins: ["https://viewer.example"] });
    expect(await answer(`${other}?peer=PACS`, { origin: "https://viewer.example" })).toBe(101);
    expect(await answer(`${other}?peer=PACS`, { origin: own })).toBe(403);
  });

  it("asks whom to admit, and lets nobody in when that fails", async () => {
    const { port } = await plainPeer();
    const { url } = await relayTo(port, {
      admit: ({ headers }) => {
        if (headers.authorization === undefined) throw new Error("no token");
        return Promise.resolve(headers.authorization === "Bearer good");
      },
    });
    expect(await answer(`${url}?peer=PACS`, { authorization: "Bearer good" })).toBe(101);
    expect(await answer(`${url}?peer=PACS`, { authorization: "Bearer bad" })).toBe(403);
    expect(await answer(`${url}?peer=PACS`, {})).toBe(403);
  });

  it("ends what is open when it is closed", async () => {
    const { port, connections } = await plainPeer();
    const { url, upgrade } = await relayTo(port);
    const socket = new WebSocket(`${url}?peer=PACS`);
    const end = ending(socket);
    await expect.poll(connections).toBe(1);
    await upgrade.close();
    expect((await end).code).toBe(1001);
    await expect.poll(connections).toBe(0);
    expect(await answer(`${url}?peer=PACS`, {})).toBe(503);
  });
});

describe("an acceptor over WebSockets", () => {
  it("serves associations, and describes where they come from", async () => {
    const seen: string[] = [];
    const upgrade = acceptWebSocket({
      ...acceptor,
      onConnection: ({ remote }) => void seen.push(remote ?? ""),
    });
    const association = await connectWebSocket(await http(upgrade), options);
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
    expect(seen).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
  });

  it("rejects associations above the limit", async () => {
    const url = await http(acceptWebSocket({ ...acceptor, maximumAssociations: 1 }));
    const first = await connectWebSocket(url, options);
    await expect(connectWebSocket(url, options)).rejects.toMatchObject({ reason: "local-limit-exceeded" });
    await first.release();
  });

  it("closes one that onConnection does not want", async () => {
    const url = await http(acceptWebSocket({ ...acceptor, onConnection: () => false }));
    await expect(connectWebSocket(url, options)).rejects.toMatchObject({ code: "connection-failed" });
  });
});
