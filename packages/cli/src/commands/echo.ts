/** `isocenter echo`: C-ECHO, and what was negotiated. */
import { TransferSyntax } from "@isocenter/dicom";
import { Verification } from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { peerOperand, peerOptions } from "../peer-options.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...peerOptions,
  json: { names: ["--json"], help: "Print one line of JSON." },
} as const satisfies OptionSpecs;

export const echo: Command = {
  name: "echo",
  summary: "Verify that a DICOM peer answers (C-ECHO).",
  usage: "HOST:PORT [options]",
  options,
  examples: [
    { line: "isocenter echo 127.0.0.1:11112 -aec ISOCENTER", explains: "is the archive on this machine up?" },
    {
      line: "isocenter echo pacs:104 -aet WORKSTATION1 -aec PACS -v",
      explains: "with our AE title, telling more",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const { peer, rest } = peerOperand(operands, given);
    if (rest.length > 0) throw new UsageError(`What is "${rest.join(" ")}"?`);
    await using association = await connectTcp(peer.host, peer.port, {
      callingAeTitle: peer.callingAeTitle,
      calledAeTitle: peer.calledAeTitle,
      contexts: [
        {
          abstractSyntaxUid: Verification.sopClassUid,
          transferSyntaxUids: [TransferSyntax.ImplicitVRLittleEndian],
        },
      ],
      signal: io.signal,
    });
    const start = performance.now();
    await association.echo({ signal: io.signal });
    const roundTripMs = Math.round((performance.now() - start) * 100) / 100;
    const { implementationVersionName, implementationClassUid, maximumPduLength } = association.accepted;
    await association.release();
    const where = `${peer.calledAeTitle} at ${peer.host}:${peer.port}`;
    if (given.json) {
      io.stdout.write(
        `${JSON.stringify({ status: "success", roundTripMs, implementationClassUid, implementationVersionName, maximumPduLength })}\n`,
      );
    } else {
      io.stdout.write(`${where} answers: C-ECHO in ${roundTripMs} ms\n`);
      if (given.verbose) {
        io.stdout.write(
          `  implementation  ${implementationVersionName ?? "unnamed"} (${implementationClassUid})\n`,
        );
        io.stdout.write(
          `  maximum PDU     ${maximumPduLength === 0 ? "no limit" : `${maximumPduLength} bytes`}\n`,
        );
      }
    }
    return ExitCode.Success;
  },
};
