/** Retrieving, moving and sending between whole servers, as requests and as jobs. */
import { DataSet } from "@isocenter/dicom";
import { listenTcp } from "@isocenter/network/node";
import { StudyRootFind, StudyRootMove } from "@isocenter/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  deferred,
  demoFiles,
  eventsOf,
  eventually,
  linesOf,
  loadFiles,
  post,
  type TestServer,
  testServer,
} from "../test/servers.ts";

let near: TestServer;
let far: TestServer;
let study: string;
let count: number;
const onlyGet = (port: number, retrieve: "get" | "move") => ({
  id: "far",
  name: "Far",
  host: "127.0.0.1",
  port,
  callingAE: "NEAR",
  calledAE: "FAR",
  retrieve,
});

beforeAll(async () => {
  near = await testServer({ aeTitle: "NEAR" });
  far = await testServer({
    aeTitle: "FAR",
    peers: [{ ...onlyGet(near.server.dicom.port, "get"), id: "near", callingAE: "FAR", calledAE: "NEAR" }],
  });
  count = await loadFiles(far, await demoFiles("DEMO-0001"));
  for await (const match of far.server.archive.find({
    level: "STUDY",
    keys: DataSet.of({ StudyInstanceUID: "" }),
  }))
    study = match.string("StudyInstanceUID") ?? "";
});
afterAll(async () => {
  await near[Symbol.asyncDispose]();
  await far[Symbol.asyncDispose]();
});

const spelledOut = () => ({
  host: "127.0.0.1",
  port: far.server.dicom.port,
  callingAE: "NEAR",
  calledAE: "FAR",
});
const empty = async (server: TestServer): Promise<void> => {
  await server.server.archive.delete({ studyInstanceUid: study });
};
const held = async (server: TestServer): Promise<number> => (await server.server.archive.counts()).instances;

describe("get", () => {
  it("retrieves a study into the archive, with progress and a result", async () => {
    await empty(near);
    const response = await post(`${near.http}/api/dicom/get`, { ...spelledOut(), studyInstanceUID: study });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = await linesOf(response);
    expect(lines[0]).toEqual({ remaining: count, completed: 0, failed: 0, warning: 0 });
    expect(lines.at(-1)).toMatchObject({
      result: { status: "success", completed: count, failed: 0, warning: 0, failures: [] },
    });
    expect(await held(near)).toBe(count);
  });

  it("comes by C-MOVE to ourselves where the peer is asked so", async () => {
    await using mover = await testServer({ aeTitle: "MOVER", peers: [] });
    await using source = await testServer({
      aeTitle: "FAR",
      peers: [{ ...onlyGet(mover.server.dicom.port, "get"), id: "m", callingAE: "FAR", calledAE: "MOVER" }],
    });
    const files = (await demoFiles("DEMO-0002")).slice(0, 3);
    await loadFiles(source, files);
    const [uid] = await studiesOf(source);
    const added = await post(`${mover.http}/api/peers`, {
      id: "pacs",
      kind: "dimse",
      host: "127.0.0.1",
      port: source.server.dicom.port,
      callingAE: "MOVER",
      calledAE: "FAR",
      retrieve: "move",
    });
    expect(added.status).toBe(201);
    const lines = await linesOf(
      await post(`${mover.http}/api/dicom/get`, { peer: "pacs", studyInstanceUID: uid }),
    );
    expect(lines.at(-1)).toMatchObject({ result: { status: "success", completed: files.length } });
    expect(await held(mover)).toBe(files.length);
  });

  it.each([
    [{ studyInstanceUID: "1.2.3" }, 400, "peer-missing"],
    [{ peer: "none", studyInstanceUID: "1.2.3" }, 404, "connection-unknown"],
    [{ host: "127.0.0.1", port: 1, calledAE: "X", studyInstanceUID: "1.2.3" }, 502, "connection-refused"],
    [{ host: "169.254.169.254", calledAE: "X", studyInstanceUID: "1.2.3" }, 403, "peer-not-allowed"],
    [{ host: "127.0.0.1", calledAE: "X" }, 400, "selection-missing"],
    [
      { host: "127.0.0.1", calledAE: "X", studyInstanceUID: "1", sopInstanceUID: "2" },
      400,
      "selection-missing",
    ],
    [{ host: "127.0.0.1", calledAE: "X", studyInstanceUID: "../x" }, 400, "request-invalid"],
  ])("%j is a problem with its own status: %i %s", async (body, status, code) => {
    const response = await post(`${near.http}/api/dicom/get`, body);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status, code });
  });
});

describe("store and move", () => {
  it("store sends a series to a peer", async () => {
    await empty(near);
    const [series] = await seriesOf(far);
    const response = await post(`${far.http}/api/dicom/store`, {
      peer: "near",
      studyInstanceUID: study,
      seriesInstanceUID: series,
    });
    const { result } = (await linesOf(response)).at(-1) as { result: { completed: number; status: string } };
    expect(result.status).toBe("success");
    expect(result.completed).toBeGreaterThan(0);
    expect(await held(near)).toBe(result.completed);
  });

  it("move makes one peer send to another", async () => {
    await empty(near);
    const response = await post(`${near.http}/api/dicom/move`, {
      ...spelledOut(),
      studyInstanceUID: study,
      destination: "NEAR",
    });
    const lines = await linesOf(response);
    expect(lines.at(-1)).toMatchObject({ result: { status: "success", completed: count, failed: 0 } });
    expect(await held(near)).toBe(count);
  });

  it("a destination that the peer does not know is told in the standard's words", async () => {
    const response = await post(`${near.http}/api/dicom/move`, {
      ...spelledOut(),
      studyInstanceUID: study,
      destination: "NOBODY",
    });
    const last = (await linesOf(response)).at(-1);
    expect(last).toMatchObject({ problem: { code: "dimse-status", dimseStatus: "A801" } });
  });

  it("a client that goes away cancels a move with C-CANCEL, and the association is released", async () => {
    const cancelled = deferred();
    const asked = deferred();
    const ends: (string | undefined)[] = [];
    await using pacs = await listenTcp(0, {
      aeTitle: "SLOW",
      services: {
        query: { models: [StudyRootFind], async *onFind() {} },
        retrieve: {
          models: [StudyRootMove],
          destination: () => ({ connect: () => Promise.reject(new Error("never reached")) }),
          async onRetrieve(_, { signal }) {
            asked.resolve();
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => resolve());
            });
            cancelled.resolve();
            return { count: 0, instances: [] };
          },
        },
      },
      onConnection: () => ({
        onEvent: (event) => {
          if (event.kind === "ended") ends.push(event.error?.code);
        },
      }),
    });
    const leaving = new AbortController();
    const peer = { host: "127.0.0.1", port: pacs.port, callingAE: "NEAR", calledAE: "SLOW" };
    const response = await post(
      `${near.http}/api/dicom/move`,
      { ...peer, studyInstanceUID: study, destination: "X" },
      { signal: leaving.signal },
    );
    expect(response.status).toBe(200);
    await asked.promise;
    leaving.abort();
    await cancelled.promise;
    await eventually(
      () => ends,
      (all) => all.length === 1,
    );
    expect(ends).toEqual([undefined]);
  });
});

describe("jobs", () => {
  it("run in the background, tell how far they are, and are remembered over a restart", async () => {
    await using server = await testServer({ aeTitle: "JOBS" });
    const begun = await post(`${server.http}/api/dicom/get?async=1`, {
      ...spelledOut(),
      studyInstanceUID: study,
    });
    expect(begun.status).toBe(202);
    const { id } = (await begun.json()) as { id: string };
    expect(begun.headers.get("location")).toBe(`/api/jobs/${id}`);
    const ask = async (http: string) =>
      (await (await fetch(`${http}/api/jobs/${id}`)).json()) as { state: string; result?: unknown };
    const job = await eventually(
      () => ask(server.http),
      ({ state }) => state === "succeeded",
    );
    expect(job.result).toMatchObject({ completed: count });
    const again = await server.restart();
    expect(await ask(again.http)).toEqual(job);
    const { jobs } = (await (await fetch(`${again.http}/api/jobs`)).json()) as { jobs: unknown[] };
    expect(jobs).toEqual([job]);
    await again[Symbol.asyncDispose]();
  });

  it("a job is cancelled, and one that failed says why", async () => {
    await using pacs = await listenTcp(0, { services: {}, timeouts: { idleMs: 0 } });
    const stuck = { host: "127.0.0.1", port: pacs.port, calledAE: "STUCK", studyInstanceUID: study };
    const failed = (await (await post(`${near.http}/api/dicom/get?async=1`, stuck)).json()) as { id: string };
    const job = await eventually(
      async () => (await (await fetch(`${near.http}/api/jobs/${failed.id}`)).json()) as { state: string },
      ({ state }) => state === "failed",
    );
    expect(job).toMatchObject({ problem: { code: "no-accepted-context" } });
    expect((await fetch(`${near.http}/api/jobs/none`, { method: "DELETE" })).status).toBe(404);

    const asked = deferred();
    await using slow = await listenTcp(0, {
      services: {
        query: {
          models: [StudyRootFind],
          // oxlint-disable-next-line require-yield -- it never answers
          async *onFind(_, { signal }) {
            asked.resolve();
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => resolve());
            });
          },
        },
      },
    });
    const running = (await (
      await post(`${near.http}/api/dicom/get?async=1`, { ...stuck, port: slow.port })
    ).json()) as { id: string };
    await asked.promise;
    expect((await fetch(`${near.http}/api/jobs/${running.id}`, { method: "DELETE" })).status).toBe(202);
    await eventually(
      async () => (await (await fetch(`${near.http}/api/jobs/${running.id}`)).json()) as { state: string },
      ({ state }) => state === "cancelled",
    );
  });
});

describe("feeds", () => {
  it("changes come as server-sent events, and a reader that comes back misses none", async () => {
    await using server = await testServer();
    const leaving = new AbortController();
    const feed = eventsOf(await fetch(`${server.http}/api/changes?since=0`, { signal: leaving.signal }));
    const files = (await demoFiles("DEMO-0003")).slice(0, 3);
    await loadFiles(server, files.slice(0, 2));
    const first = await feed.next();
    const second = await feed.next();
    expect(first.value).toMatchObject({ event: "instance-stored", data: { kind: "instance-stored" } });
    leaving.abort();
    await loadFiles(server, files.slice(2));
    const again = new AbortController();
    const resumed = eventsOf(
      await fetch(`${server.http}/api/changes`, {
        signal: again.signal,
        headers: { "last-event-id": String((second.value as { id: string }).id) },
      }),
    );
    const third = await resumed.next();
    expect(Number((third.value as { id: string }).id)).toBe(Number((second.value as { id: string }).id) + 1);
    again.abort();
    // It holds UIDs, and nothing of the patient.
    expect(JSON.stringify([first.value, third.value])).not.toMatch(/DEMO-|\^/);
  });

  it("associations have timelines without patient data, in both directions", async () => {
    await using server = await testServer({ aeTitle: "WATCHED" });
    const leaving = new AbortController();
    const feed = eventsOf(
      await fetch(`${server.http}/api/associations/events?since=0`, { signal: leaving.signal }),
    );
    const peer = {
      host: "127.0.0.1",
      port: server.server.dicom.port,
      callingAE: "WATCHER",
      calledAE: "WATCHED",
    };
    await loadFiles(server, (await demoFiles("DEMO-0001")).slice(0, 1));
    await post(`${server.http}/api/associations/recording`, { on: true });
    const found = await post(`${server.http}/api/dicom/find`, {
      ...peer,
      level: "STUDY",
      criteria: { patientName: "LIND*" },
    });
    expect(((await found.json()) as { results: unknown[] }).results).toHaveLength(1);
    const { associations, recordingUntil } = (await (
      await fetch(`${server.http}/api/associations`)
    ).json()) as {
      associations: { id: string; direction: string; state: string; callingAE: string }[];
      recordingUntil: string;
    };
    expect(Date.parse(recordingUntil)).toBeGreaterThan(Date.now());
    expect(associations.map(({ direction }) => direction).sort()).toEqual(["incoming", "outgoing"]);
    expect(associations.every(({ callingAE }) => callingAE === "WATCHER")).toBe(true);
    const [outgoing] = associations.filter(({ direction }) => direction === "outgoing");
    const one = (await (await fetch(`${server.http}/api/associations/${outgoing?.id}`)).json()) as {
      state: string;
      events: { kind: string; elements?: { keyword?: string; value?: string[]; redacted?: boolean }[] }[];
    };
    expect(one.state).toBe("released");
    expect(one.events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["connected", "pdu", "command", "ended"]),
    );
    const recorded = one.events.flatMap(({ elements = [] }) => elements);
    expect(recorded).toContainEqual(
      expect.objectContaining({ keyword: "QueryRetrieveLevel", value: ["STUDY"] }),
    );
    expect(recorded).toContainEqual(expect.objectContaining({ keyword: "PatientName", redacted: true }));
    expect(JSON.stringify(one)).not.toMatch(/lind|DEMO-/i);
    const event = await feed.next();
    expect(event.value).toMatchObject({ event: "association", data: { seq: 1 } });
    leaving.abort();
    expect((await fetch(`${server.http}/api/associations/none`)).status).toBe(404);
  });

  it("a server that stops ends its streams", async () => {
    const server = await testServer();
    const feed = eventsOf(await fetch(`${server.http}/api/changes`));
    const next = feed.next();
    await server[Symbol.asyncDispose]();
    expect((await next).done).toBe(true);
  });
});

async function studiesOf({ server }: TestServer): Promise<string[]> {
  const found: string[] = [];
  for await (const match of server.archive.find({
    level: "STUDY",
    keys: DataSet.of({ StudyInstanceUID: "" }),
  }))
    found.push(match.string("StudyInstanceUID") ?? "");
  return found;
}

async function seriesOf({ server }: TestServer): Promise<string[]> {
  const found: string[] = [];
  const keys = DataSet.of({ StudyInstanceUID: study, SeriesInstanceUID: "" });
  for await (const match of server.archive.find({ level: "SERIES", keys }))
    found.push(match.string("SeriesInstanceUID") ?? "");
  return found;
}
