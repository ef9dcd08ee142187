/** `isocenter verify`: every object against its hash, and the index against the objects. */
import { archiveOptions, openOffline } from "../archive/offline.ts";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...archiveOptions,
  repair: { names: ["--repair"], help: "Put right what can be: see below." },
  json: { names: ["--json"], help: "One line of JSON per problem." },
} as const satisfies OptionSpecs;

export const verify: Command = {
  name: "verify",
  summary: "Check an archive: every object's bytes, and the index against the objects.",
  usage: "[options]",
  description: `Works while no server runs. With --repair, objects that the index does not know are added to it, damaged ones go to
quarantine, and entries without an object are removed, so that they can be sent again. Exits with 1 when something is
wrong that was not put right.`,
  options,
  examples: [
    { line: "isocenter verify --data /srv/images", explains: "look, and change nothing" },
    { line: "isocenter verify --data /srv/images --repair", explains: "after a disk failed" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length > 0) throw new UsageError(`What is "${operands.join(" ")}"?`);
    await using offline = await openOffline(given, io);
    const { archive, audit, who } = offline;
    const progress = new Progress(io.stderr, "checked");
    const { checked, bytes, problems } = await archive.verify({
      repair: given.repair,
      signal: io.signal,
      onProgress: ({ checked: done, total }) => {
        progress.expect(total);
        progress.count(done);
      },
    });
    progress.clear();
    const left = problems.filter(({ repaired }) => !repaired).length;
    const count = problems.length;
    if (given.repair) {
      const outcome = left === 0 ? "success" : "minor-failure";
      audit.add({ event: "configuration-changed", who, outcome, count, detail: "repair" });
    }
    for (const problem of problems) {
      const line = given.json
        ? JSON.stringify(problem)
        : `${problem.kind}: ${printable(problem.key)}${problem.repaired ? " (put right)" : ""}`;
      io.stdout.write(`${line}\n`);
    }
    if (!given.json)
      io.stdout.write(`${checked} objects, ${(bytes / 1e6).toFixed(1)} MB, ${count} problems\n`);
    return left === 0 ? ExitCode.Success : ExitCode.Failure;
  },
};
