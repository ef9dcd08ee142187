/** `isocenter index rebuild`: makes the index anew from the objects. */
import { archiveOptions, openOffline } from "../archive/offline.ts";
import { parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

export const index: Command = {
  name: "index",
  summary: "Make an archive's index anew from its objects.",
  usage: "rebuild [options]",
  description: "Works while no server runs. Objects that cannot be read are named, and left where they are.",
  options: archiveOptions,
  examples: [{ line: "isocenter index rebuild --data /srv/images", explains: "after the index was lost" }],
  async run(argv, io) {
    const { options, operands } = parseArguments(archiveOptions, argv);
    if (operands.length !== 1 || operands[0] !== "rebuild")
      throw new UsageError("The one thing to do is: rebuild.");
    await using offline = await openOffline(options, io);
    const { archive, audit, who } = offline;
    const progress = new Progress(io.stderr, "read");
    const done = await archive.rebuildIndex({
      signal: io.signal,
      onProgress: (seen) => progress.count(seen),
    });
    progress.clear();
    audit.add({ event: "configuration-changed", who, outcome: "success", detail: "index rebuilt" });
    for (const { path, reason } of done.unreadable)
      io.stderr.write(`${printable(path)}: ${printable(reason)}\n`);
    io.stdout.write(`${done.added} of ${done.seen} objects are in the index\n`);
    return done.unreadable.length === 0 ? ExitCode.Success : ExitCode.Failure;
  },
};
