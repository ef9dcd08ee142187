/** `isocenter peers`: peers by name, listed, added and removed. */
import { resolve } from "node:path";
import { checkAeTitle, formatAddress, parseAddress } from "@isocenter/server/config";
import { type OptionSpecs, type OptionValues, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import {
  checkPeerName,
  type DimsePeerEntry,
  isWebUrl,
  readConfigFile,
  readConfiguration,
  type WebPeerEntry,
  writablePath,
  writeConfigFile,
} from "../network/config-file.ts";
import { peerOptions } from "../network/options.ts";
import { clientTlsOf, peerTlsFrom, tlsClientOptions } from "../network/tls.ts";
import { table } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  callingAe: {
    names: ["-aet", "--aetitle"],
    value: "NAME",
    help: "add: the AE title that this peer knows us by.",
  },
  force: { names: ["--force"], help: "add: replace a peer of that name." },
  json: { names: ["--json"], help: "One line of JSON per peer." },
  config: peerOptions.config,
  tokenFile: {
    names: ["--token-file"],
    value: "FILE",
    help: "add dicomweb:URL: first line is its bearer token.",
  },
  ...tlsClientOptions,
} as const satisfies OptionSpecs;

export const peers: Command = {
  name: "peers",
  summary: "List, add and remove peers that commands know by name.",
  usage: "[add NAME AE@HOST:PORT|dicomweb:URL | remove NAME] [options]",
  description: `Names stand wherever a command takes a peer. ./isocenter.json is read before ~/.config/isocenter/peers.json, which
is where peers are added; --config or ISOCENTER_CONFIG name another file.`,
  options,
  examples: [
    {
      line: "isocenter peers add pacs PACS@pacs.example.org:104 -aet WORKSTATION1",
      explains: "from then on, `pacs` will do",
    },
    {
      line: "isocenter peers add secure PACS@pacs.example.org:2762 --tls-ca hospital.pem",
      explains: "a peer that is connected to with TLS",
    },
    { line: "isocenter echo pacs", explains: "the peer by its name" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const [action = "list", ...rest] = operands;
    switch (action) {
      case "list":
        return list(io, given.config, given.json, rest);
      case "add":
        return add(io, given, rest);
      case "remove":
        return remove(io, given.config, rest);
      default:
        throw new UsageError(`"${action}" is none of list, add and remove.`);
    }
  },
};

async function list(
  io: Io,
  config: string | undefined,
  asJson: boolean,
  rest: readonly string[],
): Promise<number> {
  if (rest.length > 0) throw new UsageError(`What is "${rest.join(" ")}"?`);
  const { peers: known, paths } = await readConfiguration(io, config);
  const all = [...known.values()];
  if (asJson) for (const peer of all) io.stdout.write(`${JSON.stringify(peer)}\n`);
  else if (all.length === 0) io.stdout.write(`No peers are known; ${paths.join(" and ")} would hold them.\n`);
  else {
    const rows = all.map((peer) =>
      peer.kind === "dicomweb"
        ? [peer.name, "", peer.url, "", peer.path]
        : [
            peer.name,
            peer.aeTitle,
            `${formatAddress(peer)}${peer.tls === undefined ? "" : " TLS"}`,
            peer.callingAeTitle ?? "",
            peer.path,
          ],
    );
    io.stdout.write(table(["Name", "AE title", "Address", "We call as", "From"], rows, io.stdout.columns));
  }
  return ExitCode.Success;
}

async function add(
  io: Io,
  given: OptionValues<typeof options>,
  [name, address, ...rest]: readonly string[],
): Promise<number> {
  if (name === undefined || address === undefined || rest.length > 0)
    throw new UsageError("Write: isocenter peers add NAME AE@HOST:PORT, or NAME dicomweb:URL.");
  checkPeerName(name);
  // What is written must be readable later: the files are looked at now.
  await clientTlsOf(given, undefined, io);
  const entry = address.startsWith("dicomweb:") ? webEntry(address, given) : dimseEntry(address, given);
  const path = writablePath(io, given.config);
  const file = (await readConfigFile(path)) ?? { path, peers: {} };
  if (name in file.peers && !given.force)
    throw new UsageError(`There is a peer "${name}" in ${path} already: --force replaces it.`);
  await writeConfigFile({ ...file, peers: { ...file.peers, [name]: entry } });
  const words = entry.kind === "dicomweb" ? entry.url : `${entry.aeTitle} at ${formatAddress(entry)}`;
  io.stdout.write(`${name} is ${words}, in ${path}\n`);
  return ExitCode.Success;
}

function dimseEntry(address: string, given: OptionValues<typeof options>): DimsePeerEntry {
  const at = address.lastIndexOf("@");
  if (at < 1) throw new UsageError("Write: isocenter peers add NAME AE@HOST:PORT, or NAME dicomweb:URL.");
  if (given.tokenFile !== undefined) throw new UsageError("--token-file is for dicomweb:URL.");
  const tls = peerTlsFrom(given);
  return {
    ...parseAddress(address.slice(at + 1)),
    aeTitle: checkAeTitle(address.slice(0, at)),
    ...(given.callingAe === undefined ? {} : { callingAeTitle: checkAeTitle(given.callingAe) }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function webEntry(address: string, given: OptionValues<typeof options>): WebPeerEntry {
  const url = address.slice("dicomweb:".length);
  if (!isWebUrl(url)) throw new UsageError(`"${url}" is no http or https URL.`);
  if (peerTlsFrom(given) !== undefined || given.callingAe !== undefined)
    throw new UsageError("AE titles and TLS options are for DICOM peers; a DICOMweb service has a URL.");
  const { tokenFile } = given;
  return { kind: "dicomweb", url, ...(tokenFile === undefined ? {} : { tokenFile: resolve(tokenFile) }) };
}

async function remove(
  io: Io,
  config: string | undefined,
  [name, ...rest]: readonly string[],
): Promise<number> {
  if (name === undefined || rest.length > 0) throw new UsageError("Write: isocenter peers remove NAME.");
  const path = writablePath(io, config);
  const file = await readConfigFile(path);
  if (file === undefined || !(name in file.peers))
    throw new UsageError(`There is no peer "${name}" in ${path}.`);
  const left = Object.fromEntries(Object.entries(file.peers).filter(([key]) => key !== name));
  await writeConfigFile({ ...file, peers: left });
  io.stdout.write(`${name} is removed from ${path}\n`);
  return ExitCode.Success;
}
