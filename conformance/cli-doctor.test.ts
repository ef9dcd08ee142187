/** `isocenter doctor` against real peers of each kind, and what is no DICOM peer. */
import { mkdir, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { DoctorReport } from "@isocenter/network/doctor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, isocenter, startListener } from "./support/cli-peers.ts";
import {
  demoFolder,
  freePort,
  hasProgram,
  run,
  start,
  temporaryFolder,
  waitFor,
} from "./support/processes.ts";
import {
  accepts,
  nodelay,
  orthancWith,
  startDcmqrscp,
  startOrthanc,
  startStorescp,
} from "./support/servers.ts";

let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

async function examined(
  ...args: string[]
): Promise<{ code: number | null; report: DoctorReport; codes: string[] }> {
  const { code, stdout, stderr } = await isocenter("doctor", ...args, "--json");
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as DoctorReport;
  return { code, report, codes: report.findings.map((finding) => finding.code) };
}

describe.skipIf(!hasProgram("dcmqrscp"))("dcmqrscp", () => {
  it("works, and everything is told", async () => {
    const peer = await startDcmqrscp(
      join(folder.path, "qrscp"),
      nodelay,
      [{ aeTitle: "WS1", port: await freePort() }],
      [],
    );
    expect((await isocenter("store", at(peer), "-xe", join(demoFolder, "DEMO-0005"))).code).toBe(0);
    const known = await examined(at(peer), "-aet", "WS1");
    const files = (await readdir(join(folder.path, "qrscp", "area"))).filter((name) => name.endsWith(".dcm"));
    await peer.stop();
    expect(known.code).toBe(0);
    expect(known.report.verdict).toBe("works");
    expect(known.codes).toEqual(
      expect.arrayContaining([
        "associated",
        "echo",
        "query",
        "charset",
        "get",
        "move-unclear",
        "storage",
        "uncompressed-only",
      ]),
    );
    expect(known.report.facts.implementation?.versionName).toBe("OFFIS_DCMTK_367");
    expect(JSON.stringify(known.report)).not.toMatch(/Silva|DEMO-0005/);
    // Nothing was stored by any probe.
    expect(files).toHaveLength(6);
  });

  it("is named with the title it does not go by", async () => {
    const peer = await startDcmqrscp(join(folder.path, "qrscp-title"), nodelay, [], []);
    const { code, report, codes } = await examined(`qrscp@127.0.0.1:${peer.port}`);
    await peer.stop();
    expect(codes).toContain("title-writing");
    expect(report.facts.calledAeTitle).toBe("QRSCP");
    expect(code).toBe(1);
  });
});

it.skipIf(!hasProgram("storescp"))(
  "storescp is a storage target alone, and takes the test instance when asked to",
  async () => {
    const out = join(folder.path, "storescp");
    const peer = await startStorescp(out, {});
    const image = join(demoFolder, "DEMO-0007");
    const [study = ""] = await readdir(image);
    const [series = ""] = await readdir(join(image, study));
    const [file = ""] = await readdir(join(image, study, series));
    const quiet = await examined(at(peer));
    expect(await readdir(out)).toEqual([]);
    const storing = await examined(at(peer), "--store-test", join(image, study, series, file));
    await peer.stop();
    expect(quiet.codes).toEqual(expect.arrayContaining(["storage", "compressed", "no-query"]));
    // Stock sockets of DCMTK hold small packets back.
    expect(quiet.codes).toContain("delayed-answers");
    expect(storing.report.facts.store?.ok).toBe(true);
    expect(await readdir(out)).toHaveLength(1);
  },
);

it.skipIf(!hasProgram("Orthanc"))("Orthanc", async () => {
  const peer = await startOrthanc(
    join(folder.path, "orthanc"),
    orthancWith([{ aeTitle: "WS1", port: await freePort() }]),
  );
  const { code, report, codes } = await examined(at(peer), "-aet", "WS1");
  const http = await examined(`ORTHANC@127.0.0.1:${new URL(peer.http).port}`);
  await peer.stop();
  expect(report.verdict).toBe("works");
  expect(code).toBe(0);
  expect(codes).toEqual(
    expect.arrayContaining(["query", "charset", "get", "storage", "compressed", "commitment"]),
  );
  expect(report.facts.checksCalled).toBe(true);
  expect(http.codes).toEqual(["wrong-protocol"]);
  expect(http.code).toBe(3);
});

it("our own qr is healthy", async () => {
  const peer = await startListener("qr", (port) => [port, demoFolder, "--read-only"]);
  const { report } = await examined(at(peer));
  await peer.stop();
  expect(report.findings.filter(({ kind }) => kind === "problem").map(({ code }) => code)).toEqual([]);
  expect(report.facts.limits?.window).toEqual({ invoked: 16, performed: 16 });
  expect(report.facts.echo?.looksDelayed).toBe(false);
});

it("a web server is named", async () => {
  const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { codes, code } = await examined(
    `127.0.0.1:${(server.address() as AddressInfo).port}`,
    "--probe-time",
    "3",
  );
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(codes).toEqual(["wrong-protocol"]);
  expect(code).toBe(3);
});

it("a closed port is told in plain words, with the text for the administrator", async () => {
  const port = await freePort();
  const { code, stdout, stderr } = await isocenter("doctor", `127.0.0.1:${port}`, "-v");
  expect(code).toBe(3);
  expect(stderr).toBe("");
  expect(stdout).toContain(`127.0.0.1:${port} cannot be reached by DICOM.`);
  expect(stdout).toContain(`Nothing accepts connections at 127.0.0.1:${port}.`);
  expect(stdout).toMatch(/To send to the PACS administrator:/);
  expect(stdout).toMatch(/Probes \(/);
});

it.skipIf(!hasProgram("storescp") || !hasProgram("openssl"))(
  "a port that speaks TLS is recognised",
  async () => {
    const [key, certificate] = ["key.pem", "cert.pem"].map((name) => join(folder.path, name));
    const files = [
      "-keyout",
      key ?? "",
      "-out",
      certificate ?? "",
      "-subj",
      "/CN=pacs.example.org",
      "-days",
      "2",
    ];
    const made = await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...files]);
    expect(made.code, made.stderr).toBe(0);
    const port = await freePort();
    const out = join(folder.path, "tls");
    await mkdir(out);
    const server = start("storescp", ["+tls", key ?? "", certificate ?? "", "-ic", "-od", out, String(port)]);
    try {
      await waitFor("storescp with TLS", () => accepts(port));
      const { report, codes } = await examined(`127.0.0.1:${port}`);
      expect(codes).toEqual(["tls-needed"]);
      expect(report.facts.tls).toMatchObject({ speaksTls: true, subject: "pacs.example.org" });
    } finally {
      await server.stop();
    }
  },
);
