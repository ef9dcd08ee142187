/** Forwarding from a running server: to where, when the other side is away, when it refuses, and over a restart. */
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import { type StoreRequest, StudyRootFind } from "@isocenter/network";
import { listenTcp, type TcpServer } from "@isocenter/network/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PeerConfig } from "../config/config.ts";
import type { RoutingConfig } from "../config/routing.ts";
import { demoFiles, eventually, loadFiles, post, type TestServer, testServer } from "../test/servers.ts";
import { waitAfter } from "./back-off.ts";

const backOff = { firstMs: 5, mostMs: 20 };
let files: string[];
let receiver: TcpServer | undefined;
let received: StoreRequest[];
let status: number;
beforeEach(async () => {
  files = (await demoFiles("DEMO-0001")).slice(0, 4);
  received = [];
  status = 0;
});
afterEach(async () => {
  await receiver?.close({ drainMs: 0 });
  receiver = undefined;
});

async function receive(port = 0, syntaxes?: readonly string[]): Promise<number> {
  receiver = await listenTcp(port, {
    services: {
      verification: true,
      query: { models: [StudyRootFind], async *onFind() {} },
      storage: {
        sopClasses: "any",
        ...(syntaxes === undefined ? {} : { transferSyntaxUids: syntaxes }),
        async onStore(bytes, request) {
          for await (const _ of bytes) continue;
          if (status === 0) received.push(request);
          return status;
        },
      },
    },
  });
  return receiver.port;
}

const peer = (port: number): PeerConfig => ({
  id: "far",
  name: "Far",
  host: "127.0.0.1",
  port,
  callingAE: "FWD",
  calledAE: "FAR",
});
const toFar: RoutingConfig = { rules: [{ name: "all", to: "far" }] };
const forwarding = (port: number, routing = toFar): Promise<TestServer> =>
  testServer({ peers: [peer(port)], routing }, { backOff });

interface Queue {
  readonly counts: { readonly state: string; readonly count: number }[];
  readonly items: {
    readonly id: number;
    readonly state: string;
    readonly error: string;
    readonly attempts: number;
  }[];
}
const queueOf = async ({ http }: TestServer): Promise<Queue> =>
  (await (await fetch(`${http}/api/queue`)).json()) as Queue;
const isEmpty = ({ counts }: Queue): boolean => counts.length === 0;

describe("forwarding", () => {
  it("sends what comes in, by the rules, and nothing that was there before", async () => {
    const port = await receive();
    await using before = await testServer({ peers: [peer(port)] });
    await loadFiles(before, files.slice(0, 1));
    await before.server.close();
    const rules = [
      { name: "no", when: { modality: "XX" }, to: "far" },
      { name: "yes", when: { attributes: { PatientID: "DEMO-*" } }, to: "far" },
    ];
    await using server = await testServer(
      { dataFolder: before.folder, peers: [peer(port)], routing: { rules } },
      { backOff },
    );
    await loadFiles(server, files.slice(1));
    await eventually(
      () => received.length,
      (count) => count === 3,
    );
    await eventually(() => queueOf(server), isEmpty);
    expect(new Set(received.map(({ affectedSopInstanceUid }) => affectedSopInstanceUid)).size).toBe(3);
    expect(received[0]?.callingAeTitle).toBe("FWD");
  });

  it("waits for a peer that is away, over a restart too, and counts nothing against the instances", async () => {
    const port = await receive();
    await receiver?.close();
    const first = await forwarding(port);
    await loadFiles(first, files);
    const waiting = await eventually(
      () => queueOf(first),
      ({ counts }) => counts[0]?.count === files.length,
    );
    expect(waiting.items.every(({ state, attempts }) => state === "waiting" && attempts === 0)).toBe(true);
    const again = await first.restart();
    expect((await queueOf(again)).counts).toEqual([
      { destination: "far", state: "waiting", count: files.length },
    ]);
    await receive(port);
    await eventually(() => queueOf(again), isEmpty);
    expect(received).toHaveLength(files.length);
    await again[Symbol.asyncDispose]();
  });

  it("what is refused goes to the dead letters with its status, and is sent when somebody says so", async () => {
    const port = await receive();
    status = 0xa700;
    await using server = await forwarding(port, { ...toFar, destinations: { far: { maximumAttempts: 3 } } });
    await loadFiles(server, files.slice(0, 2));
    const { items } = await eventually(
      () => queueOf(server),
      ({ counts }) => counts.length === 1 && counts[0]?.state === "dead" && counts[0].count === 2,
    );
    expect(items).toMatchObject([
      { state: "dead", attempts: 3, error: "A700" },
      { state: "dead", attempts: 3, error: "A700" },
    ]);
    status = 0;
    expect((await post(`${server.http}/api/queue/${items[0]?.id}/retry`, {})).status).toBe(204);
    await eventually(
      () => received.length,
      (count) => count === 1,
    );
    const figures = await (await fetch(`${server.http}/metrics`)).text();
    expect(figures).toContain('isocenter_forward_queue{destination="far",state="dead"} 1');
    expect(await (await post(`${server.http}/api/queue/discard`, {})).json()).toEqual({ count: 1 });
    await eventually(() => queueOf(server), isEmpty);
    expect((await post(`${server.http}/api/queue/${items[0]?.id}/retry`, {})).status).toBe(404);
  });

  it("a peer that stays away is given up after its time", async () => {
    const port = await receive();
    await receiver?.close();
    await using server = await forwarding(port, { ...toFar, destinations: { far: { giveUpHours: 1e-9 } } });
    await loadFiles(server, files.slice(0, 1));
    const { items } = await eventually(
      () => queueOf(server),
      ({ counts }) => counts[0]?.state === "dead",
    );
    expect(items[0]).toMatchObject({ error: "connection-refused" });
  });

  it("brings instances into the transfer syntax that is set, and opens as many associations", async () => {
    const port = await receive(0, [TransferSyntax.RLELossless]);
    await using server = await forwarding(port, {
      ...toFar,
      destinations: { far: { transferSyntax: TransferSyntax.RLELossless, parallel: 2 } },
    });
    await loadFiles(server, files);
    await eventually(
      () => received.length,
      (count) => count === files.length,
    );
    expect(new Set(received.map(({ transferSyntaxUid }) => transferSyntaxUid))).toEqual(
      new Set([TransferSyntax.RLELossless]),
    );
  });

  it("goes to DICOMweb services as well; what was removed meanwhile is let go", async () => {
    await using far = await testServer();
    const webPeers = [{ id: "far", name: "Far", url: `${far.http}/dicom-web` }];
    await using server = await testServer({ webPeers, routing: toFar }, { backOff });
    await loadFiles(server, files);
    await eventually(
      () => far.server.archive.counts(),
      ({ instances }) => instances === files.length,
    );
    await eventually(() => queueOf(server), isEmpty);
    const uids: string[] = [];
    for await (const match of server.server.archive.find({
      level: "STUDY",
      keys: DataSet.of({ StudyInstanceUID: "" }),
    }))
      uids.push(match.string("StudyInstanceUID") ?? "");
    await far.server.close();
    await loadFiles(server, (await demoFiles("DEMO-0002")).slice(0, 1));
    await eventually(
      () => queueOf(server),
      ({ counts }) => counts[0]?.count === 1,
    );
    for await (const match of server.server.archive.find({
      level: "STUDY",
      keys: DataSet.of({ StudyInstanceUID: "" }),
    }))
      await server.server.archive.delete({ studyInstanceUid: match.string("StudyInstanceUID") ?? "" });
    await eventually(() => queueOf(server), isEmpty);
  });

  it("waits longer each time, up to a limit, and not all at the same moment", () => {
    const plan = { firstMs: 1000, mostMs: 60_000 };
    expect([1, 2, 3, 7, 50].map((failures) => waitAfter(failures, plan, 0.5))).toEqual([
      1000, 2000, 4000, 60_000, 60_000,
    ]);
    expect([waitAfter(1, plan, 0), waitAfter(1, plan, 1)]).toEqual([750, 1250]);
  });
});
