/** `isocenter doctor`: what a peer does and does not, what it means, and what to ask its administrator for. */
import { instanceFromFile } from "@isocenter/archive/files";
import type { StoreInstance } from "@isocenter/network";
import { type DoctorReport, examine, type ProbeProgress, renderReport } from "@isocenter/network/doctor";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { peerOptions } from "../network/options.ts";
import { Session } from "../network/session.ts";
import { tryText } from "../network/try-text.ts";
import { tryTls } from "../network/try-tls.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  json: { names: ["--json"], help: "The report as one JSON object." },
  storeTest: {
    names: ["--store-test"],
    value: "FILE",
    help: "Also store this instance at the peer; without it nothing is changed there.",
  },
  probeTime: { names: ["--probe-time"], value: "SECONDS", help: "For one probe (default 10)." },
  totalTime: { names: ["--total-time"], value: "SECONDS", help: "For all probes (default 120)." },
  ...peerOptions,
} as const satisfies OptionSpecs;

export const doctor: Command = {
  name: "doctor",
  summary: "Find out what a DICOM peer does and does not, and what to ask its administrator for.",
  usage: "PEER [options]",
  description: `Tries the connection, AE titles, services, storage classes, syntaxes, queries and retrievals. Nothing is stored or
changed at the peer; of matches of a query no value is kept but the character set.`,
  options,
  examples: [
    {
      line: "isocenter doctor PACS@pacs.example.org:104 -aet WORKSTATION1",
      explains: "why does the PACS not talk to us?",
    },
    { line: "isocenter doctor 127.0.0.1:11112 --json | jq .findings", explains: "for a program" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const session = await Session.open(io, given, operands);
    if (session.rest.length > 0) throw new UsageError(`What is "${session.rest.join(" ")}"?`);
    const { host, port, callingAeTitle, calledAeTitle } = session.peer;
    const progress = new ProbeLine(io);
    const report = await examine(
      {
        connect: (wanted) => session.examine(wanted),
        ...(session.tls === undefined ? { tryTls: (signal: AbortSignal) => tryTls(host, port, signal) } : {}),
        tryText: (signal) => tryText(host, port, signal),
      },
      {
        host,
        port,
        usesTls: session.tls !== undefined,
        callingAeTitle,
        // The default title is a guess of ours, not a claim of the user's.
        calledAeTitle:
          calledAeTitle === "ANY-SCP" && given.calledAe === undefined ? undefined : calledAeTitle,
        signal: io.signal,
        onProgress: (probe) => progress.show(probe),
        ...seconds("probeMs", "--probe-time", given.probeTime),
        ...seconds("totalMs", "--total-time", given.totalTime),
        ...(given.storeTest === undefined ? {} : { storeTest: await testInstance(given.storeTest) }),
      },
    ).finally(() => progress.clear());
    if (given.json) io.stdout.write(`${JSON.stringify(report)}\n`);
    else {
      const width = Math.min(io.stdout.columns ?? 100, 110);
      io.stdout.write(renderReport(report, { width, withProbes: given.verbose || given.debug }));
    }
    return exitCodes[report.verdict];
  },
};

const exitCodes: Readonly<Record<DoctorReport["verdict"], number>> = {
  works: ExitCode.Success,
  limited: ExitCode.Failure,
  refused: ExitCode.Network,
  unreachable: ExitCode.Network,
};

async function testInstance(path: string): Promise<StoreInstance> {
  const file = await instanceFromFile(path);
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: () => file.dataSet() };
}

function seconds(
  name: "probeMs" | "totalMs",
  option: string,
  text: string | undefined,
): Record<string, number> {
  return text === undefined ? {} : { [name]: integerOption(option, text, 1, 3600) * 1000 };
}

class ProbeLine {
  readonly #out: Io["stderr"];
  #shown = false;

  constructor({ stderr }: Io) {
    this.#out = stderr;
  }

  show({ title, index, count }: ProbeProgress): void {
    if (this.#out.isTTY !== true) return;
    this.#shown = true;
    this.#out.write(`\r\u001b[K[${index + 1}/${count}] ${title} …`);
  }

  clear(): void {
    if (this.#shown) this.#out.write("\r\u001b[K");
  }
}
