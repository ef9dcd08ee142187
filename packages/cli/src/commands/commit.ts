/** `isocenter commit`: asks an archive to take responsibility for instances, and waits for its word (storage commitment). */
import { instanceFromFile } from "@isocenter/archive/files";
import { newUid } from "@isocenter/dicom";
import {
  CommitmentFailure,
  type CommitmentResult,
  commitmentContext,
  commitmentResultService,
  type NormalizedService,
  type ReferencedInstance,
  requestStorageCommitment,
} from "@isocenter/network";
import { integerOption, type OptionSpecs, type OptionValues, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { inputFiles } from "../files.ts";
import { listen, receiverAddress } from "../network/listener.ts";
import { peerOptions } from "../network/options.ts";
import { Session } from "../network/session.ts";
import { wayBack, wayBackOption } from "../network/tls.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  uids: {
    names: ["--uid"],
    value: "CLASS=INSTANCE",
    repeatable: true,
    help: "An instance by its SOP class and SOP instance UID, in place of its file.",
  },
  port: {
    names: ["+P", "--port"],
    value: "[HOST:]PORT",
    help: "Also take the answer here: most archives open a connection of their own for it.",
  },
  wait: { names: ["--wait"], value: "SECONDS", help: "For the answer (default 60)." },
  json: { names: ["--json"], help: "Print one line of JSON." },
  ...peerOptions,
  plainReceiver: wayBackOption,
} as const satisfies OptionSpecs;

export const commit: Command = {
  name: "commit",
  summary: "Ask an archive to take responsibility for instances (storage commitment).",
  usage: "PEER FILE|FOLDER… [+P PORT] [options]",
  description: `Ends with 0 when the archive committed itself to all instances, and with 1 when it did not, or did not answer in
time. The answer is taken on the same association, and with +P on a connection that the archive opens.`,
  options,
  examples: [
    {
      line: "isocenter commit ARCHIVE@pacs.example.org:104 -aet SCANNER1 +P 11112 ./export",
      explains: "may these files be deleted here?",
    },
    {
      line: "isocenter commit ARCHIVE@pacs.example.org:104 --uid 1.2.840.10008.5.1.4.1.1.2=1.2.3 --json",
      explains: "one instance, without its file",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const session = await Session.open(io, given, operands);
    const instances = [...given.uids.map(instanceOf), ...(await instancesOf(session.rest))];
    if (instances.length === 0) throw new UsageError("Name the files, or instances with --uid.");
    const seconds = given.wait === undefined ? 60 : integerOption("--wait", given.wait, 1, 86_400);
    const result = await committed(io, session, given, instances, seconds);
    session.stopping.throwIfAborted();
    if (result === undefined) {
      const hint =
        given.port === undefined
          ? " Many archives answer on a connection of their own: take it with +P PORT."
          : "";
      io.stderr.write(`The archive took the request, and did not answer within ${seconds} s.${hint}\n`);
      return ExitCode.Failure;
    }
    return tell(io, given.json, instances, result);
  },
};

/** @returns undefined when no answer came in time */
async function committed(
  io: Io,
  session: Session,
  given: OptionValues<typeof options>,
  instances: readonly ReferencedInstance[],
  seconds: number,
): Promise<CommitmentResult | undefined> {
  const transactionUid = newUid();
  let onResult: (result: CommitmentResult) => void = () => undefined;
  const answer = new Promise<CommitmentResult>((resolve) => {
    onResult = resolve;
  });
  const normalized: NormalizedService[] = [
    commitmentResultService((result) => {
      if (result.transactionUid === transactionUid) onResult(result);
    }),
  ];
  const address = given.port === undefined ? undefined : receiverAddress(given.port, session.peer.host);
  await using listener =
    address === undefined
      ? undefined
      : await listen(io, address, given, {
          tls: given.plainReceiver ? undefined : wayBack(session.tls),
          aeTitle: session.peer.callingAeTitle,
          services: { verification: true, normalized },
        });
  const result = await session.with(
    [commitmentContext],
    async (association) => {
      await requestStorageCommitment(association, instances, { transactionUid });
      const ended = association.closed.then(() => undefined);
      // Where nobody listens for another connection, the end of this one is the end of waiting.
      const sources = listener === undefined ? [answer, ended] : [answer];
      return Promise.race([...sources, elapsed(seconds, session.stopping)]);
    },
    { services: { normalized } },
  );
  await listener?.close();
  return result;
}

function elapsed(seconds: number, stopping: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener("abort", done);
      resolve(undefined);
    };
    const timer = setTimeout(done, seconds * 1000);
    timer.unref();
    stopping.addEventListener("abort", done);
  });
}

function tell(
  io: Io,
  asJson: boolean,
  asked: readonly ReferencedInstance[],
  result: CommitmentResult,
): number {
  const { transactionUid, committed: taken, failed } = result;
  const answered = new Set([...taken, ...failed].map(({ sopInstanceUid }) => sopInstanceUid));
  const unanswered = asked.filter(({ sopInstanceUid }) => !answered.has(sopInstanceUid));
  const refused = [
    ...failed.map(({ sopInstanceUid, reason }) => ({ sopInstanceUid, reason: reasonWords(reason) })),
    ...unanswered.map(({ sopInstanceUid }) => ({ sopInstanceUid, reason: "not mentioned in the answer" })),
  ];
  if (asJson) {
    io.stdout.write(`${JSON.stringify({ transactionUid, committed: taken.length, failed: refused })}\n`);
  } else {
    for (const { sopInstanceUid, reason } of refused) io.stderr.write(`${sopInstanceUid}: ${reason}\n`);
    io.stdout.write(`${taken.length} committed${refused.length === 0 ? "" : `, ${refused.length} not`}\n`);
  }
  return refused.length === 0 ? ExitCode.Success : ExitCode.Failure;
}

/** PS3.4 J.3.3.1. */
const reasons: Readonly<Record<number, string>> = {
  [CommitmentFailure.ProcessingFailure]: "processing failure",
  [CommitmentFailure.NoSuchObjectInstance]: "the archive does not have it",
  [CommitmentFailure.ResourceLimitation]: "the archive has no room",
  [CommitmentFailure.ReferencedSopClassNotSupported]: "its SOP class is not supported",
  [CommitmentFailure.ClassInstanceConflict]: "its SOP class is another one at the archive",
  [CommitmentFailure.DuplicateTransactionUid]: "the transaction is known already",
};

const reasonWords = (reason: number): string =>
  reasons[reason] ?? `failure reason ${reason.toString(16).toUpperCase().padStart(4, "0")}H`;

function instanceOf(text: string): ReferencedInstance {
  const [sopClassUid = "", sopInstanceUid = ""] = text.split("=");
  if (![sopClassUid, sopInstanceUid].every((uid) => /^[\d.]{1,64}$/.test(uid)))
    throw new UsageError(`"${text}" is not CLASS=INSTANCE, two UIDs.`);
  return { sopClassUid, sopInstanceUid };
}

async function instancesOf(paths: readonly string[]): Promise<ReferencedInstance[]> {
  const instances: ReferencedInstance[] = [];
  for await (const { path } of inputFiles(paths)) {
    const { sopClassUid, sopInstanceUid } = await instanceFromFile(path);
    instances.push({ sopClassUid, sopInstanceUid });
  }
  return instances;
}
