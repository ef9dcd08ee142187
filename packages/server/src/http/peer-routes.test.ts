/** Peers over HTTP: added, changed, kept, verified, examined; and what is refused. */
import { describe, expect, it } from "vitest";
import { pino } from "pino";
import { defaultConfig } from "../config/config.ts";
import { PeerRegistry } from "../peers/registry.ts";
import { linesOf, post, type TestServer, testServer } from "../test/servers.ts";
import { createApp } from "./app.ts";

const pacs = { id: "pacs", kind: "dimse", host: "127.0.0.1", port: 1, callingAE: "A", calledAE: "B" };

async function put({ http }: TestServer, id: string, body: unknown): Promise<Response> {
  return post(`${http}/api/peers/${id}`, body, { method: "PUT" });
}

describe("peers", () => {
  it("are added, changed, told without their logins, kept over a restart, and removed", async () => {
    await using server = await testServer({
      peers: [{ id: "set", name: "Set", host: "127.0.0.1", port: 2, callingAE: "A", calledAE: "C" }],
    });
    const web = { id: "web", kind: "dicomweb", url: "http://127.0.0.1:9/dicom-web", token: "SECRET-TOKEN" };
    const added = await post(`${server.http}/api/peers`, web);
    expect(added.status).toBe(201);
    expect(await added.json()).toEqual({
      id: "web",
      kind: "dicomweb",
      name: "web",
      origin: "stored",
      url: "http://127.0.0.1:9/dicom-web",
      hasLogin: true,
    });
    expect((await post(`${server.http}/api/peers`, pacs)).status).toBe(201);
    expect((await put(server, "pacs", { ...pacs, port: 3, tls: true })).status).toBe(200);
    const again = await server.restart();
    const text = await (await fetch(`${again.http}/api/peers`)).text();
    expect(text).not.toContain("SECRET-TOKEN");
    const { peers } = JSON.parse(text) as { peers: { id: string }[] };
    expect(peers.map(({ id }) => id)).toEqual(["set", "web", "pacs"]);
    expect(peers[2]).toMatchObject({ port: 3, secure: true, origin: "stored" });
    expect((await fetch(`${again.http}/api/peers/web`, { method: "DELETE" })).status).toBe(204);
    expect((await fetch(`${again.http}/api/peers/web`)).status).toBe(404);
    expect((await fetch(`${again.http}/api/peers/set`, { method: "DELETE" })).status).toBe(409);
    expect((await put(again, "set", { ...pacs, id: "set" })).status).toBe(409);
    await again[Symbol.asyncDispose]();
  });

  it.each([
    [{ ...pacs, id: "studies" }, 400, "request-invalid"],
    [{ ...pacs, id: "a b" }, 400, "request-invalid"],
    [{ ...pacs, calledAE: "" }, 400, "request-invalid"],
    [{ ...pacs, tls: { key: "/etc/passwd" } }, 400, "request-invalid"],
    [{ ...pacs, host: "169.254.169.254" }, 403, "peer-not-allowed"],
    [{ id: "w", kind: "dicomweb", url: "file:///etc/passwd" }, 400, "request-invalid"],
    [{ id: "w", kind: "dicomweb", url: "http://169.254.169.254/latest" }, 403, "peer-not-allowed"],
    [{ id: "w", kind: "dicomweb", url: "http://[fe80::1]/x" }, 403, "peer-not-allowed"],
  ])("%j is refused: %i %s", async (body, status, code) => {
    const app = appWith({});
    const answer = await app.request("http://127.0.0.1/api/peers", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(await answer.json()).toMatchObject({ status, code });
  });

  it("are not changed on a public server, unless its configuration says so", async () => {
    const request = (peerChanges?: boolean) =>
      appWith({
        http: { host: "0.0.0.0", port: 1 },
        token: "t",
        ...(peerChanges === undefined ? {} : { peerChanges }),
      }).request("http://pacs.example/api/peers", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer t" },
        body: JSON.stringify(pacs),
      });
    expect(await (await request()).json()).toMatchObject({ code: "peers-read-only" });
    expect((await request(true)).status).toBe(201);
  });

  it("are verified and examined step by step", async () => {
    await using server = await testServer({ aeTitle: "FAR" });
    const { port } = server.server.dicom;
    await post(`${server.http}/api/peers`, { ...pacs, port, calledAE: "FAR" });
    await post(`${server.http}/api/peers`, { ...pacs, id: "wrong", port, calledAE: "WRONG" });
    await post(`${server.http}/api/peers`, { ...pacs, id: "off" });
    await post(`${server.http}/api/peers`, { id: "web", kind: "dicomweb", url: `${server.http}/dicom-web` });
    expect(await (await post(`${server.http}/api/peers/pacs/echo`, {})).json()).toMatchObject({
      status: "success",
    });
    expect(await (await post(`${server.http}/api/peers/web/echo`, {})).json()).toMatchObject({
      status: "success",
    });
    expect(await (await post(`${server.http}/api/peers/off/echo`, {})).json()).toMatchObject({
      code: "connection-refused",
    });
    const { lastEcho } = (await (await fetch(`${server.http}/api/peers/off`)).json()) as { lastEcho: object };
    expect(lastEcho).toMatchObject({ ok: false });
    const doctor = async (id: string) => linesOf(await post(`${server.http}/api/peers/${id}/doctor`, {}));
    const healthy = await doctor("pacs");
    expect(healthy.map(({ step, ok }) => [step, ok])).toEqual([
      ["name", true],
      ["connection", true],
      ["association", true],
      ["query", true],
      ["verdict", true],
    ]);
    expect((await doctor("wrong")).map(({ step, ok, code }) => [step, ok, code]).slice(2)).toEqual([
      ["association", false, "association-rejected"],
      ["verdict", false, undefined],
    ]);
    expect((await doctor("off"))[1]).toMatchObject({
      step: "connection",
      ok: false,
      code: "connection-refused",
    });
    expect((await doctor("web")).at(-1)).toMatchObject({ step: "verdict", ok: true });
  });
});

function appWith(config: Partial<Parameters<typeof createApp>[0]["config"]>): ReturnType<typeof createApp> {
  const whole = { ...defaultConfig, ...config };
  return createApp({
    config: whole,
    state: { ready: true, dicom: whole.dicom, http: whole.http },
    local: {} as never,
    peers: new PeerRegistry([]),
    logger: pino({ level: "silent" }),
    startedAt: new Date(),
  });
}
