/** `isocenter` with TLS against DCMTK both ways: certificates that do, and those that must not. */
import { X509Certificate } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type CertificateFiles,
  type TestAuthority,
  type TestCertificates,
  testCertificates,
  textOf,
} from "../packages/network/src/node/test/certificates.ts";
import { at, dicomFiles, isocenter, startListener } from "./support/cli-peers.ts";
import { demoFolder, freePort, hasProgram, run, start, waitFor } from "./support/processes.ts";
import { accepts, type DicomServer } from "./support/servers.ts";

let made: TestCertificates;
let authority: TestAuthority;
let pacs: CertificateFiles;
let modality: CertificateFiles;
let unknown: CertificateFiles;
let image: string;

beforeAll(async () => {
  // The profiles of DCMTK 3.6.7 have suites for RSA certificates.
  made = await testCertificates("rsa");
  authority = await made.authority("ca");
  [pacs, modality, unknown] = await Promise.all([
    authority.issue("pacs"),
    authority.issue("modality"),
    made.authority("stranger").then((stranger) => stranger.issue("unknown")),
  ]);
  [image = ""] = await dicomFiles(join(demoFolder, "DEMO-0007"));
});
afterAll(() => made.remove());

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const own = ({ key, certificate }: CertificateFiles): string[] => ["+tls", key, certificate];
const trusting = (): string[] => ["--tls-ca", authority.certificate];
const fingerprint = async ({ certificate }: CertificateFiles): Promise<string> =>
  new X509Certificate(await textOf(certificate)).fingerprint256;

describe.skipIf(!hasProgram("storescp"))("at DCMTK's storescp +tls", () => {
  async function storescp(certificate: CertificateFiles): Promise<DicomServer & { folder: string }> {
    const port = await freePort();
    const folder = join(made.folder, `received-${port}`);
    await mkdir(folder);
    const tls = [...own(certificate), "+cf", authority.certificate];
    const server = start("storescp", ["+xa", "-od", folder, "-aet", "STORESCP", ...tls, String(port)]);
    open.push(() => server.stop());
    await waitFor("storescp", () => accepts(port));
    return { ...server, aeTitle: "STORESCP", port, folder };
  }

  it("echo and store, with a certificate that it trusts", async () => {
    const peer = await storescp(pacs);
    const echo = await isocenter("echo", at(peer), ...own(modality), ...trusting());
    expect(echo.stderr).toBe("");
    expect(echo.code).toBe(0);
    const store = await isocenter("store", at(peer), ...own(modality), "+cf", authority.certificate, image);
    expect(store).toMatchObject({ code: 0, stderr: "", stdout: "1 stored\n" });
    expect(await readdir(peer.folder)).toHaveLength(1);
  });

  it("its certificate is trusted by its fingerprint, and by no other", async () => {
    const peer = await storescp(unknown);
    const by = async (certificate: CertificateFiles) =>
      isocenter("echo", at(peer), ...own(modality), "--tls-fingerprint", await fingerprint(certificate));
    expect((await by(unknown)).code).toBe(0);
    const wrong = await by(pacs);
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain("[certificate-untrusted]");
  });

  it("a stranger's certificate is refused, and what would help is said", async () => {
    const peer = await storescp(unknown);
    const { code, stderr } = await isocenter("store", at(peer), ...own(modality), ...trusting(), image);
    expect(code).toBe(3);
    expect(stderr).toContain("[certificate-untrusted]");
    expect(stderr).toMatch(/--tls-ca FILE.*--tls-fingerprint HEX/);
    expect(await readdir(peer.folder)).toEqual([]);
  });

  it("a certificate for another name is refused, unless it is named", async () => {
    const named = await authority.issue("named", { names: "DNS:archive.example.org" });
    const peer = await storescp(named);
    const { code, stderr } = await isocenter("echo", at(peer), ...own(modality), ...trusting());
    expect(code).toBe(3);
    expect(stderr).toContain("[certificate-name-mismatch]");
    const name = ["--tls-server-name", "archive.example.org"];
    expect((await isocenter("echo", at(peer), ...own(modality), ...trusting(), ...name)).code).toBe(0);
  });

  it("without a certificate of our own it says that it wants one", async () => {
    const peer = await storescp(pacs);
    const { code, stderr } = await isocenter("echo", at(peer), "--tls", ...trusting());
    expect(code).toBe(3);
    expect(stderr).toContain("[client-certificate-required]");
    expect(stderr).toContain("+tls KEY CERTIFICATE");
  });

  it("a certificate that it does not trust is told to be ours", async () => {
    const peer = await storescp(pacs);
    const { code, stderr } = await isocenter("echo", at(peer), ...own(unknown), ...trusting());
    expect(code).toBe(3);
    expect(stderr).toContain("this side");
  });

  it("the file with the peers says it too, with files beside it", async () => {
    const peer = await storescp(pacs);
    const folder = join(made.folder, `config-${peer.port}`);
    await mkdir(folder);
    for (const [from, to] of [
      [authority.certificate, "ca.pem"],
      [modality.key, "own.key"],
      [modality.certificate, "own.pem"],
    ] as const)
      await writeFile(join(folder, to), await readFile(from));
    const config = join(folder, "peers.json");
    const tls = { ca: "ca.pem", key: "own.key", certificate: "own.pem" };
    const pacsEntry = { host: "127.0.0.1", port: peer.port, aeTitle: "STORESCP", tls };
    await writeFile(config, JSON.stringify({ peers: { pacs: pacsEntry } }));
    const { code, stderr } = await isocenter("store", "pacs", "--config", config, image);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("the doctor works over TLS, and says what is wrong with it", async () => {
    const peer = await storescp(pacs);
    const good = await isocenter("doctor", at(peer), ...own(modality), ...trusting());
    expect(good.stdout).toContain("over TLS");
    const without = await isocenter("doctor", at(peer), "--tls", ...trusting(), "--json");
    expect(without.code).toBe(3);
    expect(codesOf(without.stdout)).toEqual(["client-certificate-required"]);
    const untrusted = await isocenter(
      "doctor",
      at(peer),
      "--json",
      "--tls-fingerprint",
      await fingerprint(unknown),
    );
    expect(codesOf(untrusted.stdout)).toEqual(["certificate-untrusted"]);
  });
});

describe.skipIf(!hasProgram("storescu"))("isocenter receive +tls", () => {
  async function receive(...tls: string[]): Promise<DicomServer & { folder: string }> {
    const folder = join(made.folder, `in-${await freePort()}`);
    const server = await startListener("receive", (port) => [port, "-od", folder, ...tls]);
    open.push(() => server.stop());
    return { ...server, folder };
  }
  const dcmtk = (program: string, { port }: DicomServer, tls: string[], ...files: string[]) =>
    run(program, [...tls, "127.0.0.1", String(port), ...files]);
  const withCa = (...tls: string[]): string[] => [...tls, "+cf", authority.certificate];

  it("takes what storescu and echoscu send with a certificate that it trusts", async () => {
    const server = await receive(...own(pacs), ...trusting());
    expect((await dcmtk("echoscu", server, withCa(...own(modality)))).code).toBe(0);
    const store = await dcmtk("storescu", server, [...withCa(...own(modality)), "-xt"], image);
    expect(store.stderr).toBe("");
    expect(store.code).toBe(0);
    expect(await dicomFiles(server.folder)).toHaveLength(1);
  });

  it("refuses a stranger's certificate, none, and no TLS, and tells which it was", async () => {
    const server = await receive(...own(pacs), ...trusting());
    expect((await dcmtk("storescu", server, withCa(...own(unknown)), image)).code).not.toBe(0);
    await expect.poll(server.output).toMatch(/does not trust/);
    expect((await dcmtk("echoscu", server, withCa("+tla"))).code).not.toBe(0);
    await expect.poll(server.output).toMatch(/showed no client certificate/);
    expect((await dcmtk("echoscu", server, [])).code).not.toBe(0);
    await expect.poll(server.output).toMatch(/speaks plain DICOM/);
    expect(await dicomFiles(server.folder)).toEqual([]);
  });

  it("asks for no certificate without --tls-ca, and checks one that is shown with -vc", async () => {
    const any = await receive(...own(pacs));
    expect((await dcmtk("echoscu", any, withCa("+tla"))).code).toBe(0);
    const optional = await receive(...own(pacs), ...trusting(), "-vc");
    expect((await dcmtk("echoscu", optional, withCa("+tla"))).code).toBe(0);
    expect((await dcmtk("echoscu", optional, withCa(...own(modality)))).code).toBe(0);
    expect((await dcmtk("echoscu", optional, withCa(...own(unknown)))).code).not.toBe(0);
  });

  it("and isocenter store agree", async () => {
    const server = await receive(...own(pacs), ...trusting());
    const good = await isocenter("store", at(server), ...own(modality), ...trusting(), image);
    expect(good).toMatchObject({ code: 0, stderr: "" });
    const plain = await isocenter("store", at(server), image);
    expect(plain.code).toBe(3);
    expect(plain.stderr).toMatch(/TLS/);
  });
});

it("a move comes back with TLS, as it was asked for", async () => {
  const port = await freePort();
  const config = join(made.folder, "destinations.json");
  const tls = { ca: authority.certificate, key: pacs.key, certificate: pacs.certificate };
  const ws1 = { host: "127.0.0.1", port, aeTitle: "WS1", tls };
  await writeFile(config, JSON.stringify({ peers: { ws1 } }));
  const source = join(demoFolder, "DEMO-0007");
  const server = await startListener("qr", (listenAt) => [
    listenAt,
    source,
    "--read-only",
    "--config",
    config,
    ...own(pacs),
    ...trusting(),
  ]);
  open.push(() => server.stop());
  const out = join(made.folder, "moved");
  const secure = [...own(modality), ...trusting()];
  const keys = ["-k", "PatientID=DEMO-0007", "-aet", "WS1", "+P", String(port), "-od", out];
  const { code, stderr } = await isocenter("move", at(server), ...keys, ...secure);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(await dicomFiles(out)).toHaveLength((await dicomFiles(source)).length);
  // The sender wants TLS, and a receiver without it gets nothing.
  const plain = await isocenter("move", at(server), ...keys, ...secure, "--plain-receiver");
  expect(plain.code).not.toBe(0);
});

it("move and commit take the way back with TLS, or say what it needs", async () => {
  const more = ["--tls", "+P", String(await freePort())];
  for (const args of [
    ["move", "PACS@127.0.0.1:1", "-k", "StudyInstanceUID=1.2", "-od", join(made.folder, "back")],
    ["commit", "PACS@127.0.0.1:1", "--uid", "1.2.840.10008.5.1.4.1.1.2=1.2"],
  ]) {
    const { code, stderr } = await isocenter(...args, ...more);
    expect(stderr).toMatch(/\+tls KEY CERTIFICATE; or --plain-receiver/);
    expect(code).toBe(2);
  }
});

it.each([
  [() => ["echo", "A@127.0.0.1:1", "-ic"], /-ic is not supported.*--tls-fingerprint/],
  [() => ["echo", "A@127.0.0.1:1", "--anonymous-tls"], /--anonymous-tls is not supported: --tls/],
  [() => ["echo", "A@127.0.0.1:1", "+tls", "/nowhere.key", "/nowhere.pem"], /nowhere/],
  [() => ["echo", "A@127.0.0.1:1", "+tls", pacs.certificate, pacs.key], /cannot be used/],
  [() => ["echo", "A@127.0.0.1:1", "+tls", pacs.key, modality.certificate], /cannot be used/],
  [() => ["echo", "A@127.0.0.1:1", "--tls-ca", pacs.key], /holds no certificate/],
  [() => ["echo", "A@127.0.0.1:1", "--tls-fingerprint", "ab:cd"], /64 hexadecimal digits/],
  [() => ["echo", "A@127.0.0.1:1", "--tls-profile", "ssl3"], /no TLS profile: use one of bcp195/],
  [() => ["receive", "0", "--tls-ca", pacs.certificate], /shows a certificate: give it with \+tls/],
  [() => ["receive", "0", "-vc", ...own(pacs)], /--tls-ca FILE/],
])("a command line that is wrong is told before anything is connected %#", async (args, words) => {
  const { code, stderr } = await isocenter(...args());
  expect(stderr).toMatch(words);
  expect(code).toBe(2);
});

const codesOf = (json: string): string[] =>
  (JSON.parse(json) as { findings: { code: string }[] }).findings.map(({ code }) => code);
