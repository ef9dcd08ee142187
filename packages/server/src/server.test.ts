/** A whole server on free ports: the HTTP API's contract, and two servers talking DICOM with each other. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instanceFromFile } from "@isocenter/archive";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultConfig, type ServerConfig } from "./config/config.ts";
import { createApp } from "./http/app.ts";
import { PeerRegistry } from "./peers/registry.ts";
import { type RunningServer, startServer } from "./server.ts";
import { pino } from "pino";
import { fileURLToPath } from "node:url";

const demo = fileURLToPath(new URL("../../../demo", import.meta.url));
let folder: string;
let server: RunningServer;
let http: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-server-"));
  server = await startServer({
    ...defaultConfig,
    dataFolder: folder,
    http: { host: "127.0.0.1", port: 0 },
    dicom: { host: "127.0.0.1", port: 0 },
    peers: [{ id: "far", name: "Far", host: "127.0.0.1", port: 1, callingAE: "A", calledAE: "B" }],
  });
  http = `http://127.0.0.1:${server.http.port}`;
  const { readdir } = await import("node:fs/promises");
  const files = (await readdir(demo, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.name.endsWith(".dcm"),
  );
  // One file of each patient is enough to query.
  const patients = new Map(
    files.map((entry) => [
      entry.parentPath.slice(demo.length).split("/")[1],
      join(entry.parentPath, entry.name),
    ]),
  );
  for (const path of patients.values()) {
    for await (const outcome of server.archive.store([await instanceFromFile(path)]))
      expect(outcome.kind).toBe("stored");
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${http}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: (await response.json()) as never,
  };
}
const self = () => ({ host: "127.0.0.1", port: server.dicom.port, callingAE: "WEB", calledAE: "ISOCENTER" });

describe("connect, echo and find", () => {
  it("connect associates, echoes and answers what was negotiated; find takes its connectionId", async () => {
    const connected = await post("/api/dicom/connect", self());
    expect(connected).toMatchObject({
      status: 200,
      body: {
        connectionId: expect.any(String) as string,
        peer: self(),
        roundTripMs: expect.any(Number) as number,
        negotiated: {
          maximumPduLength: 131_072,
          implementationVersionName: expect.stringMatching(/^ISOCENTER/) as string,
          contexts: expect.arrayContaining([
            expect.objectContaining({ abstractSyntax: "1.2.840.10008.1.1", result: "accepted" }),
          ]) as unknown,
        },
      },
    });
    const { connectionId } = connected.body as { connectionId: string };
    const found = await post("/api/dicom/find", {
      connectionId,
      level: "STUDY",
      criteria: { patientName: "lind*" },
    });
    expect(found).toMatchObject({
      status: 200,
      body: {
        source: "peer",
        truncated: false,
        results: [
          {
            patientName: "Lindqvist^Astrid",
            patientID: "DEMO-0001",
            studyDate: "20261116",
            modality: expect.any(String) as string,
            studyInstanceUID: expect.stringMatching(/^[\d.]+$/) as string,
            dicom: { "00100020": { vr: "LO", Value: ["DEMO-0001"] } },
          },
        ],
      },
    });
    const echoed = await post("/api/dicom/echo", { connectionId });
    expect(echoed).toMatchObject({ status: 200, body: { status: "success" } });
    const { peers } = (await (await fetch(`${http}/api/dicom/peers`)).json()) as { peers: { id: string }[] };
    expect(peers.map(({ id }) => id)).toEqual(["far", connectionId]);
  });

  it("find takes the peer spelled out, criteria by short name, keyword and tag, and asks the archive without one", async () => {
    const remote = await post("/api/dicom/find", {
      ...self(),
      level: "STUDY",
      criteria: { studyDate: "20261118-20261119" },
    });
    expect((remote.body as { results: unknown[] }).results).toHaveLength(3);
    const byKeyword = await post("/api/dicom/find", { level: "STUDY", criteria: { PatientID: "DEMO-0004" } });
    const byTag = await post("/api/dicom/find", { level: "STUDY", criteria: { "00100020": "DEMO-0004" } });
    const byShortName = await post("/api/dicom/find", {
      level: "STUDY",
      criteria: { patientID: "DEMO-0004" },
    });
    expect(byKeyword.body).toMatchObject({ source: "local", results: [{ patientID: "DEMO-0004" }] });
    expect(byTag).toEqual(byKeyword);
    expect(byShortName).toEqual(byKeyword);
    const limited = await post("/api/dicom/find", { level: "STUDY", limit: 2 });
    expect(limited.body).toMatchObject({ truncated: true });
    expect((limited.body as { results: unknown[] }).results).toHaveLength(2);
  });

  it.each([
    ["/api/dicom/connect", { host: "127.0.0.1" }, 400, "request-invalid"],
    ["/api/dicom/connect", { host: "127.0.0.1", callingAE: "A\\B", calledAE: "C" }, 400, "request-invalid"],
    [
      "/api/dicom/connect",
      { host: "127.0.0.1", callingAE: "SEVENTEEN-LETTERS", calledAE: "C" },
      400,
      "request-invalid",
    ],
    [
      "/api/dicom/connect",
      { host: "169.254.169.254", callingAE: "A", calledAE: "C" },
      403,
      "peer-not-allowed",
    ],
    ["/api/dicom/find", { connectionId: "c-none", level: "STUDY" }, 404, "connection-unknown"],
    ["/api/dicom/find", { level: "ROOM" }, 400, "request-invalid"],
    ["/api/dicom/find", { level: "STUDY", criteria: { patientNam: "x" } }, 400, "criterion-unknown"],
    ["/api/dicom/find", "{", 400, "request-invalid"],
    ["/api/dicom/echo", {}, 400, "peer-missing"],
    ["/api/dicom/echo", { peer: "far" }, 502, "connection-refused"],
    ["/api/dicom/none", {}, 404, "not-found"],
  ])("%s %j answers a problem: %i %s", async (path, body, status, code) => {
    const answer = await post(path, body);
    expect(answer.type).toBe("application/problem+json");
    expect(answer).toMatchObject({ status, body: { status, code, title: expect.any(String) as string } });
  });

  it("a rejected association is answered with source and reason", async () => {
    const answer = await post("/api/dicom/connect", { ...self(), calledAE: "isocenter" });
    expect(answer).toMatchObject({
      status: 502,
      body: {
        code: "association-rejected",
        reject: { source: "service-user", reason: "called-AE-title-not-recognized" },
        hint: expect.any(String) as string,
      },
    });
  });
});

describe("the API's edges", () => {
  it("has an OpenAPI document with every route", async () => {
    const { openapi, paths } = (await (await fetch(`${http}/api/openapi.json`)).json()) as {
      openapi: string;
      paths: object;
    };
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        "/api/dicom/connect",
        "/api/dicom/echo",
        "/api/dicom/find",
        "/api/dicom/peers",
      ]),
    );
  });

  it("answers no other name than a loopback one, and no foreign page", async () => {
    const app = appWith({ ...defaultConfig });
    expect((await app.request("http://evil.example/api/about")).status).toBe(421);
    const foreign = await app.request("http://127.0.0.1:8104/api/dicom/find", {
      method: "POST",
      headers: { origin: "https://evil.example", "content-type": "application/json" },
      body: "{}",
    });
    expect(foreign.status).toBe(403);
  });

  it("asks for its token where it has one, and takes only configured peers when public", async () => {
    const app = appWith({ ...defaultConfig, http: { host: "0.0.0.0", port: 8104 }, token: "secret" });
    const request = (token?: string) =>
      app.request("http://server/api/dicom/connect", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(self()),
      });
    expect((await request()).status).toBe(401);
    expect((await request("wrong")).status).toBe(401);
    expect(await (await request("secret")).json()).toMatchObject({ code: "peer-not-allowed" });
  });

  it("is not healthy before it is ready", async () => {
    expect((await fetch(`${http}/healthz`)).status).toBe(200);
    expect((await appWith({ ...defaultConfig }).request("http://127.0.0.1/healthz")).status).toBe(503);
  });

  function appWith(config: ServerConfig) {
    return createApp({
      config,
      state: { ready: false, dicom: config.dicom, http: config.http },
      local: server.archive,
      peers: new PeerRegistry([]),
      logger: pino({ level: "silent" }),
      startedAt: new Date(),
    });
  }
});

describe("the DICOMweb face of the server", () => {
  const appWith = (config: Partial<ServerConfig>): ReturnType<typeof createApp> =>
    createApp({
      config: { ...defaultConfig, dataFolder: folder, ...config },
      state: { ready: true, dicom: defaultConfig.dicom, http: defaultConfig.http },
      local: server.archive,
      peers: new PeerRegistry([], { webPeers: config.webPeers ?? [] }),
      logger: pino({ level: "silent" }),
      startedAt: new Date(),
    });
  const studies = "http://127.0.0.1/dicom-web/studies";

  it("answers from the archive over a socket", async () => {
    const response = await fetch(`${http}/dicom-web/studies`);
    expect(response.status).toBe(200);
    const found = (await response.json()) as Record<string, { Value?: unknown[] }>[];
    expect(found.length).toBeGreaterThan(5);
    const [url] = found[0]?.["00081190"]?.Value ?? [];
    const metadata = (await (await fetch(`${String(url)}/metadata`)).json()) as typeof found;
    const {
      "00080018": instance,
      "0020000E": series,
      "00280010": rows,
      "00280011": columns,
    } = metadata[0] ?? {};
    expect(series?.Value).toHaveLength(1);
    expect(rows?.Value ?? columns?.Value).toBeDefined();
    const frame = await fetch(
      `${String(url)}/series/${String(series?.Value?.[0])}/instances/${String(instance?.Value?.[0])}/frames/1`,
      {
        headers: { accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*' },
      },
    );
    expect(frame.status).toBe(200);
    // Sent as pieces past the web streams, with its length.
    const body = Buffer.from(await frame.arrayBuffer());
    expect(frame.headers.get("content-length")).toBe(String(body.length));
    expect(body.toString("latin1")).toMatch(/^--isocenter-[^]*\r\n--isocenter-[0-9a-f-]+--\r\n$/);
  });

  it("asks for the same login as the API", async () => {
    const app = appWith({ token: "secret" });
    expect((await app.request(studies)).status).toBe(401);
    expect((await app.request(studies, { headers: { authorization: "Bearer secret" } })).status).toBe(200);
  });

  it("is not for pages of other origins, but for those on the list", async () => {
    const headers = { origin: "https://viewer.example.org" };
    const preflight = { ...headers, "access-control-request-method": "POST" };
    const closed = appWith({});
    expect((await closed.request(studies, { headers })).headers.has("access-control-allow-origin")).toBe(
      false,
    );
    expect((await closed.request(studies, { method: "OPTIONS", headers: preflight })).status).toBe(403);
    expect((await closed.request(studies, { method: "POST", headers })).status).toBe(403);
    const open = appWith({ webOrigins: ["https://viewer.example.org"], token: "secret" });
    const asked = await open.request(studies, { method: "OPTIONS", headers: preflight });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe("https://viewer.example.org");
    const got = await open.request(studies, { headers: { ...headers, authorization: "Bearer secret" } });
    expect(got.status).toBe(200);
    expect(got.headers.get("access-control-allow-origin")).toBe("https://viewer.example.org");
    expect(got.headers.get("vary")).toContain("Origin");
    const other = await open.request(studies, {
      headers: { origin: "https://evil.example", authorization: "Bearer secret" },
    });
    expect(other.headers.has("access-control-allow-origin")).toBe(false);
  });

  it("is not reached through another name for loopback", async () => {
    expect((await appWith({}).request("http://rebound.example/dicom-web/studies")).status).toBe(421);
  });

  it("has DICOMweb peers beside DICOM ones", async () => {
    const app = appWith({ webPeers: [{ id: "near", name: "Near", url: `${http}/dicom-web` }] });
    const response = await app.request("http://127.0.0.1/dicom-web/near/studies");
    expect(response.status).toBe(200);
    const [study] = (await response.json()) as Record<string, { Value?: unknown[] }>[];
    expect(study?.["00081190"]?.Value).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1\/dicom-web\/near\/studies\//),
    ]);
    expect((await app.request("http://127.0.0.1/dicom-web/far/studies")).status).toBe(404);
  });
});
