/** The association suite over every transport that Node has both ends of. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { associateOver } from "../association.ts";
import { memoryPair } from "../memory/index.ts";
import { openTcp } from "../node/connect.ts";
import { listenSockets, type SocketServer } from "../node/socket-server.ts";
import { pemOf, type TestCertificates, testCertificates } from "../node/test/certificates.ts";
import type { Transport } from "../transport.ts";
import { streamTransport } from "../web/index.ts";
import { associationSuite } from "./association-suite.ts";
import { suiteAcceptor } from "./association-suite-acceptor.ts";

interface Line {
  /** A transport whose other end is given to the acceptor. */
  open(signal?: AbortSignal): Transport | Promise<Transport>;
  close(): Promise<void>;
}

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
  ["TCP", 24 * mebibyte, () => tcp()],
  ["TLS", 24 * mebibyte, () => tls()],
];

describe.each(lines)("over %s", (_name, inFlight, begin) => {
  let line: Line;
  beforeAll(async () => {
    line = await begin();
  });
  afterAll(() => line.close());

  it.each(Object.keys(associationSuite))("%s", async (name) => {
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
