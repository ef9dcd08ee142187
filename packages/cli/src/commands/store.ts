/** `isocenter store`: C-STORE files and folders. */
import {
  DimsePeer,
  type InstanceStream,
  instanceFromFile,
  isPart10File,
  walkFiles,
} from "@isocenter/archive";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { peerOperand, peerOptions } from "../peer-options.ts";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...peerOptions,
  json: { names: ["--json"], help: "One line of JSON per instance." },
} as const satisfies OptionSpecs;

export const store: Command = {
  name: "store",
  summary: "Send DICOM files or whole folders to a DICOM peer (C-STORE).",
  usage: "HOST:PORT FILE|FOLDER… [options]",
  description: "Folders are walked; files in them that are not DICOM are skipped and counted.",
  options,
  examples: [
    { line: "isocenter store 127.0.0.1:11112 -aec ISOCENTER image.dcm", explains: "one file" },
    {
      line: "isocenter store pacs:104 -aet SCANNER1 -aec PACS ./export",
      explains: "everything below a folder",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const { peer, rest } = peerOperand(operands, given);
    if (rest.length === 0) throw new UsageError("Name the files or folders to send.");
    const tally = { stored: 0, warnings: 0, failed: 0, skipped: 0 };
    const progress = new Progress(io.stderr, "sent");
    const instances = readInstances(rest, tally, io);
    for await (const outcome of new DimsePeer(peer).store(instances, { signal: io.signal })) {
      if (outcome.kind === "failed") tally.failed++;
      else if (outcome.status === 0) tally.stored++;
      else tally.warnings++;
      if (given.json) io.stdout.write(`${JSON.stringify(outcome)}\n`);
      else if (outcome.status !== 0 || given.verbose) {
        progress.clear();
        const status = outcome.status.toString(16).toUpperCase().padStart(4, "0");
        io.stderr.write(
          `${outcome.sopInstanceUid}: ${status} ${printable(outcome.reason ?? outcome.kind)}\n`,
        );
      }
      progress.count(tally.stored + tally.warnings + tally.failed);
    }
    progress.clear();
    if (!given.json) io.stdout.write(`${summary(tally)}\n`);
    return tally.failed === 0 ? ExitCode.Success : ExitCode.Failure;
  },
};

interface Tally {
  stored: number;
  warnings: number;
  failed: number;
  skipped: number;
}

async function* readInstances(
  paths: readonly string[],
  tally: Tally,
  io: Io,
): AsyncGenerator<InstanceStream> {
  const named = new Set(paths);
  for await (const path of walkFiles(paths)) {
    if (!named.has(path) && !(await isPart10File(path))) {
      tally.skipped++;
      continue;
    }
    try {
      yield await instanceFromFile(path);
    } catch (error) {
      tally.failed++;
      io.stderr.write(`${printable(error instanceof Error ? error.message : String(error))}\n`);
    }
  }
}

function summary({ stored, warnings, failed, skipped }: Tally): string {
  const parts = [`${stored} stored`];
  if (warnings > 0) parts.push(`${warnings} with warnings`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} not DICOM, skipped`);
  return parts.join(", ");
}
