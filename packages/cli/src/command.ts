/** What a command is, and its help page. */
import type { OptionSpec, OptionSpecs } from "./arguments.ts";

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Operands as shown after the name: `HOST:PORT FILE…`. */
  readonly usage: string;
  readonly description?: string;
  readonly options: OptionSpecs;
  readonly examples: readonly { readonly line: string; readonly explains: string }[];
  /** @returns the exit code */
  run(argv: readonly string[], io: Io): Promise<number>;
}

/** Where a command reads and writes: handed in, so that tests see everything. */
export interface Io {
  readonly stdout: {
    write(text: string): unknown;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Exit codes, the same for every command. */
export const ExitCode = {
  Success: 0,
  /** The work failed, wholly or in part. */
  Failure: 1,
  /** The command line is wrong. */
  Usage: 2,
  /** The peer could not be reached, refused or broke off. */
  Network: 3,
  /** Stopped by the user. */
  Interrupted: 130,
} as const;

export function helpPage(command: Command): string {
  const lines = [`${command.summary}`, "", `Usage: isocenter ${command.name} ${command.usage}`];
  if (command.description !== undefined) lines.push("", command.description);
  lines.push("", "Options:", ...optionLines(command.options), "", "Examples:");
  for (const { line, explains } of command.examples) lines.push(`  # ${explains}`, `  ${line}`);
  return `${lines.join("\n")}\n`;
}

function optionLines(specs: OptionSpecs): string[] {
  const rows: [string, string][] = Object.values(specs).map((spec: OptionSpec) => [
    spec.names.join(", ") + (spec.value === undefined ? "" : ` ${spec.value}`),
    spec.help + (spec.repeatable === true ? " May be repeated." : ""),
  ]);
  rows.push(["-h, --help", "Show this page."]);
  const width = Math.max(...rows.map(([names]) => names.length));
  return rows.map(([names, help]) => `  ${names.padEnd(width)}  ${help}`);
}
