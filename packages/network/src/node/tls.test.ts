/** TLS in Node, with an authority made for this run: PS3.15 Annex B, and errors that name what to do. */
import { cp, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { connect as connectSecurely } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { NetworkError } from "../errors.ts";
import { Verification } from "../services/models.ts";
import type { TransportDescription } from "../transport.ts";
import {
  connectTcp,
  type ListenOptions,
  listenTcp,
  type TcpServer,
  type TlsClientOptions,
  type TlsServerOptions,
  tlsProfiles,
} from "./index.ts";
import {
  type CertificateFiles,
  pemOf,
  type TestAuthority,
  type TestCertificates,
  testCertificates,
  textOf,
} from "./test/certificates.ts";

const titles = { callingAeTitle: "SCU", calledAeTitle: "SCP" };
const contexts = [{ abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] }];

let made: TestCertificates;
let authority: TestAuthority;
let stranger: TestAuthority;
let acceptor: CertificateFiles;
let requestor: CertificateFiles;
let ca: { file: string };

beforeAll(async () => {
  made = await testCertificates();
  [authority, stranger] = await Promise.all([made.authority("ca"), made.authority("stranger")]);
  acceptor = await authority.issue("acceptor");
  requestor = await authority.issue("requestor");
  ca = { file: authority.certificate };
});
afterAll(() => made.remove());

const open: TcpServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close({ drainMs: 0 });
});

interface Listening {
  server: TcpServer;
  errors: NetworkError[];
  connections: TransportDescription[];
  readonly connectWith: (tls?: TlsClientOptions) => ReturnType<typeof connectTcp>;
}

async function listen(
  tls: Partial<TlsServerOptions> | undefined = {},
  options: Partial<ListenOptions> = {},
): Promise<Listening> {
  const errors: NetworkError[] = [];
  const connections: TransportDescription[] = [];
  const server = await listenTcp(0, {
    aeTitle: "SCP",
    services: { verification: true },
    tls: { ...pemOf(acceptor), ...tls },
    onError: (error) => errors.push(error),
    onConnection: (connection) => void connections.push(connection),
    ...options,
  });
  open.push(server);
  return {
    server,
    errors,
    connections,
    connectWith: (client) =>
      connectTcp("localhost", server.port, {
        ...titles,
        contexts,
        ...(client === undefined ? {} : { tls: client }),
      }),
  };
}

const one = (errors: readonly NetworkError[]) => expect.poll(() => errors.map(({ code }) => code));

describe("TLS", () => {
  it("prefers 1.3, checks both sides, and describes them", async () => {
    const { connectWith, connections } = await listen({ ca });
    const association = await connectWith({ ca, ...pemOf(requestor) });
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
    expect(connections).toHaveLength(1);
    expect(connections[0]?.security).toMatchObject({
      protocol: "TLSv1.3",
      cipher: "TLS_AES_256_GCM_SHA384",
      peerCertificate: { subject: "CN=requestor,O=Test", issuer: "CN=ca,O=Test", isTrusted: true },
    });
    expect(connections[0]?.security?.peerCertificate?.fingerprint256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("takes PEM text as well as files", async () => {
    const { connectWith } = await listen({
      key: await textOf(acceptor.key),
      certificate: await textOf(acceptor.certificate),
    });
    const association = await connectWith({
      ca: [await textOf(stranger.certificate), await textOf(ca.file)],
    });
    await association.release();
  });

  it.each(Object.entries(tlsProfiles))("agrees by profile %s with itself", async (name, profile) => {
    const { connectWith, connections } = await listen({ profile: name as keyof typeof tlsProfiles });
    // bcp195-non-downgrading has no suite of TLS 1.2 for an ECDSA certificate: only 1.3 agrees here.
    const association = await connectWith({ ca, profile: name as keyof typeof tlsProfiles });
    await association.release();
    expect(connections[0]?.security?.protocol).toBe(profile.maximumVersion);
  });

  it.each(["TLSv1.1", "TLSv1"] as const)("does not speak %s", async (version) => {
    const { server, errors } = await listen();
    const socket = connectSecurely({
      port: server.port,
      host: "127.0.0.1",
      minVersion: version,
      maxVersion: version,
      ciphers: "ALL@SECLEVEL=0",
      rejectUnauthorized: false,
    });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once("error", resolve));
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    await one(errors).toEqual(["tls-failed"]);
  });

  it("takes no suite without forward secrecy or AEAD", async () => {
    const { server, errors } = await listen({ profile: "bcp195-non-downgrading" });
    const socket = connectSecurely({
      port: server.port,
      host: "127.0.0.1",
      maxVersion: "TLSv1.2",
      ciphers: "AES128-SHA:AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA",
      rejectUnauthorized: false,
    });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once("error", resolve));
    expect(error.code).toBe("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE");
    await one(errors).toEqual(["tls-failed"]);
    expect(errors[0]?.message).toContain("no cipher suite");
  });
});

describe("a requestor's view of certificates", () => {
  it("one of another authority is not trusted", async () => {
    const { connectWith } = await listen();
    const refused = connectWith({ ca: { file: stranger.certificate } });
    await expect(refused).rejects.toMatchObject({ code: "certificate-untrusted" });
    await expect(connectWith({})).rejects.toMatchObject({ code: "certificate-untrusted" });
  });

  it("one that expired is named so", async () => {
    const { connectWith } = await listen(pemOf(await authority.issue("old", { days: -1 })));
    await expect(connectWith({ ca })).rejects.toMatchObject({ code: "certificate-expired" });
  });

  it("one for another name says for which", async () => {
    const { connectWith } = await listen(
      pemOf(await authority.issue("elsewhere", { names: "DNS:pacs.example" })),
    );
    await expect(connectWith({ ca })).rejects.toMatchObject({
      code: "certificate-name-mismatch",
      message: expect.stringContaining("pacs.example"),
    });
    const association = await connectWith({ ca, serverName: "pacs.example" });
    await association.release();
  });

  it("one that is pinned is trusted by itself, and no other is", async () => {
    const { connectWith, connections } = await listen(pemOf(stranger));
    const { fingerprint256 } = await fingerprintOf(stranger.certificate);
    const association = await connectWith({ fingerprints: [fingerprint256] });
    await association.release();
    await expect(connectWith({ fingerprints: ["00".repeat(32)] })).rejects.toMatchObject({
      code: "certificate-untrusted",
      message: expect.stringContaining(fingerprint256.replaceAll(":", "").toLowerCase()),
    });
    expect(connections.length).toBeGreaterThan(0);
  });

  it("one that is pinned must be in date", async () => {
    const old = await authority.issue("pinned-old", { days: -1 });
    const { connectWith } = await listen(pemOf(old));
    const { fingerprint256 } = await fingerprintOf(old.certificate);
    await expect(connectWith({ fingerprints: [fingerprint256] })).rejects.toMatchObject({
      code: "certificate-expired",
    });
  });

  it("says that it has no certificate where one is asked for", async () => {
    const { connectWith, errors } = await listen({ ca });
    await expect(connectWith({ ca })).rejects.toMatchObject({ code: "client-certificate-required" });
    await one(errors).toEqual(["client-certificate-required"]);
  });

  it("says so with TLS 1.2 as well, as a possibility", async () => {
    const { connectWith } = await listen({ ca, profile: "bcp195-extended" });
    await expect(connectWith({ ca })).rejects.toMatchObject({
      code: "tls-failed",
      message: expect.stringContaining("client certificate"),
    });
  });

  it("says that its own certificate was not accepted", async () => {
    const { connectWith, errors } = await listen({ ca });
    const refused = connectWith({ ca, ...pemOf(await stranger.issue("unknown")) });
    await expect(refused).rejects.toMatchObject({
      code: "tls-failed",
      message: expect.stringContaining("does not accept the certificate of this side"),
    });
    await one(errors).toEqual(["certificate-untrusted"]);
  });
});

describe("an acceptor's view of certificates", () => {
  it("names one that expired", async () => {
    const { connectWith, errors } = await listen({ ca });
    const old = pemOf(await authority.issue("old-requestor", { days: -1 }));
    await expect(connectWith({ ca, ...old })).rejects.toMatchObject({ code: "tls-failed" });
    await one(errors).toEqual(["certificate-expired"]);
  });

  it("takes none, or a good one, where it is optional", async () => {
    const { connectWith, connections, errors } = await listen({ ca, clientCertificates: "optional" });
    await (await connectWith({ ca })).release();
    await (await connectWith({ ca, ...pemOf(requestor) })).release();
    expect(connections.map(({ security }) => security?.peerCertificate?.subject)).toEqual([
      undefined,
      "CN=requestor,O=Test",
    ]);
    const bad = connectWith({ ca, ...pemOf(await stranger.issue("optional-unknown")) });
    await expect(bad).rejects.toMatchObject({ code: "tls-failed" });
    await one(errors).toEqual(["certificate-untrusted"]);
  });

  it("hears that a requestor does not trust its certificate", async () => {
    const { server, errors } = await listen();
    const child = connectSecurely({
      port: server.port,
      host: "127.0.0.1",
      ca: await textOf(stranger.certificate),
    });
    await new Promise((resolve) => child.once("error", resolve));
    await one(errors).toEqual(["tls-failed"]);
    expect(errors[0]?.message).toContain("may not trust this side's certificate");
  });

  it("can authorize by certificate and AE title together", async () => {
    const { connectWith } = await listen(
      { ca },
      {
        onConnection: ({ security }) => ({
          authorize: ({ callingAeTitle }) =>
            security?.peerCertificate?.subject === `CN=${callingAeTitle.toLowerCase()},O=Test`,
        }),
      },
    );
    await expect(connectWith({ ca, ...pemOf(requestor) })).rejects.toMatchObject({
      reason: "calling-AE-title-not-recognized",
    });
    await (await connectWith({ ca, ...pemOf(await authority.issue("scu")) })).release();
  });
});

describe("plain where TLS is, and TLS where plain is", () => {
  it("a plain association to a TLS port is named at both ends", async () => {
    const { connectWith, errors } = await listen();
    await expect(connectWith()).rejects.toMatchObject({
      code: "wrong-protocol",
      message: expect.stringContaining("TLS"),
    });
    await one(errors).toEqual(["wrong-protocol"]);
    expect(errors[0]?.message).toContain("speaks plain DICOM");
  });

  it("something else at a TLS port is named there", async () => {
    const { server, errors } = await listen();
    const socket = connect(server.port, "127.0.0.1").resume();
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    await one(errors).toEqual(["wrong-protocol"]);
  });

  it("TLS to a plain port is named at both ends", async () => {
    const errors: NetworkError[] = [];
    const server = await listenTcp(0, {
      aeTitle: "SCP",
      services: { verification: true },
      onError: (error) => errors.push(error),
    });
    open.push(server);
    await expect(
      connectTcp("localhost", server.port, { ...titles, contexts, tls: { ca } }),
    ).rejects.toMatchObject({ code: "wrong-protocol", message: expect.stringContaining("plain DICOM port") });
    await one(errors).toEqual(["wrong-protocol"]);
  });

  it("a port that hangs up at a TLS greeting is a failure of TLS", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.end()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await expect(connectTcp("127.0.0.1", port, { ...titles, contexts, tls: { ca } })).rejects.toMatchObject({
      code: "tls-failed",
      message: expect.stringContaining("plain DICOM port"),
    });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("keys in files", () => {
  it("are read anew when they change; open associations stay, and a bad file changes nothing", async () => {
    const folder = made.folder;
    const [key, certificate] = [join(folder, "live.key"), join(folder, "live.pem")];
    await cp(acceptor.key, key);
    await cp(acceptor.certificate, certificate);
    let reloaded: (error?: NetworkError) => void = () => undefined;
    const next = (): Promise<NetworkError | undefined> =>
      new Promise((resolve) => {
        reloaded = resolve;
      });
    const { connectWith, server } = await listen({
      key: { file: key },
      certificate: { file: certificate },
      onReload: (error) => reloaded(error),
    });
    const before = await connectWith({ ca });
    // Another authority's: a new connection can tell by whom it trusts.
    const later = await stranger.issue("later");
    const changed = next();
    await cp(later.key, key);
    await cp(later.certificate, certificate);
    expect(await changed).toBeUndefined();
    await expect(connectWith({ ca })).rejects.toMatchObject({ code: "certificate-untrusted" });
    await (await connectWith({ ca: { file: stranger.certificate } })).release();
    expect((await before.echo()).status.code).toBe(0);
    const broken = next();
    await writeFile(key, "not a key");
    expect(await broken).toMatchObject({ code: "argument-invalid" });
    await expect(server.reloadTls()).rejects.toMatchObject({ code: "argument-invalid" });
    await (await connectWith({ ca: { file: stranger.certificate } })).release();
    await before.release();
  });

  it("that do not fit, or are missing, are errors of the start", async () => {
    await expect(listen({ key: { file: requestor.key } })).rejects.toMatchObject({
      code: "argument-invalid",
    });
    await expect(listen({ key: { file: "/none/key.pem" } })).rejects.toMatchObject({
      code: "argument-invalid",
      message: "The file /none/key.pem cannot be read.",
    });
  });
});

async function fingerprintOf(file: string): Promise<{ fingerprint256: string }> {
  const { X509Certificate } = await import("node:crypto");
  return new X509Certificate(await textOf(file));
}
