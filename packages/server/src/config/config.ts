/**
 * What a server is told at its start. Defaults are safe: both listeners on loopback, no login needed there; a listener
 * that other machines can reach refuses to start without a rule for who may use it.
 */
import { IsocenterError } from "@isocenter/dicom";
import type { DuplicatePolicy } from "@isocenter/archive";
import type { TlsClientOptions, TlsServerOptions } from "@isocenter/network/node";
import type { RoutingConfig } from "./routing.ts";
import type { VerifyUser } from "./users.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface PeerConfig {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly callingAE: string;
  readonly calledAE: string;
  readonly tls?: TlsClientOptions;
  /** Default `auto`: C-GET, and C-MOVE to ourselves where the peer has no C-GET. */
  readonly retrieve?: "auto" | "get" | "move";
  /** Associations at a time for storing and retrieving. Default 1. */
  readonly parallel?: number;
  /** Of text in answers that name no character set (0008,0005): `ISO_IR 100`, for instance. */
  readonly characterSet?: string;
  /** What the gateway retrieves is kept in the archive, and answered from there once a study is complete. */
  readonly cache?: boolean;
}

/** A DICOMweb service that requests may name. */
export interface WebPeerConfig {
  readonly id: string;
  readonly name: string;
  /** The service root, `https://pacs.example.org/dicom-web`. */
  readonly url: string;
  readonly token?: string;
  readonly login?: { readonly user: string; readonly password: string };
  readonly characterSet?: string;
  readonly cache?: boolean;
}

/** Who may open associations: all that is said must be so. */
export interface AllowRule {
  readonly aeTitle: string;
  /** Addresses and networks, `10.1.0.0/16`. */
  readonly addresses?: readonly string[] | undefined;
  /** SHA-256 fingerprints of client certificates. */
  readonly fingerprints?: readonly string[] | undefined;
}

export interface Limits {
  /** Open at a time. Default 200. */
  readonly associations?: number;
  /** Bytes that a peer may send in one P-DATA-TF. Default 131,072. */
  readonly maximumPduLength?: number;
  readonly idleSeconds?: number;
  /** Jobs that run at a time. Default 4. */
  readonly jobs?: number;
  /** Memory for instances that the gateway holds. Default 256. */
  readonly gatewayMiB?: number;
}

export interface QuotaConfig {
  readonly maximumGiB?: number;
  readonly maximumAgeDays?: number;
  /** Default 15. */
  readonly everyMinutes?: number;
}

export interface ServerConfig {
  /** Folder of the local archive. */
  readonly dataFolder: string;
  /** `postgres://…`; SQLite in the data folder when left out. */
  readonly database?: string;
  /** `s3://…`; the data folder when left out. */
  readonly objects?: string;
  readonly duplicates?: DuplicatePolicy;
  readonly quota?: QuotaConfig;
  readonly limits?: Limits;
  /** A second DICOM listener, with TLS. */
  readonly dicomTls?: { readonly address: ListenAddress; readonly tls: TlsServerOptions };
  readonly allow?: readonly AllowRule[];
  /** Identities that associations may show. */
  readonly users?: { readonly required?: boolean; readonly verify: VerifyUser };
  /** AE titles under which DICOM reaches a peer through here. */
  readonly aeTitles?: readonly { readonly aeTitle: string; readonly peer: string }[];
  readonly routing?: RoutingConfig;
  /** `audit.jsonl` in the data folder when left out; false for none. */
  readonly audit?: false | { readonly file: string };
  readonly logLevel?: string;
  /** For what runs when the server stops. Default 10. */
  readonly drainSeconds?: number;
  readonly http: ListenAddress;
  readonly dicom: ListenAddress;
  readonly aeTitle: string;
  readonly peers: readonly PeerConfig[];
  /** Served as `/dicom-web/<id>` beside the DICOM peers. */
  readonly webPeers?: readonly WebPeerConfig[];
  /** Whether requests may add, change and remove peers. Default: when HTTP is on loopback. */
  readonly peerChanges?: boolean;
  /** Origins whose pages may use `/dicom-web`, for viewers that are served elsewhere. None when left out. */
  readonly webOrigins?: readonly string[];
  /** Origin that clients reach this server under, where a proxy stands before it. */
  readonly publicOrigin?: string;
  /** Bearer token that every HTTP request must carry; needed when HTTP is not on loopback. */
  readonly token?: string;
  /** Calling AE titles that may associate; needed when DICOM is not on loopback. Anyone when left out. */
  readonly allowedAeTitles?: readonly string[];
  /** Folder of the built workstation; no page is served without it. */
  readonly webFolder?: string;
  /** Shown by the about panel. */
  readonly demo: boolean;
}

export const defaultConfig = {
  dataFolder: "./isocenter-data",
  http: { host: "127.0.0.1", port: 8104 },
  dicom: { host: "127.0.0.1", port: 11112 },
  aeTitle: "ISOCENTER",
  peers: [],
  demo: false,
} as const satisfies ServerConfig;

export type ConfigErrorCode =
  | "config-missing"
  | "config-unreadable"
  /** The message has a line for each problem. */
  | "config-invalid"
  | "address-invalid"
  | "ae-title-invalid"
  | "address-in-use"
  | "address-unusable"
  | "public-without-login"
  | "public-without-allowed-ae";

/** A server cannot start as configured; the message says what to change. */
export class ConfigError extends IsocenterError {
  override readonly name = "ConfigError";
  declare readonly code: ConfigErrorCode;

  constructor(code: ConfigErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}

/**
 * `HOST:PORT`, `[::1]:PORT` or `:PORT`.
 * @throws ConfigError `address-invalid`
 */
export function parseAddress(text: string, defaultHost = "127.0.0.1"): ListenAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new ConfigError(
      "address-invalid",
      `"${text}" is not an address: write HOST:PORT, for example 127.0.0.1:11112.`,
    );
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? defaultHost : host, port };
}

/** `HOST:PORT` as shown to people and used in URLs. */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * An AE title: 1–16 characters of the default repertoire without backslash and control characters (PS3.5 6.2, VR AE).
 * @throws ConfigError `ae-title-invalid`
 */
export function checkAeTitle(title: string): string {
  const trimmed = title.trim();
  if (!/^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(trimmed)) {
    throw new ConfigError(
      "ae-title-invalid",
      `"${title}" is not an AE title: use 1 to 16 letters, digits or signs without backslash.`,
    );
  }
  return trimmed;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** @throws ConfigError `public-without-login`, `public-without-allowed-ae`, `ae-title-invalid` */
export function checkConfig(config: ServerConfig): void {
  checkAeTitle(config.aeTitle);
  if (!isLoopback(config.http.host) && config.token === undefined) {
    throw new ConfigError(
      "public-without-login",
      `HTTP on ${formatAddress(config.http)} can be reached from other machines, so it needs a login: set ISOCENTER_TOKEN, or listen on 127.0.0.1.`,
    );
  }
  const hasRule = config.allowedAeTitles !== undefined || config.allow !== undefined;
  if (!isLoopback(config.dicom.host) && !hasRule) throw withoutAllowedAe(config.dicom);
  if (config.dicomTls === undefined) return;
  const { address, tls } = config.dicomTls;
  const asksCertificate =
    (tls.clientCertificates ?? (tls.ca === undefined ? "none" : "required")) === "required";
  if (!isLoopback(address.host) && !hasRule && !asksCertificate) throw withoutAllowedAe(address);
}

const withoutAllowedAe = (address: ListenAddress): ConfigError =>
  new ConfigError(
    "public-without-allowed-ae",
    `DICOM on ${formatAddress(address)} can be reached from other machines, so it needs the AE titles that may connect: add --allow-aet NAME, or listen on 127.0.0.1.`,
  );
