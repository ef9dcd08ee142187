/** `isocenter import`: files, folders and zip files into an archive. */
import { archiveOptions, openOffline } from "../archive/offline.ts";
import { parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

export const importCommand: Command = {
  name: "import",
  summary: "Take DICOM files, folders and zip files into an archive.",
  usage: "FILE|FOLDER|ZIP… [options]",
  description:
    "Works while no server runs; to a server that runs, send with `isocenter store`. Other files are passed over.",
  options: archiveOptions,
  examples: [
    { line: "isocenter import ./cd /tmp/study.zip --data /srv/images", explains: "a CD and a zip file" },
  ],
  async run(argv, io) {
    const { options, operands } = parseArguments(archiveOptions, argv);
    if (operands.length === 0) throw new UsageError("Name the files, folders or zip files.");
    await using offline = await openOffline(options, io, { make: true });
    const { archive, audit, who } = offline;
    const progress = new Progress(io.stderr, "read");
    const tally = { stored: 0, "already-held": 0, quarantined: 0, failed: 0, passedOver: 0 };
    let read = 0;
    for await (const { path, outcome } of archive.import(operands, { signal: io.signal })) {
      progress.count(++read);
      if (outcome === undefined) {
        tally.passedOver++;
        continue;
      }
      tally[outcome.kind]++;
      audit.transferred("instances-stored", who, outcome, "import");
      if (outcome.kind !== "failed" && outcome.kind !== "quarantined") continue;
      progress.clear();
      io.stderr.write(
        `${printable(path)}: ${outcome.kind}: ${printable(outcome.reason ?? "no reason given")}\n`,
      );
    }
    progress.clear();
    const { stored, quarantined, failed, passedOver } = tally;
    io.stdout.write(
      `${stored} stored, ${tally["already-held"]} held already, ${quarantined} in quarantine, ${failed} failed, ${passedOver} other files\n`,
    );
    return failed + quarantined === 0 ? ExitCode.Success : ExitCode.Failure;
  },
};
