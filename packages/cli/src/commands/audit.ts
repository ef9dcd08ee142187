/** `isocenter audit verify`: whether the audit trail is as it was written. */
import { verifyAuditOf } from "@isocenter/server";
import { archiveConfig, archiveOptions } from "../archive/offline.ts";
import { parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { UsageError } from "../usage-error.ts";

const meanings = {
  unreadable: "is no entry",
  changed: "was changed",
  "out-of-order": "does not follow the one before: lines were taken out, put in or moved",
  "torn-end": "is incomplete, as after a crash; the next start mends it",
  "cut-off": "and those after it are missing: the end of the trail was cut off",
} as const;

export const audit: Command = {
  name: "audit",
  summary: "Check that the audit trail is as it was written.",
  usage: "verify [options]",
  description: `Each line of the trail holds a hash of the one before. May run beside a server. Exits with 1 when the trail was tampered
with.`,
  options: archiveOptions,
  examples: [
    { line: "isocenter audit verify --data /srv/images", explains: "from its first line to its last" },
  ],
  async run(argv, io) {
    const { options, operands } = parseArguments(archiveOptions, argv);
    if (operands.length !== 1 || operands[0] !== "verify")
      throw new UsageError("The one thing to do is: verify.");
    const { entries, problems } = await verifyAuditOf(archiveConfig(options, io));
    for (const { line, problem } of problems) io.stdout.write(`line ${line} ${meanings[problem]}\n`);
    io.stdout.write(`${entries} entries are as they were written, ${problems.length} are not\n`);
    return problems.length === 0 ? ExitCode.Success : ExitCode.Failure;
  },
};
