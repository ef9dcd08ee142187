/** `isocenter qr`: a folder as a small PACS, as DCMTK's dcmqrscp. */
import { dial } from "../network/dial.ts";
import type { MoveDestination } from "@isocenter/network";
import type { TlsClientOptions } from "@isocenter/network/node";
import { checkAeTitle, formatAddress, parseAddress } from "@isocenter/server/config";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { type Configuration, readConfiguration } from "../network/config-file.ts";
import { checkOpenDoor, listen, listenOperand, untilStopped } from "../network/listener.ts";
import { listenerOptions, peerOptions, timeoutsOf } from "../network/options.ts";
import { serverTlsOf, tlsOfPeer } from "../network/tls.ts";
import { openSource } from "../qr/open-source.ts";
import { qrServices } from "../qr/services.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  aet: { names: ["-aet", "--aetitle"], value: "NAME", help: "Our AE title (default ISOCENTER)." },
  destination: {
    names: ["--destination"],
    value: "AE@HOST:PORT",
    repeatable: true,
    help: "Where C-MOVE may send, beside the peers of `isocenter peers`.",
  },
  readOnly: { names: ["--read-only"], help: "Take nothing in." },
  archive: {
    names: ["--archive"],
    help: "Make the folder an archive with an index on disk, as `isocenter serve` has it.",
  },
  notDurable: {
    names: ["--not-durable"],
    help: "Answer C-STORE before the file is on stable storage; archives always wait.",
  },
  ...listenerOptions,
  config: peerOptions.config,
} as const satisfies OptionSpecs;

export const qr: Command = {
  name: "qr",
  summary: "Let others query and retrieve what a folder holds (a query/retrieve SCP).",
  usage: "[HOST:]PORT FOLDER [options]",
  description: `Answers C-ECHO, C-FIND, C-GET, C-MOVE and C-STORE over plain DICOM files, or over the data folder of
\`isocenter serve\`. C-MOVE sends to known peers alone. PORT alone listens on this machine only.`,
  options,
  examples: [
    { line: "isocenter qr 11112 ./studies", explains: "a folder for programs on this machine" },
    {
      line: "isocenter qr 0.0.0.0:11112 ./studies -aet TEACHING --allow-aet WS1 --destination WS1@10.0.0.5:104",
      explains: "for a workstation that may also have studies sent to it",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const [port, folder, ...others] = operands;
    if (others.length > 0) throw new UsageError(`What is "${others.join(" ")}"?`);
    const address = listenOperand(port);
    checkOpenDoor(address, given);
    const tls = await serverTlsOf(given, io);
    if (folder === undefined) throw new UsageError("Name the folder.");
    const aeTitle = checkAeTitle(given.aet ?? "ISOCENTER");
    const allowed = new Set(given.allow.map(checkAeTitle));
    const configuration = await readConfiguration(io, given.config);
    const known = [...(await destinationsOf(configuration)), ...given.destination.map(destinationOf)];
    const destination = (wanted: string): MoveDestination | undefined => {
      const peer = known.find((one) => one.aeTitle === wanted);
      if (peer === undefined) return undefined;
      const { callingAeTitle = aeTitle } = peer;
      return {
        connect: (contexts, signal) =>
          dial(peer, {
            callingAeTitle,
            calledAeTitle: wanted,
            contexts,
            timeouts: timeoutsOf(given),
            ...(signal === undefined ? {} : { signal }),
          }),
      };
    };
    const source = await openSource(folder, {
      readOnly: given.readOnly,
      archive: given.archive,
      durable: !given.notDurable,
      signal: io.signal,
    });
    try {
      await using server = await listen(io, address, given, {
        tls,
        aeTitle,
        authorize: ({ callingAeTitle }) => allowed.size === 0 || allowed.has(callingAeTitle),
        services: qrServices(source, destination),
        onError: (error) => void io.stderr.write(`${printable(`An association ended: ${error.message}`)}\n`),
      });
      const where = formatAddress({ host: address.host, port: server.port });
      io.stderr.write(`${aeTitle} on ${where} answers for ${source.description}. Ctrl+C stops it.\n`);
      await untilStopped(io.signal);
      await server.close();
    } finally {
      await source.close();
    }
    return ExitCode.Success;
  },
};

interface Destination {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle?: string;
  readonly tls?: TlsClientOptions | undefined;
}

async function destinationsOf({ peers }: Configuration): Promise<Destination[]> {
  const destinations: Destination[] = [];
  for (const peer of peers.values())
    if (peer.kind !== "dicomweb") destinations.push({ ...peer, tls: await tlsOfPeer(peer.tls) });
  return destinations;
}

function destinationOf(text: string): Destination {
  const at = text.lastIndexOf("@");
  if (at < 1) throw new UsageError(`"${text}" is not AE@HOST:PORT.`);
  return { aeTitle: checkAeTitle(text.slice(0, at)), ...parseAddress(text.slice(at + 1)) };
}
