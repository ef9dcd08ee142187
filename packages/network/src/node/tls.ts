/**
 * TLS for DICOM after PS3.15 Annex B: which keys, certificates and authorities, read from files that may change while the
 * program runs.
 */
import { X509Certificate } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecureContext, type SecureContext, type SecureContextOptions, type TLSSocket } from "node:tls";
import { LocalProtocolError, NetworkError } from "@isocenter/network";
import { profileOptions, type TlsProfileName } from "./tls-profiles.ts";

/** PEM text, or the file that holds it. */
export type Pem = string | { readonly file: string };

export interface TlsOptions {
  /** Default `bcp195`. */
  readonly profile?: TlsProfileName;
  /** Authorities to trust, instead of the system's. */
  readonly ca?: Pem | readonly Pem[];
  /** This side's certificate, followed by its chain. */
  readonly certificate?: Pem;
  readonly key?: Pem;
  /** Of an encrypted key. */
  readonly passphrase?: string;
}

export interface TlsClientOptions extends TlsOptions {
  /** The name that the peer's certificate must be for. Default: the host that is connected to. */
  readonly serverName?: string;
  /**
   * SHA-256 fingerprints, hexadecimal with or without colons. A peer must show one of these certificates; authority and
   * name are not asked then: it is how devices with self-signed certificates are trusted. Its dates still count.
   */
  readonly fingerprints?: readonly string[];
}

export interface TlsServerOptions extends TlsOptions {
  readonly certificate: Pem;
  readonly key: Pem;
  /**
   * `required` ends the handshake without one that `ca` vouches for; `optional` checks one that is shown; `none` asks for
   * none. Default: `required` with `ca`, else `none`.
   */
  readonly clientCertificates?: "required" | "optional" | "none";
  /** The files changed and were read anew; with an error, what was read before stays in force. */
  readonly onReload?: (error?: NetworkError) => void;
}

/**
 * Reads everything and lets OpenSSL look at it.
 * @throws LocalProtocolError `argument-invalid` for a file that cannot be read or a key that does not fit
 */
export async function readTls(
  options: TlsOptions,
): Promise<{ readonly options: SecureContextOptions; readonly context: SecureContext }> {
  const { profile = "bcp195", ca, certificate, key, passphrase } = options;
  const authorities = ca === undefined ? undefined : isList(ca) ? ca : [ca];
  const contents: SecureContextOptions = {
    ...profileOptions(profile),
    // DHE suites of a server: parameters as long as the key asks, 2048 bits at least.
    dhparam: "auto",
    ...(authorities === undefined ? {} : { ca: await Promise.all(authorities.map(read)) }),
    ...(certificate === undefined ? {} : { cert: await read(certificate) }),
    ...(key === undefined ? {} : { key: await read(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  try {
    return { options: contents, context: createSecureContext(contents) };
  } catch (cause) {
    throw new LocalProtocolError(
      "argument-invalid",
      `The TLS key, certificate or authorities cannot be used: ${cause instanceof Error ? cause.message.trim() : String(cause)}`,
      { cause },
    );
  }
}

/** Calls back when one of the files may have changed, also by a link or a folder being exchanged. */
export function watchFiles(options: TlsOptions, onChange: () => void): () => void {
  const { ca, certificate, key } = options;
  const pems = [certificate, key, ...(ca === undefined ? [] : isList(ca) ? ca : [ca])];
  const folders = new Set(
    pems.flatMap((pem) => (typeof pem === "object" && "file" in pem ? [dirname(pem.file)] : [])),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Key and certificate are replaced one after the other: both are read when it has been quiet for a moment.
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs).unref();
  };
  const watchers: FSWatcher[] = [...folders].flatMap((folder) => {
    try {
      return [watch(folder, { persistent: false }, soon)];
    } catch {
      return []; // where nothing can be watched, or no more: reloading by hand remains
    }
  });
  // A folder that goes away is no reason to end: what was read stays, and can be reloaded by hand.
  for (const watcher of watchers) watcher.on("error", () => watcher.close());
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** Checks a pinned peer. @throws NetworkError `certificate-untrusted`, `certificate-expired` */
export function checkFingerprint(socket: TLSSocket, fingerprints: readonly string[], where: string): void {
  const certificate = peerCertificateOf(socket);
  const actual = plainHex(certificate?.fingerprint256 ?? "");
  if (certificate === undefined || !fingerprints.some((one) => plainHex(one) === actual)) {
    throw new NetworkError(
      "certificate-untrusted",
      `${where} showed a certificate with the fingerprint ${actual}, which is not one of those to trust.`,
    );
  }
  const now = Date.now();
  if (now > Date.parse(certificate.validTo) || now < Date.parse(certificate.validFrom)) {
    throw new NetworkError("certificate-expired", `The certificate of ${where} is not valid at this date.`);
  }
}

/** Not `getPeerX509Certificate`, which takes the certificate out of a client's chain: a second call finds none. */
export function peerCertificateOf(socket: TLSSocket): X509Certificate | undefined {
  const { raw } = (socket.getPeerCertificate() as { raw?: Buffer } | null) ?? {};
  return raw === undefined ? undefined : new X509Certificate(raw);
}

export const plainHex = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();

/** Long enough for a tool to write both files, short enough to seem at once. */
const settleMs = 100;

function isList(ca: Pem | readonly Pem[]): ca is readonly Pem[] {
  return Array.isArray(ca);
}

async function read(pem: Pem): Promise<string> {
  if (typeof pem === "string") return pem;
  try {
    return await readFile(pem.file, "utf8");
  } catch (cause) {
    throw new LocalProtocolError("argument-invalid", `The file ${pem.file} cannot be read.`, { cause });
  }
}
