/** `isocenter export`: studies out of an archive into a folder. */
import { archiveOptions, openOffline } from "../archive/offline.ts";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { Progress } from "../progress.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...archiveOptions,
  output: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Where to; made when it is not there.",
  },
  dicomdir: { names: ["--dicomdir"], help: "Names that media allow, and a DICOMDIR." },
} as const satisfies OptionSpecs;

export const exportCommand: Command = {
  name: "export",
  summary: "Write studies of an archive to a folder.",
  usage: "STUDYUID… -od DIR [options]",
  description:
    "Works while no server runs; from a server that runs, use `isocenter get`. Files are never replaced.",
  options,
  examples: [
    { line: "isocenter export 1.2.840.1 -od ./study --data /srv/images", explains: "files by their UIDs" },
    { line: "isocenter export 1.2.840.1 -od /media/cd --dicomdir", explains: "for a CD" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the studies by their UIDs.");
    if (given.output === undefined) throw new UsageError("-od DIR says where to.");
    await using offline = await openOffline(given, io);
    const { archive, audit, who } = offline;
    const progress = new Progress(io.stderr, "written");
    const studies = operands.map((studyInstanceUid) => ({ studyInstanceUid }));
    const { instances, bytes } = await archive.export(studies, given.output, {
      dicomdir: given.dicomdir,
      signal: io.signal,
      onProgress: (written) => progress.count(written),
    });
    progress.clear();
    const outcome = instances > 0 ? "success" : "failure";
    audit.add({
      event: "instances-accessed",
      who,
      outcome,
      studies: operands,
      count: instances,
      detail: "export",
    });
    if (instances === 0) {
      io.stderr.write("isocenter export: there is no such study.\n");
      return ExitCode.Failure;
    }
    io.stdout.write(`${instances} instances, ${(bytes / 1e6).toFixed(1)} MB, in ${given.output}\n`);
    return ExitCode.Success;
  },
};
