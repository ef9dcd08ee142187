/** One peer in the file: what may stand in its entry, for DICOM (`host`, `port`, `aeTitle`) and for DICOMweb (`url`). */
import { resolve } from "node:path";
import { checkAeTitle } from "@isocenter/server/config";
import { UsageError } from "../usage-error.ts";
import { checkFingerprintText, checkProfile, type PeerTls } from "./tls.ts";

export interface DimsePeerEntry {
  readonly kind?: "dimse";
  readonly host: string;
  readonly port: number;
  /** The peer's. */
  readonly aeTitle: string;
  /** Ours, where this peer knows us by another than the file's. */
  readonly callingAeTitle?: string;
  /** Files are relative to the one that this stands in. */
  readonly tls?: PeerTls;
}

export interface WebPeerEntry {
  readonly kind: "dicomweb";
  /** The service root. */
  readonly url: string;
  /** Its first line is sent as a bearer token. */
  readonly tokenFile?: string;
  readonly basic?: { readonly user: string; readonly passwordFile: string };
}

export type PeerEntry = DimsePeerEntry | WebPeerEntry;

/** @param what for messages: the file and the peer @throws UsageError */
export function checkedPeer(json: unknown, what: string): PeerEntry {
  const peer = jsonObject(json, what);
  const { kind = "dimse" } = peer;
  if (kind === "dicomweb") return checkedWebPeer(peer, what);
  if (kind !== "dimse") throw new UsageError(`${what}: "kind" must be dimse or dicomweb.`);
  onlyKeys(peer, ["kind", "host", "port", "aeTitle", "callingAeTitle", "tls"], what);
  const { host, port, aeTitle, callingAeTitle, tls } = peer;
  if (typeof host !== "string" || host === "")
    throw new UsageError(`${what} needs "host", a name or an address.`);
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`${what} needs "port", a number from 1 to 65535.`);
  return {
    host,
    port,
    aeTitle: titleOf(aeTitle, `${what}: "aeTitle"`),
    ...(callingAeTitle === undefined
      ? {}
      : { callingAeTitle: titleOf(callingAeTitle, `${what}: "callingAeTitle"`) }),
    ...(tls === undefined || tls === false ? {} : { tls: checkedTls(tls, `${what}: "tls"`) }),
  };
}

/** The files that an entry names, from the folder of the file that it stands in. */
export function withAbsoluteFiles(peer: PeerEntry, folder: string): PeerEntry {
  const at = (name: string): string => resolve(folder, name);
  if (peer.kind === "dicomweb") {
    const { tokenFile, basic, ...rest } = peer;
    return {
      ...rest,
      ...(tokenFile === undefined ? {} : { tokenFile: at(tokenFile) }),
      ...(basic === undefined ? {} : { basic: { ...basic, passwordFile: at(basic.passwordFile) } }),
    };
  }
  const { tls } = peer;
  if (tls === undefined || tls === true) return peer;
  const { ca, certificate, key, passphraseFile, ...rest } = tls;
  return {
    ...peer,
    tls: {
      ...rest,
      ...(ca === undefined ? {} : { ca: ca.map(at) }),
      ...(certificate === undefined ? {} : { certificate: at(certificate) }),
      ...(key === undefined ? {} : { key: at(key) }),
      ...(passphraseFile === undefined ? {} : { passphraseFile: at(passphraseFile) }),
    },
  };
}

function checkedWebPeer(peer: Record<string, unknown>, what: string): WebPeerEntry {
  onlyKeys(peer, ["kind", "url", "tokenFile", "basic"], what);
  const url = textOf(peer, "url", what);
  if (url === undefined || !isWebUrl(url))
    throw new UsageError(`${what} needs "url", the service's root: https://pacs.example.org/dicom-web.`);
  const tokenFile = textOf(peer, "tokenFile", what);
  if (peer["basic"] === undefined)
    return { kind: "dicomweb", url, ...(tokenFile === undefined ? {} : { tokenFile }) };
  const basic = jsonObject(peer["basic"], `${what}: "basic"`);
  onlyKeys(basic, ["user", "passwordFile"], `${what}: "basic"`);
  const [user, passwordFile] = [textOf(basic, "user", what), textOf(basic, "passwordFile", what)];
  if (user === undefined || passwordFile === undefined || tokenFile !== undefined)
    throw new UsageError(`${what}: "basic" needs "user" and "passwordFile", and no "tokenFile" beside it.`);
  return { kind: "dicomweb", url, basic: { user, passwordFile } };
}

export function isWebUrl(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

function checkedTls(json: unknown, what: string): PeerTls {
  if (json === true) return true;
  const tls = jsonObject(json, what);
  onlyKeys(
    tls,
    ["profile", "ca", "certificate", "key", "passphraseFile", "serverName", "fingerprints"],
    what,
  );
  const profile = textOf(tls, "profile", what);
  const certificate = textOf(tls, "certificate", what);
  const key = textOf(tls, "key", what);
  const passphraseFile = textOf(tls, "passphraseFile", what);
  const serverName = textOf(tls, "serverName", what);
  const [ca, fingerprints] = [textsOf(tls, "ca", what), textsOf(tls, "fingerprints", what)];
  if ((certificate === undefined) !== (key === undefined))
    throw new UsageError(`${what} needs "certificate" and "key", or neither.`);
  return {
    ...(profile === undefined ? {} : { profile: checkProfile(profile) }),
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    ...(passphraseFile === undefined ? {} : { passphraseFile }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(fingerprints === undefined ? {} : { fingerprints: fingerprints.map(checkFingerprintText) }),
  };
}

function textOf(json: Record<string, unknown>, key: string, what: string): string | undefined {
  const value = json[key];
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw new UsageError(`${what}: "${key}" must be a text.`);
}

function textsOf(json: Record<string, unknown>, key: string, what: string): readonly string[] | undefined {
  const value = json[key];
  if (value === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length > 0 && texts.every((text) => typeof text === "string" && text !== ""))
    return texts as readonly string[];
  throw new UsageError(`${what}: "${key}" must be a text, or a list of them.`);
}

/** @throws UsageError */
export function jsonObject(json: unknown, what: string): Record<string, unknown> {
  if (typeof json === "object" && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new UsageError(`${what} must be an object: { … }.`);
}

/** @throws UsageError */
export function onlyKeys(json: Record<string, unknown>, known: readonly string[], what: string): void {
  const other = Object.keys(json).find((key) => !known.includes(key));
  if (other !== undefined)
    throw new UsageError(`${what} has "${other}", which is none of ${known.join(", ")}.`);
}

/** @throws UsageError */
export function titleOf(json: unknown, what: string): string {
  if (typeof json !== "string") throw new UsageError(`${what} must be an AE title of 1 to 16 characters.`);
  return checkAeTitle(json);
}
