/** The association suite over every transport that Node has both ends of. */
import { createServer } from "node:http";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { associateOver } from "../association.ts";
import { memoryPair } from "../memory/index.ts";
import { openTcp } from "../node/connect.ts";
import { relayWebSocket } from "../node/relay.ts";
import { listenSockets, type SocketServer } from "../node/socket-server.ts";
import { pemOf, type TestCertificates, testCertificates } from "../node/test/certificates.ts";
import { type WebSocketUpgrade, webSocketUpgrade } from "../node/web-socket-upgrade.ts";
import type { Transport } from "../transport.ts";
import { streamTransport } from "../web/index.ts";
import { openWebSocket, webSocketTransport } from "../websocket/index.ts";
import { associationSuite } from "./association-suite.ts";
import { suiteAcceptor } from "./association-suite-acceptor.ts";

interface Line {
  /** A transport whose other end is given to the acceptor. */
  open(signal?: AbortSignal): Transport | Promise<Transport>;
  close(): Promise<void>;
}

/** Over TCP the system's buffers count: some are set to 32 MiB. */
const mebibyte = 1 << 20;

const lines: readonly (readonly [string, number, () => Promise<Line>])[] = [
  ["a pair in memory", 4 * mebibyte, () => pairs(memoryPair)],
  [
    "web streams",
    4 * mebibyte,
    () =>
      pairs(() => {
        const there = new TransformStream<Uint8Array, Uint8Array>();
        const back = new TransformStream<Uint8Array, Uint8Array>();
        return [
          streamTransport({ readable: back.readable, writable: there.writable }),
          streamTransport({ readable: there.readable, writable: back.writable }),
        ];
      }),
  ],
  ["TCP", 48 * mebibyte, () => tcp()],
  ["TLS", 48 * mebibyte, () => tls()],
  ["byte streams", 4 * mebibyte, () => pairs(byteStreamPair)],
  // A window and a message, and what the acceptor's data set holds before it stops the transport.
  ["WebSocket with flow control", 4 * mebibyte, () => webSocket()],
  ["WebSocket without", 48 * mebibyte, () => webSocket([])],
  ["a relay to TCP", 48 * mebibyte, () => relay()],
];

describe.each(lines)("over %s", (_name, inFlight, begin) => {
  let line: Line;
  beforeAll(async () => {
    line = await begin();
  });
  afterAll(() => line.close());

  it.each(Object.keys(associationSuite))("%s", { timeout: 60_000 }, async (name) => {
    expect.assertions(1);
    const scenario = associationSuite[name]?.({
      connect: async (options) => associateOver(await line.open(options.signal), options),
      inFlight,
    });
    await expect(scenario).resolves.toBeUndefined();
  });
});

function pairs(pair: () => readonly [Transport, Transport]): Promise<Line> {
  const acceptor = suiteAcceptor();
  return Promise.resolve({
    open() {
      const [ours, theirs] = pair();
      acceptor.serve(theirs);
      return ours;
    },
    close: () => Promise.resolve(),
  });
}

/** As sockets of Workers are: readable by buffers of the reader's own. */
function byteStreamPair(): readonly [Transport, Transport] {
  const end = (): { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> } => {
    let controller: ReadableByteStreamController | undefined;
    let taken: () => void = () => undefined;
    const readable = new ReadableStream({
      type: "bytes",
      start: (given) => void (controller = given),
      pull: () => taken(),
    });
    const writable = new WritableStream<Uint8Array>({
      async write(chunk) {
        controller?.enqueue(chunk.slice());
        // Room for the next when this one was taken.
        if ((controller?.desiredSize ?? 0) < 0) await new Promise<void>((resolve) => (taken = resolve));
      },
      close() {
        controller?.close();
        controller?.byobRequest?.respond(0); // a read that waits ends with it, by the standard's way
      },
      abort: (reason) => controller?.error(reason),
    });
    return { readable, writable };
  };
  const [there, back] = [end(), end()];
  return [
    streamTransport({ readable: back.readable, writable: there.writable }),
    streamTransport({ readable: there.readable, writable: back.writable }),
  ];
}

async function webSocket(protocols?: string[]): Promise<Line> {
  const acceptor = suiteAcceptor();
  return webSocketLine(
    webSocketUpgrade({}, (socket) => acceptor.serve(webSocketTransport(socket))),
    "/",
    protocols,
  );
}

async function relay(): Promise<Line> {
  const server = await listen();
  const upgrade = relayWebSocket({
    allow: [{ name: "SUITE", host: "127.0.0.1", port: server.port }],
    maximumConnections: 100,
  });
  const line = await webSocketLine(upgrade, "/?peer=SUITE");
  return {
    open: (signal) => line.open(signal),
    async close() {
      await line.close();
      await ended(server);
    },
  };
}

async function webSocketLine(upgrade: WebSocketUpgrade, path: string, protocols?: string[]): Promise<Line> {
  const server = createServer().on("upgrade", upgrade.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    open: (signal) =>
      openWebSocket(`ws://127.0.0.1:${port}${path}`, {
        createWebSocket: (url, offered) => new WebSocket(url, offered),
        ...(protocols === undefined ? {} : { protocols }),
        ...(signal === undefined ? {} : { signal }),
      }),
    async close() {
      await upgrade.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function tcp(): Promise<Line> {
  const server = await listen();
  return {
    open: (signal) => openTcp("127.0.0.1", server.port, signal === undefined ? {} : { signal }),
    close: () => ended(server),
  };
}

async function tls(): Promise<Line> {
  const certificates: TestCertificates = await testCertificates();
  const authority = await certificates.authority("ca");
  const ca = { file: authority.certificate };
  const server = await listen({ ca, ...pemOf(await authority.issue("acceptor")) });
  const client = { ca, ...pemOf(await authority.issue("requestor")) };
  return {
    open: (signal) =>
      openTcp("localhost", server.port, { tls: client, ...(signal === undefined ? {} : { signal }) }),
    async close() {
      await ended(server);
      await certificates.remove();
    },
  };
}

function listen(tlsOptions?: Parameters<typeof listenSockets>[1]["tls"]): Promise<SocketServer> {
  const acceptor = suiteAcceptor();
  return listenSockets(0, {
    maximumConnections: 100,
    handshakeMs: 10_000,
    onTransport: (transport) => acceptor.serve(transport),
    ...(tlsOptions === undefined ? {} : { tls: tlsOptions }),
  });
}

function ended(server: SocketServer): Promise<void> {
  server.stopListening();
  server.endConnections();
  return server.closed;
}
