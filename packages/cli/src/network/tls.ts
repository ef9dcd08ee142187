/**
 * TLS on the command line and in the file with the peers, for both roles: what the flags and the file say becomes what
 * connections and listeners take, and files are looked at before anything is connected.
 *
 * There is no way to connect to a peer whose certificate is not checked: one that no authority vouches for is named by its
 * fingerprint.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import {
  type TlsClientOptions,
  type TlsProfileName,
  tlsProfiles,
  type TlsServerOptions,
} from "@isocenter/network/node";
import type { OptionSpecs, OptionValues } from "../arguments.ts";
import type { Io } from "../command.ts";
import { UsageError } from "../usage-error.ts";
import { secretFrom } from "./identity.ts";

const group = "TLS";

/** Of both roles. */
const sharedTlsOptions = {
  tlsCertificate: {
    names: ["+tls", "--enable-tls"],
    value: "KEY CERTIFICATE",
    help: "Use TLS, and show this certificate: PEM files, the certificate followed by its chain.",
    group,
  },
  tlsCa: {
    names: ["--tls-ca", "+cf", "--add-cert-file"],
    value: "FILE",
    repeatable: true,
    help: "Trust this authority (PEM), instead of the system's.",
    group,
  },
  tlsProfile: {
    names: ["--tls-profile"],
    flags: { "+px": "bcp195", "+py": "bcp195-non-downgrading", "+pz": "bcp195-extended" },
    value: "NAME",
    help: "bcp195 (default), bcp195-modified, bcp195-non-downgrading or bcp195-extended (PS3.15 B).",
    group,
  },
  tlsPassphraseFile: {
    names: ["--tls-passphrase-file"],
    value: "FILE",
    help: "First line is the passphrase of an encrypted key (or ISOCENTER_TLS_PASSPHRASE).",
    group,
  },
} as const satisfies OptionSpecs;

/** Of commands that connect. Each of them means TLS; a connection with TLS never falls back to a plain one. */
export const tlsClientOptions = {
  tls: { names: ["--tls"], help: "Connect with TLS, without a certificate of our own.", group },
  ...sharedTlsOptions,
  tlsFingerprint: {
    names: ["--tls-fingerprint"],
    value: "HEX",
    repeatable: true,
    help: "Trust the certificate with this SHA-256 fingerprint, whoever signed it: for self-signed devices.",
    group,
  },
  tlsServerName: {
    names: ["--tls-server-name"],
    value: "NAME",
    help: "The name that the peer's certificate must be for (default the host).",
    group,
  },
  anonymousTls: {
    names: ["+tla", "--anonymous-tls"],
    refused:
      "--tls connects without a certificate of our own; the peer's is checked all the same, with --tls-ca FILE or --tls-fingerprint HEX.",
    help: "",
  },
  ignorePeerCertificate: {
    names: ["-ic", "--ignore-peer-cert"],
    refused:
      "a peer that anybody could be is no peer. Trust its own certificate with --tls-fingerprint HEX, which `openssl x509 -noout -fingerprint -sha256 -in FILE` prints, or its authority with --tls-ca FILE.",
    help: "",
  },
} as const satisfies OptionSpecs;

/** Of commands that listen. */
export const tlsServerOptions = {
  ...sharedTlsOptions,
  tlsCa: {
    ...sharedTlsOptions.tlsCa,
    help: "Ask callers for a certificate that this authority (PEM) vouches for.",
  },
  tlsClients: {
    names: ["--tls-clients"],
    flags: { "-rc": "required", "-vc": "optional" },
    value: "POLICY",
    help: "With --tls-ca: certificates of callers are required (default), or optional and checked when shown.",
    group,
  },
  anonymousTls: {
    names: ["+tla", "--anonymous-tls"],
    refused: "a listener shows its certificate: +tls KEY CERTIFICATE.",
    help: "",
  },
  ignorePeerCertificate: {
    names: ["-ic", "--ignore-peer-cert"],
    refused: "leave --tls-ca out, and callers are asked for no certificate.",
    help: "",
  },
} as const satisfies OptionSpecs;

export type TlsClientValues = OptionValues<typeof tlsClientOptions>;
export type TlsServerValues = OptionValues<typeof tlsServerOptions>;

/** A peer's `tls` in the file; `true` trusts what the system trusts. */
export type PeerTls =
  | true
  | {
      readonly profile?: TlsProfileName;
      readonly ca?: readonly string[];
      readonly certificate?: string;
      readonly key?: string;
      readonly passphraseFile?: string;
      readonly serverName?: string;
      readonly fingerprints?: readonly string[];
    };

/**
 * What the options say over what the file says.
 * @returns undefined for a plain connection
 * @throws UsageError
 */
export async function clientTlsOf(
  given: TlsClientValues,
  peer: PeerTls | undefined,
  io: Pick<Io, "env">,
): Promise<TlsClientOptions | undefined> {
  const own = optionsOf(given);
  const fingerprints = given.tlsFingerprint.map(checkFingerprintText);
  if (given.tls && own.certificate !== undefined)
    throw new UsageError("Give --tls or +tls KEY CERTIFICATE, not both.");
  if (peer === undefined && peerTlsFrom(given) === undefined) return undefined;
  const file = await peerTlsOf(peer ?? true);
  const passphrase =
    given.tlsPassphraseFile === undefined && file.passphrase !== undefined
      ? file.passphrase
      : await passphraseOf(given, io);
  const tls: TlsClientOptions = {
    ...file,
    ...own,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(fingerprints.length === 0 ? {} : { fingerprints }),
    ...(given.tlsServerName === undefined ? {} : { serverName: given.tlsServerName }),
  };
  return checked(tls);
}

/** As the file says, without options. @throws UsageError */
export async function tlsOfPeer(peer: PeerTls | undefined): Promise<TlsClientOptions | undefined> {
  return peer === undefined ? undefined : checked(await peerTlsOf(peer));
}

/** @returns undefined for a plain port @throws UsageError */
export async function serverTlsOf(
  given: TlsServerValues,
  io: Pick<Io, "env">,
): Promise<TlsServerOptions | undefined> {
  const { certificate, key, ...own } = optionsOf(given);
  const clients = given.tlsClients;
  if (clients !== undefined && clients !== "required" && clients !== "optional")
    throw new UsageError(`"${clients}" is not one of required and optional.`);
  if (clients !== undefined && own.ca === undefined)
    throw new UsageError(
      "Certificates of callers are checked against an authority: name it with --tls-ca FILE.",
    );
  if (certificate === undefined || key === undefined) {
    if (Object.keys(own).length > 0 || given.tlsPassphraseFile !== undefined)
      throw new UsageError("A listener with TLS shows a certificate: give it with +tls KEY CERTIFICATE.");
    return undefined;
  }
  const passphrase = await passphraseOf(given, io);
  return checked({
    ...own,
    certificate,
    key,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(clients === undefined ? {} : { clientCertificates: clients }),
  });
}

/** What the options say, as it stands in the file; files by their whole path. @throws UsageError */
export function peerTlsFrom(given: TlsClientValues): PeerTls | undefined {
  const { tlsCertificate, tlsCa, tlsProfile, tlsPassphraseFile, tlsFingerprint, tlsServerName } = given;
  const tls: PeerTls = {
    ...(tlsProfile === undefined ? {} : { profile: checkProfile(tlsProfile) }),
    ...(tlsCa.length === 0 ? {} : { ca: tlsCa.map((file) => resolve(file)) }),
    ...(tlsCertificate === undefined
      ? {}
      : { key: resolve(tlsCertificate[0]), certificate: resolve(tlsCertificate[1]) }),
    ...(tlsPassphraseFile === undefined ? {} : { passphraseFile: resolve(tlsPassphraseFile) }),
    ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
    ...(tlsFingerprint.length === 0 ? {} : { fingerprints: tlsFingerprint.map(checkFingerprintText) }),
  };
  return Object.keys(tls).length > 0 ? tls : given.tls ? true : undefined;
}

/** Whether nobody without a certificate comes in. */
export const requiresCertificate = ({ tlsCa, tlsClients }: TlsServerValues): boolean =>
  tlsCa.length > 0 && tlsClients !== "optional";

/**
 * For a peer that opens a connection back to us, as it was connected to: patient data that we ask for over TLS must not
 * come in the clear.
 * @throws UsageError where TLS has no certificate to show
 */
export function wayBack(tls: TlsClientOptions | undefined): TlsServerOptions | undefined {
  if (tls === undefined) return undefined;
  const { profile, ca, certificate, key, passphrase } = tls;
  if (certificate === undefined || key === undefined)
    throw new UsageError(
      "With TLS the peer connects to +P with TLS too, for which we need a certificate: +tls KEY CERTIFICATE; or --plain-receiver takes it without.",
    );
  return {
    certificate,
    key,
    ...(profile === undefined ? {} : { profile }),
    ...(ca === undefined ? {} : { ca }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

/** Of commands that connect and listen. */
export const wayBackOption = {
  names: ["--plain-receiver"],
  help: "With +P: listen without TLS, though we connect with it.",
  group,
} as const;

/** @throws UsageError */
export function checkProfile(name: string): TlsProfileName {
  if (Object.hasOwn(tlsProfiles, name)) return name as TlsProfileName;
  throw new UsageError(`"${name}" is no TLS profile: use one of ${Object.keys(tlsProfiles).join(", ")}.`);
}

/** @throws UsageError */
export function checkFingerprintText(text: string): string {
  if (/^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(text)) return text;
  throw new UsageError(
    `"${text}" is not a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons.`,
  );
}

function optionsOf({
  tlsCertificate,
  tlsCa,
  tlsProfile,
}: Pick<TlsServerValues, "tlsCertificate" | "tlsCa" | "tlsProfile">): Pick<
  TlsClientOptions,
  "certificate" | "key" | "ca" | "profile"
> {
  return {
    ...(tlsCertificate === undefined
      ? {}
      : { key: { file: tlsCertificate[0] }, certificate: { file: tlsCertificate[1] } }),
    ...(tlsCa.length === 0 ? {} : { ca: tlsCa.map((file) => ({ file })) }),
    ...(tlsProfile === undefined ? {} : { profile: checkProfile(tlsProfile) }),
  };
}

async function passphraseOf(
  { tlsPassphraseFile }: Pick<TlsServerValues, "tlsPassphraseFile">,
  { env }: Pick<Io, "env">,
): Promise<string | undefined> {
  return tlsPassphraseFile === undefined ? env["ISOCENTER_TLS_PASSPHRASE"] : secretFrom(tlsPassphraseFile);
}

async function peerTlsOf(peer: PeerTls): Promise<TlsClientOptions> {
  if (peer === true) return {};
  const { ca, certificate, key, passphraseFile, ...same } = peer;
  return {
    ...same,
    ...(ca === undefined ? {} : { ca: ca.map((file) => ({ file })) }),
    ...(certificate === undefined ? {} : { certificate: { file: certificate } }),
    ...(key === undefined ? {} : { key: { file: key } }),
    ...(passphraseFile === undefined ? {} : { passphrase: await secretFrom(passphraseFile) }),
  };
}

/** Lets OpenSSL look at the files, so that a wrong one is told before anything is connected. @throws UsageError */
async function checked<T extends TlsClientOptions | TlsServerOptions>(tls: T): Promise<T> {
  const { ca, certificate, key, passphrase } = tls;
  const authorities = ca === undefined ? [] : Array.isArray(ca) ? ca : [ca];
  const contents = {
    ...(ca === undefined ? {} : { ca: await Promise.all(authorities.map(pemText)) }),
    ...(certificate === undefined ? {} : { cert: await pemText(certificate) }),
    ...(key === undefined ? {} : { key: await pemText(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  for (const text of contents.ca ?? []) {
    if (!text.includes("-----BEGIN CERTIFICATE-----"))
      throw new UsageError("A file of --tls-ca holds no certificate in PEM (-----BEGIN CERTIFICATE-----).");
  }
  try {
    createSecureContext(contents);
  } catch (error) {
    throw new UsageError(
      `The TLS key, certificate or authorities cannot be used: ${error instanceof Error ? error.message.trim() : String(error)}. They are given as +tls KEY CERTIFICATE, in this order.`,
    );
  }
  return tls;
}

async function pemText(pem: string | { readonly file: string }): Promise<string> {
  if (typeof pem === "string") return pem;
  try {
    return await readFile(pem.file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${pem.file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
