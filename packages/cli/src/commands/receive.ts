/** `isocenter receive`: a storage SCP that writes what comes into a folder. */
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { incomingFolder, incomingOptions } from "../incoming/options.ts";
import { DeliveryTally } from "../incoming/delivery-tally.ts";
import { storeHandler } from "../incoming/store-handler.ts";
import { checkOpenDoor, listen, listenOperand, untilStopped } from "../network/listener.ts";
import { listenerOptions, syntaxOption, syntaxPreferences } from "../network/options.ts";
import { serverTlsOf } from "../network/tls.ts";
import { checkAeTitle, formatAddress } from "@isocenter/server/config";
import { UsageError } from "../usage-error.ts";

const options = {
  aet: {
    names: ["-aet", "--aetitle"],
    value: "NAME",
    help: "Our AE title; callers of another are rejected (default: any is answered).",
  },
  limit: { names: ["-n", "--limit"], value: "N", help: "Stop after N instances." },
  json: { names: ["--json"], help: "One line of JSON per instance." },
  ...incomingOptions,
  acceptAll: {
    names: ["+xa", "--accept-all"],
    help: "For DCMTK's users: every syntax is taken unless some are named.",
    group: "Transfer syntaxes",
  },
  syntax: { ...syntaxOption, names: ["--accept"], help: "Take only these, and prefer them in this order." },
  ...listenerOptions,
} as const satisfies OptionSpecs;

export const receive: Command = {
  name: "receive",
  summary: "Receive DICOM instances into a folder (a storage SCP).",
  usage: "[HOST:]PORT -od DIR [options]",
  description: `Files are written as they arrive, without re-encoding. An instance is acknowledged when it is on stable storage.
PORT alone listens on this machine only.`,
  options,
  examples: [
    { line: "isocenter receive 11112 -od ./in", explains: "from programs on this machine" },
    {
      line: "isocenter receive 0.0.0.0:104 -aet ARCHIVE --allow-aet SCANNER1 -su study -od /data/in",
      explains: "from a scanner, a folder for each study",
    },
    {
      line: "isocenter receive 0.0.0.0:2762 +tls archive.key archive.pem --tls-ca hospital.pem -od /data/in",
      explains: "with TLS, from who has a certificate of the hospital's",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length > 1) throw new UsageError(`What is "${operands.slice(1).join(" ")}"?`);
    const address = listenOperand(operands[0]);
    checkOpenDoor(address, given);
    const tls = await serverTlsOf(given, io);
    const limit = given.limit === undefined ? Number.POSITIVE_INFINITY : Number(given.limit);
    if (Number.isNaN(limit) || limit < 1) throw new UsageError("--limit must be a whole number from 1.");
    const syntaxes = syntaxPreferences(given.syntax);
    await using folder = await incomingFolder(given);
    const tally = new DeliveryTally(io, { asJson: given.json, tellEach: given.verbose || given.debug });
    const enough = new AbortController();
    const allowed = new Set(given.allow.map(checkAeTitle));
    const onStore = storeHandler(folder, (delivery) => {
      tally.add(delivery);
      if (tally.count >= limit) enough.abort();
    });
    await using server = await listen(io, address, given, {
      tls,
      ...(given.aet === undefined ? {} : { aeTitle: checkAeTitle(given.aet) }),
      authorize: ({ callingAeTitle }) => allowed.size === 0 || allowed.has(callingAeTitle),
      services: {
        verification: true,
        storage: {
          sopClasses: "any",
          ...(syntaxes.length === 0 ? {} : { transferSyntaxUids: syntaxes, preferOwnOrder: true }),
          onStore,
        },
      },
      onError: (error) => tally.note(`An association ended: ${error.message}`),
    });
    io.stderr.write(
      `Listening on ${formatAddress({ host: address.host, port: server.port })}${tls === undefined ? "" : " with TLS"}, writing to ${folder.folder}. Ctrl+C stops it.\n`,
    );
    await untilStopped(AbortSignal.any([io.signal, enough.signal]));
    await server.close();
    tally.end("received");
    return tally.failed === 0 ? ExitCode.Success : ExitCode.Failure;
  },
};
