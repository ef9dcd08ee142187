/** TLS with DCMTK both ways: its profiles, good certificates, and those that must not do. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10, TransferSyntax } from "@isocenter/dicom";
import { type NetworkError, Verification } from "@isocenter/network";
import {
  connectTcp,
  listenTcp,
  openTcp,
  type TcpServer,
  type TlsClientOptions,
  type TlsProfileName,
  tlsProfiles,
} from "@isocenter/network/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type CertificateFiles,
  pemOf,
  type TestAuthority,
  type TestCertificates,
  testCertificates,
} from "../packages/network/src/node/test/certificates.ts";
import {
  demoFolder,
  freePort,
  hasProgram,
  type Result,
  type Running,
  run,
  start,
  waitFor,
} from "./support/processes.ts";

/** DCMTK's option, and ours that it must agree with. */
const profiles: readonly (readonly [string, TlsProfileName])[] = [
  ["+py", "bcp195-non-downgrading"],
  ["+px", "bcp195"],
  ["+pz", "bcp195-extended"],
  ["+py", "bcp195"],
  ["+py", "bcp195-modified"],
];

interface Instance {
  readonly path: string;
  readonly sopInstanceUid: string;
  readonly dataSet: Uint8Array;
}

const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const { ImplicitVRLittleEndian } = TransferSyntax;
/** As the CT images of the demo hospital are. */
const jpegLossless = "1.2.840.10008.1.2.4.70";

let made: TestCertificates;
let authority: TestAuthority;
let pacs: CertificateFiles;
let modality: CertificateFiles;
let unknown: CertificateFiles;
let expired: CertificateFiles;
let study: readonly Instance[];

beforeAll(async () => {
  // The profiles of DCMTK 3.6.7 have suites for RSA certificates.
  made = await testCertificates("rsa");
  authority = await made.authority("ca");
  [pacs, modality, unknown, expired] = await Promise.all([
    authority.issue("pacs"),
    authority.issue("modality"),
    made.authority("stranger").then((stranger) => stranger.issue("unknown")),
    authority.issue("expired", { days: -1 }),
  ]);
  study = await ctImages(3);
});
afterAll(() => made.remove());

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const ca = (): { file: string } => ({ file: authority.certificate });

const withCertificate = ({ key, certificate }: CertificateFiles): string[] => [
  "+tls",
  key,
  certificate,
  "+cf",
  ca().file,
];

describe.skipIf(!hasProgram("storescu"))("DCMTK's clients at our acceptor", () => {
  let errors: NetworkError[];
  let stored: number;

  async function listen(profile: TlsProfileName, certificate = pacs): Promise<TcpServer> {
    errors = [];
    stored = 0;
    const server = await listenTcp(0, {
      aeTitle: "ISO",
      tls: { profile, ca: ca(), ...pemOf(certificate) },
      services: {
        verification: true,
        storage: {
          sopClasses: "any",
          async onStore(bytes) {
            for await (const _chunk of bytes);
            stored++;
            return 0;
          },
        },
      },
      onError: (error) => errors.push(error),
    });
    open.push(() => server.close({ drainMs: 0 }));
    return server;
  }

  it.each(profiles)("storescu %s stores at profile %s", async (option, profile) => {
    const { port } = await listen(profile);
    const { code, stderr } = await run("storescu", [
      ...withCertificate(modality),
      option,
      "--required",
      "-xs",
      "-aec",
      "ISO",
      "127.0.0.1",
      String(port),
      ...study.map(({ path }) => path),
    ]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stored).toBe(study.length);
    expect(errors).toEqual([]);
  });

  const echo = (port: number, ...tls: string[]): Promise<Result> =>
    run("echoscu", [...tls, "-aec", "ISO", "127.0.0.1", String(port)]);
  it("echoscu with a good certificate is answered", async () => {
    const { port } = await listen("bcp195");
    const { code, stderr } = await echo(port, ...withCertificate(modality));
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("echoscu with a certificate of another authority is refused", async () => {
    const { port } = await listen("bcp195");
    expect((await echo(port, ...withCertificate(unknown))).code).not.toBe(0);
    await expect.poll(() => errors.map(({ code }) => code)).toEqual(["certificate-untrusted"]);
  });

  it("echoscu with an expired certificate is refused", async () => {
    const { port } = await listen("bcp195");
    expect((await echo(port, ...withCertificate(expired))).code).not.toBe(0);
    await expect.poll(() => errors.map(({ code }) => code)).toEqual(["certificate-expired"]);
  });

  it("echoscu without a certificate is refused", async () => {
    const { port } = await listen("bcp195");
    expect((await echo(port, "+tla", "+cf", ca().file)).code).not.toBe(0);
    await expect.poll(() => errors.map(({ code }) => code)).toEqual(["client-certificate-required"]);
  });

  it("echoscu without TLS is refused, and named in our log", async () => {
    const { port } = await listen("bcp195");
    expect((await echo(port)).code).not.toBe(0);
    await expect.poll(() => errors.map(({ code }) => code)).toEqual(["wrong-protocol"]);
    expect(errors[0]?.message).toContain("plain DICOM");
  });

  it("echoscu that does not trust our certificate says so, and our log says it too", async () => {
    const { port } = await listen("bcp195", unknown);
    expect((await echo(port, ...withCertificate(modality))).code).not.toBe(0);
    await expect.poll(() => errors.map(({ code }) => code)).toEqual(["certificate-untrusted"]);
    expect(errors[0]?.message).toContain("does not accept the certificate of this side");
  });
});

describe.skipIf(!hasProgram("storescp"))("DCMTK's storescp", () => {
  async function storescp(...more: string[]): Promise<Running & { port: number; folder: string }> {
    const port = await freePort();
    const folder = join(made.folder, `received-${port}`);
    await mkdir(folder);
    const server = start("storescp", ["+xa", "-od", folder, "-aet", "STORESCP", ...more, String(port)]);
    open.push(() => server.stop());
    await waitFor("storescp", async () =>
      (await readFile("/proc/net/tcp", "utf8")).includes(listening(port)),
    );
    return { ...server, port, folder };
  }
  const secure = (own: CertificateFiles, ...more: string[]): ReturnType<typeof storescp> =>
    storescp(...withCertificate(own), ...more);
  const connect = (port: number, tls?: TlsClientOptions): ReturnType<typeof connectTcp> =>
    connectTcp("127.0.0.1", port, {
      callingAeTitle: "ISO",
      calledAeTitle: "STORESCP",
      contexts: [
        {
          abstractSyntaxUid: Verification.sopClassUid,
          transferSyntaxUids: [ImplicitVRLittleEndian],
        },
        {
          abstractSyntaxUid: ctImage,
          transferSyntaxUids: [jpegLossless],
        },
      ],
      ...(tls === undefined ? {} : { tls }),
    });

  it.each(profiles)("%s takes what profile %s sends", async (option, profile) => {
    const server = await secure(pacs, option);
    const association = await connect(server.port, { profile, ca: ca(), ...pemOf(modality) });
    expect((await association.echo()).status.code).toBe(0);
    for (const { sopInstanceUid, dataSet } of study) {
      const { status } = await association.store({
        sopClassUid: ctImage,
        sopInstanceUid,
        transferSyntaxUid: jpegLossless,
        dataSet,
      });
      expect(status.code).toBe(0);
    }
    await association.release();
    expect(await readdir(server.folder)).toHaveLength(study.length);
  });

  it("describes what was agreed", async () => {
    const { port } = await secure(pacs);
    const transport = await openTcp("127.0.0.1", port, { tls: { ca: ca(), ...pemOf(modality) } });
    transport.destroy();
    expect(transport.description?.security).toMatchObject({
      protocol: "TLSv1.3",
      peerCertificate: { subject: "CN=pacs,O=Test", isTrusted: true },
    });
  });

  it.each([
    ["of another authority", () => unknown, "certificate-untrusted"],
    ["that expired", () => expired, "certificate-expired"],
  ] as const)("with a certificate %s is not trusted", async (_what, certificate, code) => {
    const { port } = await secure(certificate());
    await expect(connect(port, { ca: ca(), ...pemOf(modality) })).rejects.toMatchObject({ code });
  });

  it.each(["bcp195", "bcp195-extended"] as const)(
    "says by %s that it wants a client certificate",
    async (profile) => {
      const { port } = await secure(pacs);
      await expect(connect(port, { profile, ca: ca() })).rejects.toMatchObject({
        code:
          tlsProfiles[profile].maximumVersion === "TLSv1.3" ? "client-certificate-required" : "tls-failed",
        message: expect.stringMatching(/client certificate/),
      });
    },
  );

  it.each([
    ["of another authority", () => unknown, /certificate-untrusted/],
    ["that expired", () => expired, /certificate-(expired|untrusted)/],
  ] as const)("says that it does not accept our certificate %s", async (_what, certificate, code) => {
    const { port } = await secure(pacs);
    await expect(connect(port, { ca: ca(), ...pemOf(certificate()) })).rejects.toMatchObject({
      code: expect.stringMatching(code),
      message: expect.stringContaining("this side"),
    });
  });

  it("without TLS, asked with TLS, is named", async () => {
    const { port } = await storescp();
    await expect(connect(port, { ca: ca() })).rejects.toMatchObject({
      code: expect.stringMatching(/^(wrong-protocol|tls-failed)$/),
      message: expect.stringContaining("plain DICOM port"),
    });
  });

  it("with TLS, asked without, says nothing: the connection breaks", async () => {
    const { port } = await secure(pacs);
    await expect(connect(port)).rejects.toMatchObject({
      code: expect.stringMatching(/^connection-(failed|closed)$/),
    });
  });
});

async function ctImages(count: number): Promise<Instance[]> {
  const found: Instance[] = [];
  for (const name of (await readdir(demoFolder, { recursive: true })).sort()) {
    if (!name.endsWith(".dcm") || found.length === count) continue;
    const path = join(demoFolder, name);
    const bytes = await readFile(path);
    const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(bytes);
    if (dataSet.string("SOPClassUID") !== ctImage || transferSyntaxUid !== jpegLossless) continue;
    const sopInstanceUid = dataSet.string("SOPInstanceUID") ?? "";
    found.push({ path, sopInstanceUid, dataSet: bytes.subarray(dataSetOffset) });
  }
  if (found.length < count) throw new Error("The demo hospital has too few CT images.");
  return found;
}

/** A line of /proc/net/tcp: the port in hexadecimal, and the state "listening". */
const listening = (port: number): string =>
  `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
