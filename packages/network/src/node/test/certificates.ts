/** Authorities and certificates made for one test run; no private key is kept in the repository. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
}

export interface TestAuthority extends CertificateFiles {
  /** Signs a certificate for a name, localhost and 127.0.0.1. */
  issue(
    name: string,
    options?: { readonly days?: number; readonly names?: string },
  ): Promise<CertificateFiles>;
}

export interface TestCertificates extends AsyncDisposable {
  readonly folder: string;
  authority(name: string): Promise<TestAuthority>;
  remove(): Promise<void>;
}

/** @param algorithm of the keys; DCMTK 3.6.7's default profile has suites for RSA only */
export async function testCertificates(algorithm: "rsa" | "ec" = "ec"): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), "isocenter-tls-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const newKey =
    algorithm === "rsa"
      ? ["-newkey", "rsa:2048"]
      : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

  const authority = async (name: string): Promise<TestAuthority> => {
    const at = (ending: string): string => join(folder, `${name}.${ending}`);
    await openssl(
      ["req", "-x509", ...newKey, "-nodes", "-sha256", "-days", "30", "-subj", `/O=Test/CN=${name}`],
      ["-keyout", at("key"), "-out", at("pem")],
    );
    return {
      key: at("key"),
      certificate: at("pem"),
      async issue(subject, { days = 20, names = "DNS:localhost,IP:127.0.0.1" } = {}) {
        const file = (ending: string): string => join(folder, `${name}-${subject}.${ending}`);
        await openssl(
          ["req", ...newKey, "-nodes", "-sha256", "-subj", `/O=Test/CN=${subject}`],
          ["-keyout", file("key"), "-out", file("csr")],
        );
        await writeFile(file("ext"), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
        // A certificate of the past: openssl's x509 counts days from now, and takes negative ones.
        await openssl(
          ["x509", "-req", "-sha256", "-in", file("csr"), "-CA", at("pem"), "-CAkey", at("key")],
          ["-CAcreateserial", "-days", String(days), "-extfile", file("ext"), "-out", file("pem")],
        );
        return { key: file("key"), certificate: file("pem") };
      },
    };
  };
  return { folder, authority, remove, [Symbol.asyncDispose]: remove };
}

/** What `tls` options take. */
export const pemOf = ({ key, certificate }: CertificateFiles) => ({
  key: { file: key },
  certificate: { file: certificate },
});

export const textOf = (file: string): Promise<string> => readFile(file, "utf8");

async function openssl(...parts: readonly string[][]): Promise<void> {
  await promisify(execFile)("openssl", parts.flat());
}
