/** Associations out of workerd and Chromium: to our acceptor, to DCMTK's servers, and through the relay. */
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { relayWebSocket, type WebSocketUpgrade } from "@isocenter/network/node";
import type { Miniflare } from "miniflare";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listenSockets, type SocketServer } from "../packages/network/src/node/socket-server.ts";
import {
  pemOf,
  type TestCertificates,
  testCertificates,
} from "../packages/network/src/node/test/certificates.ts";
import type { TlsServerOptions } from "../packages/network/src/node/tls.ts";
import { webSocketUpgrade } from "../packages/network/src/node/web-socket-upgrade.ts";
import { associationSuite } from "../packages/network/src/test/association-suite.ts";
import { suiteAcceptor } from "../packages/network/src/test/association-suite-acceptor.ts";
import { webSocketTransport } from "../packages/network/src/websocket/index.ts";
import { bundle } from "./runtimes/bundle.ts";
import { launchBrowser } from "./support/browser.ts";
import { freePort, hasProgram, temporaryFolder } from "./support/processes.ts";
import { type DicomServer, startDcmqrscp, startStorescp } from "./support/servers.ts";

const scenarios = Object.keys(associationSuite);
const mebibyte = 1 << 20;

/** The suite's acceptor over TCP, and over WebSockets at `/suite` and, relayed to TCP, at `/relay`. */
interface Acceptor {
  readonly port: number;
  readonly httpPort: number;
  close(): Promise<void>;
}

async function startAcceptor(page?: string, targets: readonly DicomServer[] = []): Promise<Acceptor> {
  const acceptor = suiteAcceptor();
  const sockets: SocketServer = await listenSockets(0, {
    maximumConnections: 200,
    handshakeMs: 10_000,
    onTransport: (transport) => acceptor.serve(transport),
  });
  const direct = webSocketUpgrade({}, (socket) => acceptor.serve(webSocketTransport(socket)));
  const relay: WebSocketUpgrade = relayWebSocket({
    allow: [
      { name: "SUITE", host: "127.0.0.1", port: sockets.port },
      ...targets.map(({ aeTitle, port }) => ({ name: aeTitle, host: "127.0.0.1", port })),
    ],
    maximumConnections: 200,
  });
  const http: Server = createServer((request, response) => {
    if (request.url === "/entry.js") response.setHeader("content-type", "text/javascript").end(page);
    else response.setHeader("content-type", "text/html").end("<script type=module src=/entry.js></script>");
  });
  http.on("upgrade", (request, socket, head) => {
    const { handle } = request.url?.startsWith("/relay") === true ? relay : direct;
    handle(request, socket, head);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: sockets.port,
    httpPort: (http.address() as { port: number }).port,
    async close() {
      await Promise.all([direct.close(), relay.close()]);
      sockets.stopListening();
      sockets.endConnections();
      await sockets.closed;
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

describe("workerd", () => {
  let worker: Miniflare;
  let acceptor: Acceptor;
  let certificates: TestCertificates;
  let trusted: TlsServerOptions;
  let untrusted: TlsServerOptions;
  beforeAll(async () => {
    acceptor = await startAcceptor();
    certificates = await testCertificates();
    const authority = await certificates.authority("ca");
    trusted = pemOf(await authority.issue("acceptor"));
    untrusted = pemOf(await (await certificates.authority("stranger")).issue("unknown"));
    // How local workerd is told of authorities; Miniflare reads it when it is loaded.
    process.env["NODE_EXTRA_CA_CERTS"] = authority.certificate;
    const miniflare = await import("miniflare");
    worker = new miniflare.Miniflare({
      modules: [{ type: "ESModule", path: "worker.js", contents: await bundle("network-worker.ts") }],
      compatibilityDate: "2026-04-01",
      cf: false,
    });
    await worker.ready;
  });
  afterAll(async () => {
    await worker.dispose();
    await acceptor.close();
    await certificates.remove();
  });
  const run = async (
    path: string,
    query: Record<string, string | number>,
    body?: Uint8Array,
  ): Promise<string> => {
    const words = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    const url = `http://worker/${path}?${words.toString()}`;
    return (await worker.dispatchFetch(url, body === undefined ? {} : { method: "POST", body })).text();
  };

  it.each(scenarios)("over its sockets: %s", async (name) => {
    const query = { port: acceptor.port, inFlight: 48 * mebibyte };
    expect(await run(`sockets/${name}`, query)).toBe("ok");
  });

  it.each(scenarios)("over WebSockets: %s", async (name) => {
    const query = { url: `ws://127.0.0.1:${acceptor.httpPort}/suite`, inFlight: 4 * mebibyte };
    expect(await run(`websockets/${name}`, query)).toBe("ok");
  });

  it.each(scenarios)("over its web streams: %s", async (name) => {
    expect(await run(`streams/${name}`, { inFlight: 4 * mebibyte })).toBe("ok");
  });

  it.each(["answers echo and is released in order", "stores objects of any size through PDUs of any size"])(
    "over its sockets with TLS: %s",
    async (name) => {
      const acceptorOfItsOwn = suiteAcceptor();
      const server = await listenSockets(0, {
        tls: trusted,
        maximumConnections: 20,
        handshakeMs: 10_000,
        onTransport: (transport) => acceptorOfItsOwn.serve(transport),
      });
      expect(await run(`sockets/${name}`, { port: server.port, tls: "on" })).toBe("ok");
      server.stopListening();
      server.endConnections();
      await server.closed;
    },
  );

  it("does not trust a certificate of another authority", async () => {
    const server = await listenSockets(0, {
      tls: untrusted,
      maximumConnections: 20,
      handshakeMs: 10_000,
      onTransport: (transport) => transport.destroy(),
    });
    expect(await run(`sockets/${scenarios[0] ?? ""}`, { port: server.port, tls: "on" })).toMatch(
      /^connection-failed .*the certificate/,
    );
    server.stopListening();
    server.endConnections();
    await server.closed;
  });

  it("says that nothing listens", async () => {
    const port = await freePort();
    expect(await run(`sockets/${scenarios[0] ?? ""}`, { port })).toMatch(
      new RegExp(`^connection-(refused|failed) .*localhost:${port}`),
    );
  });

  it.skipIf(!hasProgram("dcmqrscp"))("echo, store and find at DCMTK's dcmqrscp", async () => {
    const folder = await temporaryFolder();
    const dcmqrscp = await startDcmqrscp(join(folder.path, "qr"), {});
    try {
      const answer = await run("work/QRSCP", { port: dcmqrscp.port }, ctImage("WORKER-1"));
      expect(JSON.parse(answer)).toEqual({ echo: 0, store: 0, found: ["WORKER-1"] });
    } finally {
      await dcmqrscp.stop();
      await folder.remove();
    }
  });
});

describe.skipIf(!hasProgram("chromium"))("Chromium", () => {
  let acceptor: Acceptor;
  let storescp: DicomServer;
  let folder: { path: string; remove(): Promise<void> };
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    folder = await temporaryFolder();
    storescp = await startStorescp(join(folder.path, "storescp"), {});
    acceptor = await startAcceptor(await bundle("network-browser.ts"), [storescp]);
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${acceptor.httpPort}/`);
    await page.waitForFunction("typeof runScenario === 'function'");
  });
  afterAll(async () => {
    await browser.close();
    await acceptor.close();
    await storescp.stop();
    await folder.remove();
  });
  const at = (path: string): string => `ws://127.0.0.1:${acceptor.httpPort}${path}`;
  const run = (name: string, url: string | undefined, inFlight: number): Promise<unknown> =>
    page.evaluate(`runScenario(${JSON.stringify(name)}, ${JSON.stringify(url)}, ${inFlight})`);

  it.each(scenarios)("over WebSockets: %s", async (name) => {
    expect(await run(name, at("/suite"), 4 * mebibyte)).toBe("ok");
  });

  it.each(scenarios)("through the relay to TCP: %s", async (name) => {
    expect(await run(name, at("/relay?peer=SUITE"), 48 * mebibyte)).toBe("ok");
  });

  it.each(scenarios)("over its web streams: %s", async (name) => {
    expect(await run(name, undefined, 4 * mebibyte)).toBe("ok");
  });

  it("associates with DCMTK's storescp through the relay", async () => {
    const echo = `echo(${JSON.stringify(at("/relay?peer=STORESCP"))}, "STORESCP")`;
    expect(await page.evaluate(echo)).toBe(0);
  });

  it("is led nowhere else, and told so", async () => {
    const echo = `echo(${JSON.stringify(at("/relay?host=127.0.0.1&port=22"))}, "SSH")`;
    expect(await page.evaluate(echo)).toEqual({
      code: "connection-refused",
      message: "The relay leads to no such peer.",
    });
  });
});

function ctImage(patientId: string): Uint8Array {
  const { ExplicitVRLittleEndian } = TransferSyntax;
  const image = DataSet.of({
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    SOPInstanceUID: "1.2.826.0.1.3680043.2.1125.77.1",
    StudyInstanceUID: "1.2.826.0.1.3680043.2.1125.77.2",
    SeriesInstanceUID: "1.2.826.0.1.3680043.2.1125.77.3",
    PatientID: patientId,
    PatientName: "Worker",
    StudyID: "1",
    StudyDate: "20260401",
    StudyTime: "120000",
    AccessionNumber: "",
    Modality: "CT",
    SeriesNumber: "1",
    InstanceNumber: "1",
  });
  return encodeDataSet(image, ExplicitVRLittleEndian);
}
