/** `isocenter move`: C-MOVE, the peer sends to a destination, or to this command itself. */
import { Verification } from "@isocenter/network";
import type { TcpServer } from "@isocenter/network/node";
import { checkAeTitle, formatAddress } from "@isocenter/server/config";
import { type OptionSpecs, type OptionValues, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { DeliveryTally } from "../incoming/delivery-tally.ts";
import type { IncomingFolder } from "../incoming/incoming-folder.ts";
import { incomingFolder, incomingOptions } from "../incoming/options.ts";
import { storeHandler } from "../incoming/store-handler.ts";
import { plainContext } from "../network/find-matches.ts";
import { listen, receiverAddress } from "../network/listener.ts";
import { listenerOptions, peerOptions, syntaxOption, syntaxPreferences } from "../network/options.ts";
import { levelOf, queryOptions, type QueryModel, readKeys } from "../network/query.ts";
import { resultOfFailure, RetrieveReport } from "../network/retrieve-report.ts";
import { identifierOf, retrieveModels, type Selection, Wanted } from "../network/selection.ts";
import { Session } from "../network/session.ts";
import { wayBack, wayBackOption } from "../network/tls.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...queryOptions,
  destination: {
    names: ["-aem", "--destination", "--move"],
    value: "NAME",
    help: "AE title that the peer sends to (default ours); the peer must know it.",
  },
  port: {
    names: ["+P", "--port"],
    value: "[HOST:]PORT",
    help: "Receive the instances here, under the destination's AE title.",
  },
  allow: { ...listenerOptions.allow, help: "With +P: who may send, if that is not the peer's own AE title." },
  json: { names: ["--json"], help: "One line of JSON per instance received, and one with the result." },
  ...incomingOptions,
  syntax: { ...syntaxOption, help: "With +P: take instances in these, in this order (default: as sent)." },
  ...peerOptions,
  plainReceiver: wayBackOption,
} as const satisfies OptionSpecs;

export const move: Command = {
  name: "move",
  summary: "Have a DICOM peer send studies, series or instances somewhere (C-MOVE).",
  usage: "PEER [QUERYFILE…] -k KEY=VALUE… [-aem NAME | +P PORT -od DIR] [options]",
  description: `The peer must know the destination: its AE title with host and port is an entry in the peer's configuration.
Keys other than UIDs and the patient ID, such as a date, are resolved with C-FIND first.`,
  options,
  examples: [
    {
      line: "isocenter move PACS@pacs.example.org:104 -aem WORKSTATION2 -k StudyInstanceUID=1.2.3",
      explains: "from the PACS to another workstation",
    },
    {
      line: "isocenter move PACS@pacs.example.org:104 -aet WORKSTATION1 +P 11112 -od ./study -k StudyInstanceUID=1.2.3",
      explains: "from the PACS to here, which it knows as WORKSTATION1",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const session = await Session.open(io, given, operands);
    const keys = await readKeys(given.keys, session.rest);
    const wanted = new Wanted(given.model as QueryModel | undefined, levelOf(given.level, keys), keys);
    const destination = checkAeTitle(given.destination ?? session.peer.callingAeTitle);
    if (given.port === undefined && given.destination === undefined)
      throw new UsageError("Say where to with -aem NAME, or receive here with +P PORT.");
    const tally = new DeliveryTally(io, { asJson: given.json, tellEach: given.verbose || given.debug });
    await using folder = given.port === undefined ? undefined : await incomingFolder(given);
    await using receiver =
      folder === undefined ? undefined : await startReceiver(io, session, given, folder, destination, tally);
    const report = await moveAll(session, wanted, destination, tally, receiver !== undefined);
    await receiver?.close();
    if (receiver !== undefined) tally.end("received");
    session.stopping.throwIfAborted();
    if (report === undefined) {
      io.stderr.write("Nothing matches the keys.\n");
      return ExitCode.Failure;
    }
    report.write(io, given.json);
    const isHere = receiver === undefined || tally.failed === 0;
    return report.isComplete && isHere ? ExitCode.Success : ExitCode.Failure;
  },
};

async function moveAll(
  session: Session,
  wanted: Wanted,
  destination: string,
  tally: DeliveryTally,
  isReceiver: boolean,
): Promise<RetrieveReport | undefined> {
  const { stopping } = session;
  const model = retrieveModels[wanted.model].move;
  const contexts = [
    plainContext(model.sopClassUid),
    plainContext(Verification.sopClassUid),
    ...(wanted.direct === undefined ? [plainContext(wanted.find.sopClassUid)] : []),
  ];
  return session.with(contexts, async (association) => {
    const selections: Selection[] = [];
    for await (const selection of wanted.resolve(association, stopping)) selections.push(selection);
    const report = new RetrieveReport();
    for (const selection of selections) {
      if (stopping.aborted) break;
      const result = await association
        .move(model, identifierOf(selection), {
          destination,
          cancel: stopping,
          onProgress: ({ remaining, completed = 0, failed = 0, warning = 0 }) => {
            const done = completed + failed + warning;
            if (selections.length === 1 && remaining !== undefined) tally.progress.expect(remaining + done);
            if (!isReceiver) tally.progress.count(done);
          },
        })
        .catch(resultOfFailure);
      report.add(result);
    }
    tally.progress.clear();
    return selections.length === 0 ? undefined : report;
  });
}

/** Takes what is called by the destination's title, from the peer. */
async function startReceiver(
  io: Io,
  session: Session,
  given: OptionValues<typeof options>,
  folder: IncomingFolder,
  destination: string,
  tally: DeliveryTally,
): Promise<TcpServer> {
  const { peer } = session;
  const syntaxes = syntaxPreferences(given.syntax);
  const allowed = new Set([...given.allow.map(checkAeTitle), peer.calledAeTitle]);
  const address = receiverAddress(given.port ?? "", peer.host);
  const server = await listen(io, address, given, {
    tls: given.plainReceiver ? undefined : wayBack(session.tls),
    aeTitle: destination,
    authorize: ({ callingAeTitle }) => {
      const isExpected = allowed.has(callingAeTitle) || peer.calledAeTitle === "ANY-SCP";
      if (!isExpected)
        tally.note(
          `${callingAeTitle} wants to send, and is not the peer: --allow-aet ${callingAeTitle} lets it.`,
        );
      return isExpected;
    },
    services: {
      verification: true,
      storage: {
        sopClasses: "any",
        ...(syntaxes.length === 0 ? {} : { transferSyntaxUids: syntaxes, preferOwnOrder: true }),
        onStore: storeHandler(folder, (delivery) => tally.add(delivery)),
      },
    },
    onError: (error) => tally.note(`An association of the sender ended: ${error.message}`),
  });
  if (given.verbose || given.debug)
    io.stderr.write(
      `Listening as ${destination} on ${formatAddress({ host: address.host, port: server.port })}.\n`,
    );
  return server;
}
