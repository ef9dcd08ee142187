/**
 * The `isocenter` command: finds the command, runs it, and turns what goes wrong into one clear sentence and an exit
 * code.
 */
import { ConfigError, version } from "@isocenter/server";
import { ArchiveError } from "@isocenter/archive";
import { IsocenterError } from "@isocenter/dicom";
import { NetworkError } from "@isocenter/network";
import { type Command, ExitCode, helpPage, type Io } from "./command.ts";
import { audit } from "./commands/audit.ts";
import { anonymize } from "./commands/anonymize.ts";
import { dicomdir } from "./commands/dicomdir.ts";
import { dump } from "./commands/dump.ts";
import { echo } from "./commands/echo.ts";
import { exportCommand } from "./commands/export.ts";
import { find } from "./commands/find.ts";
import { get } from "./commands/get.ts";
import { image } from "./commands/image.ts";
import { importCommand } from "./commands/import.ts";
import { index } from "./commands/index-rebuild.ts";
import { modify } from "./commands/modify.ts";
import { move } from "./commands/move.ts";
import { pdf } from "./commands/pdf.ts";
import { qr } from "./commands/qr.ts";
import { quarantine } from "./commands/quarantine.ts";
import { receive } from "./commands/receive.ts";
import { serve } from "./commands/serve.ts";
import { store } from "./commands/store.ts";
import { transcode } from "./commands/transcode.ts";
import { validate } from "./commands/validate.ts";
import { verify } from "./commands/verify.ts";
import { hintFor } from "./network/hints.ts";
import { UsageError } from "./usage-error.ts";

export const commands: readonly Command[] = [
  serve,
  echo,
  find,
  get,
  move,
  store,
  receive,
  qr,
  dump,
  modify,
  anonymize,
  transcode,
  image,
  validate,
  dicomdir,
  pdf,
  importCommand,
  exportCommand,
  verify,
  index,
  quarantine,
  audit,
];

/** @returns the exit code; never throws */
export async function run(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return help(rest[0], io);
  if (name === "--version" || name === "-V") {
    io.stdout.write(`isocenter ${version}\n`);
    return ExitCode.Success;
  }
  const command = commands.find((one) => one.name === name);
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

function help(topic: string | undefined, io: Io): number {
  const command = commands.find((one) => one.name === topic);
  if (command !== undefined) {
    io.stdout.write(helpPage(command));
    return ExitCode.Success;
  }
  const width = Math.max(...commands.map((one) => one.name.length));
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
  if (error instanceof ArchiveError || error instanceof IsocenterError) {
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
