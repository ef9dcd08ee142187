/**
 * Peers by name, in a JSON file:
 *
 *     { "aeTitle": "WORKSTATION1",
 *       "peers": { "pacs": { "host": "pacs.example.org", "port": 104, "aeTitle": "PACS" } } }
 *
 * `--config` or ISOCENTER_CONFIG name the file; otherwise ./isocenter.json is read, and after it the user's own
 * ~/.config/isocenter/peers.json for peers that the first does not have.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Io } from "../command.ts";
import { UsageError } from "../usage-error.ts";
import {
  checkedPeer,
  jsonObject,
  onlyKeys,
  type PeerEntry,
  titleOf,
  withAbsoluteFiles,
} from "./config-entries.ts";

export { type DimsePeerEntry, isWebUrl, type PeerEntry, type WebPeerEntry } from "./config-entries.ts";

export interface ConfigFile {
  readonly path: string;
  /** Ours. */
  readonly aeTitle?: string;
  readonly peers: Readonly<Record<string, PeerEntry>>;
}

export type KnownPeer = PeerEntry & {
  readonly name: string;
  readonly path: string;
};

/** What all files say together. */
export interface Configuration {
  readonly aeTitle: string | undefined;
  readonly peers: ReadonlyMap<string, KnownPeer>;
  readonly paths: readonly string[];
}

/** @throws UsageError that names the file and what is wrong in it */
export async function readConfiguration(
  io: Pick<Io, "env">,
  named: string | undefined,
): Promise<Configuration> {
  const explicit = named ?? io.env["ISOCENTER_CONFIG"];
  const paths = explicit === undefined ? [localPath(), userPath(io)] : [resolve(explicit)];
  const files: ConfigFile[] = [];
  for (const path of paths) {
    const file = await readConfigFile(path);
    if (file !== undefined) files.push(file);
    else if (explicit !== undefined) throw new UsageError(`There is no file ${path}.`);
  }
  const peers = new Map<string, KnownPeer>();
  for (const { path, peers: own } of files) {
    for (const [name, peer] of Object.entries(own))
      if (!peers.has(name)) peers.set(name, { ...withAbsoluteFiles(peer, dirname(path)), name, path });
  }
  return { aeTitle: files.find((file) => file.aeTitle !== undefined)?.aeTitle, peers, paths };
}

/** Where `peers add` writes. */
export function writablePath(io: Pick<Io, "env">, named: string | undefined): string {
  const explicit = named ?? io.env["ISOCENTER_CONFIG"];
  return explicit === undefined ? userPath(io) : resolve(explicit);
}

/** @returns undefined when there is no such file @throws UsageError */
export async function readConfigFile(path: string): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new UsageError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  try {
    return checkedFile(path, JSON.parse(text));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Written beside and moved there: a reader never sees half a file. */
export async function writeConfigFile({ path, ...content }: ConfigFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.part`;
  await writeFile(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(partial, path);
}

/** A name that no address looks like. @throws UsageError */
export function checkPeerName(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) return name;
  throw new UsageError(
    `"${name}" is not a name for a peer: begin with a letter, go on with letters, digits, - and _.`,
  );
}

const localPath = (): string => resolve("isocenter.json");

function userPath({ env }: Pick<Io, "env">): string {
  const base = env["XDG_CONFIG_HOME"] ?? join(env["HOME"] ?? env["USERPROFILE"] ?? ".", ".config");
  return join(base, "isocenter", "peers.json");
}

function checkedFile(path: string, json: unknown): ConfigFile {
  const file = jsonObject(json, `${path}: the file`);
  onlyKeys(file, ["aeTitle", "peers"], path);
  const peers: Record<string, PeerEntry> = {};
  for (const [name, entry] of Object.entries(jsonObject(file["peers"] ?? {}, `${path}: "peers"`))) {
    checkPeerName(name);
    peers[name] = checkedPeer(entry, `${path}: the peer "${name}"`);
  }
  const { aeTitle } = file;
  return {
    path,
    ...(aeTitle === undefined ? {} : { aeTitle: titleOf(aeTitle, `${path}: "aeTitle"`) }),
    peers,
  };
}
