/** DICOM with TLS, client certificates and user identities, as a configuration file says it. */
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Verification } from "@isocenter/network";
import { connectTcp, type TlsClientOptions } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestCertificates, testCertificates } from "../../../network/src/node/test/certificates.ts";
import { loadConfig } from "../config/load.ts";
import { hashPasscode } from "../config/users.ts";
import { post, testServer } from "../test/servers.ts";

let certificates: TestCertificates;
let config: string;
let known: TlsClientOptions;
let other: TlsClientOptions;
beforeAll(async () => {
  certificates = await testCertificates();
  const authority = await certificates.authority("ca");
  const [server, ct, mr] = [
    await authority.issue("server"),
    await authority.issue("ct"),
    await authority.issue("mr"),
  ];
  const client = (one: { certificate: string; key: string }): TlsClientOptions => ({
    ca: { file: authority.certificate },
    certificate: { file: one.certificate },
    key: { file: one.key },
  });
  [known, other] = [client(ct), client(mr)];
  const { fingerprint256 } = new X509Certificate(await readFile(ct.certificate));
  await writeFile(
    join(certificates.folder, "users.json"),
    JSON.stringify({ ann: await hashPasscode("right") }),
  );
  config = join(certificates.folder, "isocenter.json");
  await writeFile(
    config,
    JSON.stringify({
      aeTitle: "SECURE",
      dicomTls: {
        listen: "127.0.0.1:0",
        certificate: server.certificate,
        key: server.key,
        ca: authority.certificate,
      },
      allow: [{ aeTitle: "CT", fingerprints: [fingerprint256] }, "PLAIN"],
      users: { file: "users.json" },
    }),
  );
});
afterAll(() => certificates.remove());

const contexts = [{ abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] }];

describe("a server with TLS", () => {
  it("lets in who shows the certificate that its AE title has, and nobody else under it", async () => {
    const { dataFolder: _folder, ...settings } = loadConfig({ config });
    await using server = await testServer(settings);
    const port = server.server.dicomTls?.port ?? 0;
    const open = (tls: TlsClientOptions | undefined, callingAeTitle: string, at = port) =>
      connectTcp("127.0.0.1", at, {
        callingAeTitle,
        calledAeTitle: "SECURE",
        contexts,
        ...(tls === undefined ? {} : { tls }),
      });
    const association = await open(known, "CT");
    expect(association.connection.security?.protocol).toMatch(/TLSv1\.[23]/);
    await association.echo();
    await association.release();
    const refused = { reason: "calling-AE-title-not-recognized" };
    await expect(open(other, "CT")).rejects.toMatchObject(refused);
    await expect(open(undefined, "CT", server.server.dicom.port)).rejects.toMatchObject(refused);
    await expect(open({ ...known, certificate: undefined, key: undefined } as never, "CT")).rejects.toThrow();
    // As a peer of the API too.
    const added = await post(`${server.http}/api/peers`, {
      id: "self",
      kind: "dimse",
      host: "localhost",
      port,
      callingAE: "CT",
      calledAE: "SECURE",
      tls: { ca: await readFile((known.ca as { file: string }).file, "utf8") },
    });
    expect(added.status).toBe(201);
    const echoed = await post(`${server.http}/api/peers/self/echo`, {});
    expect(await echoed.json()).toMatchObject({ code: "client-certificate-required" });
  });

  it("rejects an identity that is not right", async () => {
    const { dataFolder: _folder, ...settings } = loadConfig({ config });
    await using server = await testServer(settings);
    const open = (passcode: string) =>
      connectTcp("127.0.0.1", server.server.dicom.port, {
        callingAeTitle: "PLAIN",
        calledAeTitle: "SECURE",
        contexts,
        userIdentity: { username: "ann", passcode },
      });
    const association = await open("right");
    await association.release();
    await expect(open("wrong")).rejects.toMatchObject({ code: "association-rejected" });
  });
});
