/**
 * A DICOMweb service in place of a DICOM peer: `dicomweb:URL`, or a peer of that kind in the file, for the commands that can
 * do their work at either (find, get, store). Options that only an association has are refused, rather than passed over.
 */
import type { DicomwebPeer } from "@isocenter/archive/dicomweb";
import type { OptionSpecs } from "../arguments.ts";
import { integerOption } from "../arguments.ts";
import type { Io } from "../command.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";
import { isWebUrl, readConfiguration, type WebPeerEntry } from "./config-file.ts";
import { secretFrom } from "./identity.ts";
import { type PeerOptionValues, peerOptions } from "./options.ts";

export const webOptions = {
  tokenFile: {
    names: ["--token-file"],
    value: "FILE",
    help: "For dicomweb:URL: first line is sent as a bearer token (or ISOCENTER_TOKEN); --user is a login there.",
    group: "Connection",
  },
} as const satisfies OptionSpecs;

export interface WebSession {
  readonly peer: DicomwebPeer;
  /** Operands after the peer. */
  readonly rest: readonly string[];
  /** Aborted by the first Ctrl+C. */
  readonly stopping: AbortSignal;
  /** Aborted a moment after it. */
  readonly hard: AbortSignal;
}

/** Of what is common to peers, these mean something here too. */
const shared = new Set<string>(["config", "user", "passwordFile", "dimseTimeout", "verbose"]);
/** Time that Ctrl+C leaves for the answer to what is under way. */
const graceMs = 3000;

type Given = PeerOptionValues & { readonly tokenFile: string | undefined };

/**
 * @param refused options of the command that mean nothing at a DICOMweb service
 * @returns undefined where the operand names a DICOM peer
 * @throws UsageError
 */
export async function webSession<S extends OptionSpecs>(
  io: Io,
  specs: S,
  given: Given & { readonly [K in keyof S]: unknown },
  operands: readonly string[],
  refused: readonly (keyof S & string)[],
): Promise<WebSession | undefined> {
  const [first = "", ...rest] = operands;
  const entry = /^dicomweb:/i.test(first) ? entryOf(first) : await knownEntry(io, given, first);
  if (entry === undefined) {
    if (given.tokenFile !== undefined)
      throw new UsageError("--token-file is for DICOMweb services: dicomweb:URL.");
    return undefined;
  }
  const others = Object.keys(peerOptions).filter((key) => !shared.has(key));
  for (const key of [...refused, ...others]) {
    if (isGiven(given[key])) throw new UsageError(whyRefused(specs[key]?.names ?? [], key));
  }
  const { DicomwebPeer } = await import("@isocenter/archive/dicomweb");
  const hard = new AbortController();
  io.signal.addEventListener("abort", () => {
    setTimeout(() => hard.abort(io.signal.reason), graceMs).unref();
  });
  const peer = new DicomwebPeer({
    url: entry.url,
    ...(await credentials(entry, given, io)),
    ...(given.dimseTimeout === undefined
      ? {}
      : { timeoutMs: integerOption("--dimse-timeout", given.dimseTimeout, 1, 86_400) * 1000 }),
    ...(given.verbose ? { fetch: tellingFetch(io) } : {}),
  });
  return { peer, rest, stopping: io.signal, hard: hard.signal };
}

/** Only names stand in the file; an address needs no look into it. */
async function knownEntry(io: Io, { config }: Given, name: string): Promise<WebPeerEntry | undefined> {
  if (name === "" || /[:@]/.test(name)) return undefined;
  const known = (await readConfiguration(io, config)).peers.get(name);
  return known?.kind === "dicomweb" ? known : undefined;
}

/** The options' own, then those of the entry, then the environment's. */
async function credentials(
  { tokenFile, basic }: WebPeerEntry,
  given: Given,
  { env }: Io,
): Promise<{ token?: string; login?: { user: string; password: string } }> {
  if (given.tokenFile !== undefined && given.user !== undefined)
    throw new UsageError("Give --token-file or --user, not both.");
  if (given.passwordFile !== undefined && given.user === undefined)
    throw new UsageError("--password-file needs --user.");
  const ofUser = given.tokenFile ?? (given.user === undefined ? tokenFile : undefined);
  if (ofUser !== undefined) return { token: (await secretFrom(ofUser)).trim() };
  if (given.user !== undefined) {
    const { user, passwordFile } = given;
    const password =
      passwordFile === undefined ? (env["ISOCENTER_PASSWORD"] ?? "") : await secretFrom(passwordFile);
    return { login: { user, password } };
  }
  if (basic !== undefined)
    return { login: { user: basic.user, password: await secretFrom(basic.passwordFile) } };
  const token = env["ISOCENTER_TOKEN"];
  return token === undefined || token === "" ? {} : { token };
}

function entryOf(operand: string): WebPeerEntry {
  const url = operand.slice("dicomweb:".length);
  if (!isWebUrl(url))
    throw new UsageError(
      `"${url}" is no URL of a DICOMweb service: dicomweb:http://127.0.0.1:8104/dicom-web.`,
    );
  if (new URL(url).username !== "")
    throw new UsageError(
      "A login does not belong into the URL: give --user with --password-file, or --token-file.",
    );
  return { kind: "dicomweb", url };
}

function whyRefused(names: readonly string[], key: string): string {
  if (key === "tlsCa")
    return "--tls-ca is for DICOM peers: of https, NODE_EXTRA_CA_CERTS=FILE names a further authority.";
  const name = names.find((one) => one.startsWith("--")) ?? names[0] ?? key;
  return `${name} means nothing at a DICOMweb service.`;
}

const isGiven = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;

/** `-v`: requests without their queries, which hold what is searched for. */
const tellingFetch =
  (io: Io): typeof fetch =>
  async (input, init) => {
    const start = performance.now();
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const tell = (what: string): void => {
      const ms = Math.round(performance.now() - start);
      io.stderr.write(`${printable(`${init?.method ?? "GET"} ${pathname}: ${what} in ${ms} ms`)}\n`);
    };
    try {
      const answer = await fetch(input, init);
      tell(String(answer.status));
      return answer;
    } catch (error) {
      tell("no answer");
      throw error;
    }
  };
