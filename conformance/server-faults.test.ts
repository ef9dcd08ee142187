/**
 * Faults under a running server, seen through DICOM and HTTP: killed with a full forward queue, PostgreSQL gone and back, S3
 * answering 500, the disk full. What was acknowledged is there, errors say what is wrong, and it goes on by itself.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DimsePeer, type InstanceStream, type StoreOutcome } from "@isocenter/archive";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { listenTcp } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresPrograms, startPostgres, type TestPostgres } from "../packages/archive/src/test/postgres.ts";
import { startS3, type TestS3 } from "../packages/archive/src/test/s3.ts";
import { freePort, isocenterBin, type Running, run, start, waitFor } from "./support/processes.ts";

const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const syntax = TransferSyntax.ExplicitVRLittleEndian;

function instance(number: number, bytes = 20_000, study = "1.2.1"): InstanceStream {
  const dataSet = DataSet.of({
    SOPClassUID: ctImage,
    SOPInstanceUID: `1.9.${number}`,
    StudyInstanceUID: study,
    SeriesInstanceUID: `${study}.1`,
    PatientID: "FAULT",
    Modality: "CT",
    PixelData: new Uint8Array(bytes).fill(number % 251),
  });
  const encoded = encodeDataSet(dataSet, syntax);
  return {
    sopClassUid: ctImage,
    sopInstanceUid: `1.9.${number}`,
    transferSyntaxUid: syntax,
    async *dataSet() {
      yield encoded;
    },
  };
}

interface Server extends Running {
  readonly http: string;
  readonly peer: DimsePeer;
  readonly arguments: readonly string[];
}

async function serve(
  folder: string,
  args: readonly string[],
  ports?: readonly [number, number],
): Promise<Server> {
  const [httpPort, dicomPort] = ports ?? [await freePort(), await freePort()];
  const all = [
    "serve",
    "--data",
    join(folder, "data"),
    "--http",
    `127.0.0.1:${httpPort}`,
    "--dicom",
    `127.0.0.1:${dicomPort}`,
    ...args,
  ];
  const server = start(process.execPath, [isocenterBin, ...all]);
  const http = `http://127.0.0.1:${httpPort}`;
  await waitFor("isocenter serve", async () => (await fetch(`${http}/readyz`)).ok).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${server.output()}`);
  });
  const peer = new DimsePeer(
    { host: "127.0.0.1", port: dicomPort, callingAeTitle: "SENDER", calledAeTitle: "ISOCENTER" },
    { parallel: 2 },
  );
  return { ...server, http, peer, arguments: all };
}

async function store(server: Server, ...instances: InstanceStream[]): Promise<StoreOutcome[]> {
  const outcomes: StoreOutcome[] = [];
  for await (const outcome of server.peer.store(instances)) outcomes.push(outcome);
  return outcomes;
}

const held = async ({ http }: Server): Promise<string[]> => {
  const response = await fetch(`${http}/dicom-web/studies/1.2.1/instances?limit=1000`, {
    headers: { accept: "application/dicom+json" },
  });
  if (response.status === 204) return [];
  expect(response.status).toBe(200);
  const found = (await response.json()) as Record<string, { Value?: string[] }>[];
  return found.map((one) => one["00080018"]?.Value?.[0] ?? "");
};

const readiness = async ({ http }: Server): Promise<[number, unknown]> => {
  const response = await fetch(`${http}/readyz`);
  return [response.status, await response.json()];
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-faults-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("kill -9 with instances to be forwarded", () => {
  it("forwards everything that was acknowledged, once the server is up again and the peer is there", async () => {
    const own = await mkdtemp(join(folder, "queue-"));
    const port = await freePort();
    const config = join(own, "isocenter.json");
    await writeFile(
      config,
      JSON.stringify({
        peers: { far: { host: "127.0.0.1", port, aeTitle: "FAR" } },
        routing: { rules: [{ name: "all", to: "far" }] },
      }),
    );
    const first = await serve(own, ["--config", config]);
    const acknowledged: string[] = [];
    for await (const outcome of first.peer.store(
      Array.from({ length: 120 }, (_, index) => instance(index)),
    )) {
      if (outcome.kind === "stored") acknowledged.push(outcome.sopInstanceUid);
      if (acknowledged.length < 60) continue;
      await first.stop("SIGKILL");
      break;
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    const received = new Set<string>();
    await using _ = await listenTcp(port, {
      services: {
        storage: {
          sopClasses: "any",
          async onStore(bytes, { affectedSopInstanceUid }) {
            for await (const _chunk of bytes) continue;
            received.add(affectedSopInstanceUid);
            return 0;
          },
        },
      },
    });
    const second = await serve(own, ["--config", config]);
    await waitFor("forwarding", () => Promise.resolve(acknowledged.every((uid) => received.has(uid))));
    const queue = async (): Promise<unknown> =>
      ((await (await fetch(`${second.http}/api/queue`)).json()) as { counts: unknown }).counts;
    await waitFor("an empty queue", async () => JSON.stringify(await queue()) === "[]");
    await second.stop();
    const checked = await run(process.execPath, [
      isocenterBin,
      "audit",
      "verify",
      "--data",
      join(own, "data"),
    ]);
    expect(checked.stdout).toMatch(/ 0 are not/);
  });
});

describe.skipIf(postgresPrograms() === undefined)("PostgreSQL gone and back", () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());

  it("requests fail clearly, nothing acknowledged is lost, and it goes on by itself", async () => {
    const own = await mkdtemp(join(folder, "postgres-"));
    const server = await serve(own, ["--database", await postgres.createDatabase()]);
    expect((await store(server, instance(1), instance(2))).map(({ kind }) => kind)).toEqual([
      "stored",
      "stored",
    ]);
    await postgres.kill();
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
    expect(await readiness(server)).toEqual([503, { status: "archive-unavailable" }]);
    expect(await store(server, instance(3))).toMatchObject([{ kind: "failed", status: 0xa700 }]);
    const about = await fetch(`${server.http}/api/about`);
    expect([about.status, await about.json()]).toMatchObject([503, { code: "storage-failed" }]);
    const search = await fetch(`${server.http}/dicom-web/studies`, {
      headers: { accept: "application/dicom+json" },
    });
    expect(search.status).toBeGreaterThanOrEqual(500);
    expect(await search.json()).toMatchObject({ code: "storage-failed" });
    await expect(
      (async () => {
        for await (const _ of server.peer.find({
          level: "STUDY",
          keys: DataSet.of({ StudyInstanceUID: "" }),
        }))
          continue;
      })(),
    ).rejects.toMatchObject({ code: "dimse-status" });
    await postgres.start();
    await waitFor("readiness", async () => (await readiness(server))[0] === 200);
    expect((await store(server, instance(3)))[0]?.kind).toBe("stored");
    expect((await held(server)).sort()).toEqual(["1.9.1", "1.9.2", "1.9.3"]);
    await server.stop();
  });
});

describe("S3 answering 500", () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await startS3();
  });
  afterAll(() => s3?.stop());

  it("refuses what it cannot keep, answers for what it cannot read, and goes on by itself", async () => {
    const own = await mkdtemp(join(folder, "s3-"));
    const server = await serve(own, ["--objects", s3.createPlace()]);
    expect((await store(server, instance(1)))[0]?.kind).toBe("stored");
    s3.fail = (method) => (method === "PUT" || method === "POST" ? 500 : undefined);
    expect(await store(server, instance(2))).toMatchObject([{ kind: "failed", status: 0xa700 }]);
    expect(await held(server)).toEqual(["1.9.1"]);
    s3.fail = (method) => (method === "GET" ? 500 : undefined);
    const file = (): Promise<Response> =>
      fetch(`${server.http}/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.9.1`, {
        headers: { accept: "application/dicom; transfer-syntax=*" },
      });
    const broken = await file().then(
      async (response) =>
        response.ok
          ? response.arrayBuffer().then(
              () => 200,
              () => "cut",
            )
          : response.status,
      () => "cut",
    );
    // Before its head, or in the middle: never as if it were whole.
    expect(broken).not.toBe(200);
    s3.fail = () => undefined;
    expect((await store(server, instance(2)))[0]?.kind).toBe("stored");
    const whole = await file();
    expect(whole.status).toBe(200);
    expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(20_000);
    await server.stop();
  });
});

describe.skipIf(process.getuid?.() !== 0)("a full disk", () => {
  let disk: string;
  beforeAll(async () => {
    disk = join(folder, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", disk]);
  });
  afterAll(() => {
    execFileSync("umount", [disk]);
  });

  it("refuses what does not fit, reads and deletes what is there, and takes more when there is room", async () => {
    const server = await serve(disk, []);
    const stored: string[] = [];
    let refused: StoreOutcome | undefined;
    for (let number = 0; refused === undefined; number++) {
      const [outcome] = await store(
        server,
        instance(number, 1_000_000, number % 2 === 0 ? "1.2.1" : "1.2.2"),
      );
      if (outcome?.kind === "stored") stored.push(outcome.sopInstanceUid);
      else refused = outcome;
    }
    expect(refused).toMatchObject({ status: 0xa700 });
    expect(stored.length).toBeGreaterThan(5);
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
    const even = stored.filter((_, index) => index % 2 === 0);
    expect((await held(server)).sort()).toEqual([...even].sort());
    const [one = ""] = even;
    const file = await fetch(`${server.http}/dicom-web/studies/1.2.1/series/1.2.1.1/instances/${one}`, {
      headers: { accept: "application/dicom; transfer-syntax=*" },
    });
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(1_000_000);
    const removed = await fetch(`${server.http}/dicom-web/studies/1.2.2`, { method: "DELETE" });
    expect(removed.status).toBeLessThan(300);
    await waitFor("room", async () => (await store(server, instance(5000)))[0]?.kind === "stored");
    expect((await held(server)).length).toBe(even.length + 1);
    await server.stop();
    const checked = await run(process.execPath, [
      isocenterBin,
      "audit",
      "verify",
      "--data",
      join(disk, "data"),
    ]);
    expect(checked.stdout).toMatch(/ 0 are not/);
    const verified = await run(process.execPath, [isocenterBin, "verify", "--data", join(disk, "data")]);
    expect(verified.stdout).toMatch(/ 0 problems/);
  });
});
