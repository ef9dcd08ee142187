/** `isocenter echo`: C-ECHO, and what was negotiated. */
import { Verification } from "@isocenter/network";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { plainContext } from "../network/find-matches.ts";
import { peerOptions } from "../network/options.ts";
import { describePeer } from "../network/peer.ts";
import { Session } from "../network/session.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  repeat: { names: ["-n", "--repeat"], value: "N", help: "Ask N times on the same association (default 1)." },
  json: { names: ["--json"], help: "Print one line of JSON." },
  ...peerOptions,
} as const satisfies OptionSpecs;

export const echo: Command = {
  name: "echo",
  summary: "Verify that a DICOM peer answers (C-ECHO).",
  usage: "PEER [options]",
  options,
  examples: [
    { line: "isocenter echo 127.0.0.1:11112 -aec ISOCENTER", explains: "is the archive on this machine up?" },
    {
      line: "isocenter echo pacs.example.org:104 -aet WORKSTATION1 -aec PACS -n 10 -v",
      explains: "with our AE title, ten times, telling more",
    },
    {
      line: "isocenter echo PACS@pacs.example.org:2762 +tls ws1.key ws1.pem --tls-ca hospital.pem",
      explains: "with TLS, and a certificate of our own",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const session = await Session.open(io, given, operands);
    if (session.rest.length > 0) throw new UsageError(`What is "${session.rest.join(" ")}"?`);
    const repeat = given.repeat === undefined ? 1 : integerOption("--repeat", given.repeat, 1, 100_000);
    const times: number[] = [];
    const accepted = await session.with([plainContext(Verification.sopClassUid)], async (association) => {
      while (times.length < repeat && !session.stopping.aborted) {
        const start = performance.now();
        await association.echo();
        times.push(performance.now() - start);
      }
      return association.accepted;
    });
    const { implementationVersionName, implementationClassUid, maximumPduLength } = accepted;
    session.stopping.throwIfAborted();
    const [roundTripMs, best, worst] = [median(times), Math.min(...times), Math.max(...times)].map(rounded);
    if (given.json) {
      const spread = repeat === 1 ? {} : { count: times.length, minimumMs: best, maximumMs: worst };
      io.stdout.write(
        `${JSON.stringify({ status: "success", roundTripMs, ...spread, implementationClassUid, implementationVersionName, maximumPduLength })}\n`,
      );
      return ExitCode.Success;
    }
    const often = repeat === 1 ? "" : ` (median of ${times.length}, ${best} to ${worst} ms)`;
    io.stdout.write(`${describePeer(session.peer)} answers: C-ECHO in ${roundTripMs} ms${often}\n`);
    if (given.verbose || given.debug) {
      const pdu = maximumPduLength === 0 ? "no limit" : `${maximumPduLength} bytes`;
      io.stdout.write(
        `  implementation  ${implementationVersionName ?? "unnamed"} (${implementationClassUid})\n  maximum PDU     ${pdu}\n`,
      );
    }
    return ExitCode.Success;
  },
};

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
