/** `isocenter quarantine`: what was received and not taken in. */
import { archiveOptions, openOffline, type OfflineArchive } from "../archive/offline.ts";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { printable, table } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...archiveOptions,
  json: { names: ["--json"], help: "One line of JSON per instance." },
} as const satisfies OptionSpecs;

export const quarantine: Command = {
  name: "quarantine",
  summary: "Look at instances that were received and not taken in; accept or discard them.",
  usage: "list|accept NAME…|discard NAME… [options]",
  description: `Works while no server runs. An instance is in quarantine when another with its UID is held with different content, or
when its bytes were damaged. Accepting puts it in the place of what is held.`,
  options,
  examples: [
    { line: "isocenter quarantine list --data /srv/images", explains: "what is there, and why" },
    { line: "isocenter quarantine accept 1.2.3-6f9c…", explains: "take it in, by the name that list tells" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const [action, ...names] = operands;
    if (action !== "list" && action !== "accept" && action !== "discard")
      throw new UsageError("What is to be done: list, accept or discard?");
    if ((action === "list") !== (names.length === 0)) {
      throw new UsageError(
        action === "list" ? "list takes no names." : `Name what to ${action}, as list tells it.`,
      );
    }
    await using offline = await openOffline(given, io);
    if (action === "list") await list(offline, io, given.json);
    else for (const name of names) await perform(offline, io, action, name);
    return ExitCode.Success;
  },
};

async function list({ archive }: OfflineArchive, io: Io, json: boolean): Promise<void> {
  const all = await archive.quarantined();
  if (json) for (const one of all) io.stdout.write(`${JSON.stringify(one)}\n`);
  else if (all.length === 0) io.stdout.write("Nothing is in quarantine.\n");
  else {
    const rows = all.map(({ name, receivedAt, size, sourceAeTitle = "", reason }) => [
      name,
      receivedAt.slice(0, 19),
      `${Math.ceil(size / 1024)} KiB`,
      sourceAeTitle,
      reason,
    ]);
    io.stdout.write(table(["NAME", "RECEIVED", "SIZE", "FROM", "REASON"], rows, io.stdout.columns ?? 240));
  }
}

async function perform(
  { archive, audit, who }: OfflineArchive,
  io: Io,
  action: "accept" | "discard",
  name: string,
): Promise<void> {
  if (action === "discard") {
    await archive.discardQuarantined(name);
    audit.add({ event: "instances-deleted", who, outcome: "success", detail: "quarantine" });
    io.stdout.write(`${printable(name)}: discarded\n`);
    return;
  }
  const outcome = await archive.acceptQuarantined(name, { signal: io.signal });
  audit.transferred("instances-stored", who, outcome, "quarantine");
  io.stdout.write(
    `${printable(name)}: ${outcome.kind}${outcome.reason === undefined ? "" : `: ${outcome.reason}`}\n`,
  );
}
