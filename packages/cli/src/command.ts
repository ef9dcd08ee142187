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
  readonly stderr: {
    write(text: string): unknown;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
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
  const specs = Object.values(command.options).filter(({ refused }) => refused === undefined);
  const groups = new Set(["Options", ...specs.map(groupOf)]);
  const width = Math.max(10, ...specs.map((spec) => namesOf(spec).length).filter((length) => length <= 36));
  for (const group of groups) {
    lines.push(
      "",
      `${group}:`,
      ...specs.filter((spec) => groupOf(spec) === group).map((spec) => row(spec, width)),
    );
    if (group === "Options") lines.push(`  ${"-h, --help".padEnd(width)}  Show this page.`);
  }
  lines.push("", "Examples:");
  for (const { line, explains } of command.examples) lines.push(`  # ${explains}`, `  ${line}`);
  return `${lines.join("\n")}\n`;
}

const groupOf = (spec: OptionSpec): string => spec.group ?? "Options";

function namesOf({ names, flags = {}, value }: OptionSpec): string {
  return [...names, ...Object.keys(flags)].join(", ") + (value === undefined ? "" : ` ${value}`);
}

/** Names that are longer than the column have a line of their own. */
function row(spec: OptionSpec, width: number): string {
  const names = namesOf(spec);
  const help = spec.help + (spec.repeatable === true ? " May be repeated." : "");
  const gap = names.length > width ? `\n${" ".repeat(width + 2)}` : " ".repeat(width - names.length);
  return `  ${names}${gap}  ${help}`;
}
