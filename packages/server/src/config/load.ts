/**
 * The configuration from where it is written: defaults, over them the file, over it the environment, over it the command
 * line. Secrets come from files and from the environment.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { TlsClientOptions, TlsServerOptions } from "@isocenter/network/node";
import { checkConfigFile } from "./check-file.ts";
import {
  ConfigError,
  defaultConfig,
  parseAddress,
  type PeerConfig,
  type ServerConfig,
  type WebPeerConfig,
} from "./config.ts";
import type { ConfigFile } from "./file.ts";
import { readUsers } from "./users.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line may say. */
export interface ConfigFlags {
  /** A file that must be there; ./isocenter.json is read when it is. */
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly http?: string | undefined;
  readonly dicom?: string | undefined;
  readonly aeTitle?: string | undefined;
  readonly database?: string | undefined;
  readonly objects?: string | undefined;
  readonly allow?: readonly string[] | undefined;
}

/** @throws ConfigError that names the file, the place in it, and what is allowed there */
export function loadConfig(flags: ConfigFlags = {}, env: Environment = {}): ServerConfig {
  const named = flags.config ?? set(env, "ISOCENTER_CONFIG");
  const path = resolve(named ?? "isocenter.json");
  const text = readIfThere(path);
  if (text === undefined && named !== undefined) {
    throw new ConfigError("config-missing", `There is no configuration file ${path}.`);
  }
  const file = text === undefined ? {} : checkConfigFile(text, named ?? "isocenter.json");
  return merged(file, dirname(path), flags, env);
}

function merged(file: ConfigFile, folder: string, flags: ConfigFlags, env: Environment): ServerConfig {
  const at = (name: string): string => resolve(folder, name);
  const secret = (name: string, what: string): string => readSecret(at(name), what);
  const first = (flag: string | undefined, variable: string, given: string | undefined): string | undefined =>
    flag ?? set(env, variable) ?? given;
  const tokenFile = set(env, "ISOCENTER_TOKEN_FILE");
  const token =
    set(env, "ISOCENTER_TOKEN") ??
    (tokenFile === undefined ? undefined : readSecret(resolve(tokenFile), "ISOCENTER_TOKEN_FILE")) ??
    (file.tokenFile === undefined ? undefined : secret(file.tokenFile, "tokenFile"));
  const database =
    first(flags.database, "ISOCENTER_DATABASE", file.database) ??
    (file.databaseFile === undefined ? undefined : secret(file.databaseFile, "databaseFile"));
  const data = first(flags.data, "ISOCENTER_DATA", undefined);
  const aeTitle = first(flags.aeTitle, "ISOCENTER_AE_TITLE", file.aeTitle) ?? defaultConfig.aeTitle;
  const http = first(flags.http, "ISOCENTER_HTTP", file.http);
  const dicom = first(flags.dicom, "ISOCENTER_DICOM", file.dicom);
  const allow = flags.allow !== undefined && flags.allow.length > 0 ? flags.allow : file.allow;
  const { limits, quota, users } = file;
  return {
    demo: false,
    ...peersOf(file, aeTitle, at, secret),
    dataFolder: data === undefined ? at(file.data ?? defaultConfig.dataFolder) : resolve(data),
    aeTitle,
    http: http === undefined ? defaultConfig.http : parseAddress(http),
    dicom: dicom === undefined ? defaultConfig.dicom : parseAddress(dicom),
    ...defined({
      token,
      database,
      objects: first(flags.objects, "ISOCENTER_OBJECTS", file.objects),
      duplicates: file.duplicates,
      publicOrigin: file.publicOrigin === undefined ? undefined : new URL(file.publicOrigin).origin,
      webOrigins: file.webOrigins?.map((url) => new URL(url).origin),
      peerChanges: file.peerChanges,
      allow: allow?.map((one) => (typeof one === "string" ? { aeTitle: one } : one)),
      dicomTls: file.dicomTls === undefined ? undefined : tlsListener(file.dicomTls, at, secret),
      users: users === undefined ? undefined : { ...defined(users), verify: readUsers(at(users.file)) },
      limits: limits === undefined ? undefined : defined(limits),
      quota: quota === undefined ? undefined : defined(quota),
      aeTitles: file.aeTitles,
      routing: file.routing,
      audit: auditOf(file, at, env),
      logLevel: first(undefined, "ISOCENTER_LOG_LEVEL", file.log?.level),
      drainSeconds: file.drainSeconds,
    }),
  };
}

function peersOf(
  file: ConfigFile,
  aeTitle: string,
  at: (name: string) => string,
  secret: (name: string, what: string) => string,
): { readonly peers: PeerConfig[]; readonly webPeers: WebPeerConfig[] } {
  const peers: PeerConfig[] = [];
  const webPeers: WebPeerConfig[] = [];
  for (const [id, peer] of Object.entries(file.peers ?? {})) {
    const { name = id, characterSet, cache } = peer;
    const common = { id, name, ...defined({ characterSet, cache }) };
    if (peer.kind === "dicomweb") {
      const { url, tokenFile, basic } = peer;
      const what = `peers.${id}`;
      const token = tokenFile === undefined ? undefined : secret(tokenFile, `${what}.tokenFile`);
      const login =
        basic === undefined
          ? undefined
          : { user: basic.user, password: secret(basic.passwordFile, `${what}.basic.passwordFile`) };
      webPeers.push({ ...common, url, ...defined({ token, login }) });
      continue;
    }
    const { host, port, callingAeTitle = aeTitle, retrieve, parallel } = peer;
    const tls =
      peer.tls === undefined ? undefined : clientTls(peer.tls, at, (name) => secret(name, `peers.${id}.tls`));
    const titles = { callingAE: callingAeTitle, calledAE: peer.aeTitle };
    peers.push({ ...common, host, port, ...titles, ...defined({ retrieve, parallel, tls }) });
  }
  return { peers, webPeers };
}

type PeerTls = NonNullable<Extract<NonNullable<ConfigFile["peers"]>[string], { host: string }>["tls"]>;

function clientTls(
  tls: PeerTls,
  at: (name: string) => string,
  secret: (name: string) => string,
): TlsClientOptions {
  if (tls === true) return {};
  const { profile, ca, certificate, key, passphraseFile, serverName, fingerprints } = tls;
  return defined({
    profile,
    ca: filesAt(ca, at),
    certificate: certificate === undefined ? undefined : { file: at(certificate) },
    key: key === undefined ? undefined : { file: at(key) },
    passphrase: passphraseFile === undefined ? undefined : secret(passphraseFile),
    serverName,
    fingerprints,
  });
}

function tlsListener(
  {
    listen,
    certificate,
    key,
    passphraseFile,
    ca,
    clientCertificates,
    profile,
  }: NonNullable<ConfigFile["dicomTls"]>,
  at: (name: string) => string,
  secret: (name: string, what: string) => string,
): NonNullable<ServerConfig["dicomTls"]> {
  const tls: TlsServerOptions = {
    certificate: { file: at(certificate) },
    key: { file: at(key) },
    ...defined({
      passphrase:
        passphraseFile === undefined ? undefined : secret(passphraseFile, "dicomTls.passphraseFile"),
      ca: filesAt(ca, at),
      clientCertificates,
      profile,
    }),
  };
  return { address: parseAddress(listen), tls };
}

const filesAt = (names: string | readonly string[] | undefined, at: (name: string) => string) =>
  names === undefined
    ? undefined
    : (typeof names === "string" ? [names] : names).map((one) => ({ file: at(one) }));

function auditOf(file: ConfigFile, at: (name: string) => string, env: Environment): ServerConfig["audit"] {
  if (file.audit?.on === false) return false;
  const path =
    set(env, "ISOCENTER_AUDIT_FILE") ?? (file.audit?.file === undefined ? undefined : at(file.audit.file));
  return path === undefined ? undefined : { file: resolve(path) };
}

/** Set and not empty: `docker compose` sets empty ones. */
function set(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw new ConfigError("config-unreadable", `${path} cannot be read (${codeOf(cause)}).`, { cause });
  }
}

function readSecret(path: string, what: string): string {
  try {
    const text = readFileSync(path, "utf8").trim();
    if (text !== "") return text;
  } catch (cause) {
    throw new ConfigError(
      "config-unreadable",
      `${what} names ${path}, which cannot be read (${codeOf(cause)}).`,
      { cause },
    );
  }
  throw new ConfigError("config-unreadable", `${what} names ${path}, which is empty.`);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "failed";

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
