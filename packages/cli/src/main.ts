/**
 * The `isocenter` command: finds the command, runs it, and turns what goes wrong into one clear sentence and an exit
 * code.
 */
import { ConfigError } from "@isocenter/server/config";
import { version } from "@isocenter/server/version";
import { IsocenterError } from "@isocenter/dicom";
import { NetworkError } from "@isocenter/network";
import { type Command, ExitCode, helpPage, type Io } from "./command.ts";
import { hintFor, webHintFor } from "./network/hints.ts";
import { UsageError } from "./usage-error.ts";

/** Loaded when they are needed: a command starts as quickly as what it uses. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./commands/serve.ts")).serve,
  echo: async () => (await import("./commands/echo.ts")).echo,
  find: async () => (await import("./commands/find.ts")).find,
  get: async () => (await import("./commands/get.ts")).get,
  move: async () => (await import("./commands/move.ts")).move,
  store: async () => (await import("./commands/store.ts")).store,
  receive: async () => (await import("./commands/receive.ts")).receive,
  qr: async () => (await import("./commands/qr.ts")).qr,
  worklist: async () => (await import("./commands/worklist.ts")).worklist,
  mpps: async () => (await import("./commands/mpps.ts")).mpps,
  commit: async () => (await import("./commands/commit.ts")).commit,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  peers: async () => (await import("./commands/peers.ts")).peers,
  dump: async () => (await import("./commands/dump.ts")).dump,
  modify: async () => (await import("./commands/modify.ts")).modify,
  anonymize: async () => (await import("./commands/anonymize.ts")).anonymize,
  transcode: async () => (await import("./commands/transcode.ts")).transcode,
  image: async () => (await import("./commands/image.ts")).image,
  validate: async () => (await import("./commands/validate.ts")).validate,
  dicomdir: async () => (await import("./commands/dicomdir.ts")).dicomdir,
  pdf: async () => (await import("./commands/pdf.ts")).pdf,
  import: async () => (await import("./commands/import.ts")).importCommand,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  verify: async () => (await import("./commands/verify.ts")).verify,
  index: async () => (await import("./commands/index-rebuild.ts")).index,
  quarantine: async () => (await import("./commands/quarantine.ts")).quarantine,
  audit: async () => (await import("./commands/audit.ts")).audit,
};

export const commandNames = Object.keys(loaders);

/** @returns undefined when there is no such command */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(loaders, name) ? loaders[name]?.() : undefined;
}

/** @returns the exit code; never throws */
export async function run(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return help(rest[0], io);
  if (name === "--version" || name === "-V") {
    io.stdout.write(`isocenter ${version}\n`);
    return ExitCode.Success;
  }
  const command = await loadCommand(name);
  if (command === undefined) {
    io.stderr.write(`isocenter: there is no command "${name}". \`isocenter --help\` lists them.\n`);
    return ExitCode.Usage;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    io.stdout.write(helpPage(command));
    return ExitCode.Success;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    return report(command.name, error, io);
  }
}

async function help(topic: string | undefined, io: Io): Promise<number> {
  const command = topic === undefined ? undefined : await loadCommand(topic);
  if (command !== undefined) {
    io.stdout.write(helpPage(command));
    return ExitCode.Success;
  }
  const commands: Command[] = [];
  for (const name of commandNames) commands.push((await loadCommand(name)) as Command);
  const width = Math.max(...commandNames.map((name) => name.length));
  io.stdout.write(`Isocenter ${version}: DICOM on one command.

Usage: isocenter COMMAND [options]

Commands:
${commands.map((one) => `  ${one.name.padEnd(width)}  ${one.summary}`).join("\n")}

isocenter COMMAND --help shows a command's options and examples.

Examples:
  # Run an archive with the demo hospital and the workstation on http://127.0.0.1:8104
  isocenter serve --demo
  # Is the PACS there, and does it know us?
  isocenter echo pacs.example.org:104 -aec PACS -aet ISOCENTER

Exit codes: 0 success, 1 the work failed wholly or in part, 2 wrong command line, 3 the peer could not be
reached or refused, 130 interrupted.
`);
  return ExitCode.Success;
}

function report(name: string, error: unknown, io: Io): number {
  if (io.signal.aborted) {
    io.stderr.write("isocenter: interrupted.\n");
    return ExitCode.Interrupted;
  }
  const say = (text: string): void => void io.stderr.write(`isocenter ${name}: ${text}\n`);
  if (error instanceof UsageError) {
    say(`${error.message} See \`isocenter ${name} --help\`.`);
    return ExitCode.Usage;
  }
  if (error instanceof ConfigError) {
    say(error.message);
    return error.code === "address-invalid" || error.code === "ae-title-invalid"
      ? ExitCode.Usage
      : ExitCode.Failure;
  }
  if (error instanceof NetworkError) {
    say(`${error.message} [${error.code}]\n  ${hintFor(error)}`);
    return ExitCode.Network;
  }
  const webHint = error instanceof IsocenterError ? webHintFor(error.code) : undefined;
  if (error instanceof IsocenterError && webHint !== undefined) {
    say(`${error.message} [${error.code}]\n  ${webHint}`);
    return ExitCode.Network;
  }
  if (error instanceof IsocenterError) {
    say(`${error.message} [${error.code}]`);
    return ExitCode.Failure;
  }
  if (error instanceof Error && "code" in error && error.code === "ENOENT" && "path" in error) {
    say(`there is no file ${String(error.path)}.`);
    return ExitCode.Failure;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return ExitCode.Failure;
}

function processIo(): Io {
  const controller = new AbortController();
  let interrupted = 0;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      // The first asks for an orderly end, the second does not wait for it.
      if (++interrupted > 1) process.exit(ExitCode.Interrupted);
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  // `isocenter find … | head` closes the pipe early; that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(ExitCode.Success);
    throw error;
  });
  return { stdout: process.stdout, stderr: process.stderr, signal: controller.signal, env: process.env };
}
