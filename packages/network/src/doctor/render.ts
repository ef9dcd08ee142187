/** A report in plain language, for a terminal or a mail. */
import type { DoctorReport, Finding } from "./types.ts";

export interface RenderOptions {
  /** Columns; text is wrapped to them. Default 100. */
  readonly width?: number;
  /** How each probe went, below. */
  readonly withProbes?: boolean;
}

const verdicts: Readonly<Record<DoctorReport["verdict"], string>> = {
  works: "works: nothing wrong was found",
  limited: "can be reached, and something does not work",
  refused: "is there, and does not let us in",
  unreachable: "cannot be reached by DICOM",
};

export function renderReport(
  report: DoctorReport,
  { width = 100, withProbes = false }: RenderOptions = {},
): string {
  const { host, port, verdict, findings, administratorText, probes, ms } = report;
  const lines = wrapped(`${host}:${port} ${verdicts[verdict]}.`, width);
  const section = (title: string, kind: Finding["kind"], mark: string): void => {
    const of = findings.filter((one) => one.kind === kind);
    if (of.length === 0) return;
    lines.push("", `${title}:`);
    for (const finding of of) lines.push(...findingLines(finding, mark, width));
  };
  section("What works", "works", "+");
  section("What does not", "problem", "!");
  section("Worth knowing", "note", "-");
  if (administratorText !== undefined) {
    lines.push("", "To send to the PACS administrator:", "");
    lines.push(
      ...administratorText
        .split("\n")
        .flatMap((line) => wrapped(line, width - 4))
        .map((line) => `    ${line}`.trimEnd()),
    );
  }
  if (withProbes) {
    lines.push("", `Probes (${(ms / 1000).toFixed(1)} s in all):`);
    for (const { title, outcome, failure, ms: took } of probes)
      lines.push(
        `  ${outcome.padEnd(8)} ${String(Math.round(took)).padStart(6)} ms  ${title}${failure === undefined ? "" : `: ${failure.message}`}`,
      );
  }
  return `${lines.join("\n")}\n`;
}

function findingLines({ text, means, advice }: Finding, mark: string, width: number): string[] {
  const [first = "", ...more] = wrapped(text, width - 4);
  const further = [means, advice === undefined ? undefined : `→ ${advice}`].flatMap((one) =>
    one === undefined ? [] : wrapped(one, width - 6),
  );
  return [
    `  ${mark} ${first}`,
    ...more.map((line) => `    ${line}`),
    ...further.map((line) => `      ${line}`),
  ];
}

/** What was indented stays so when it is wrapped. */
function wrapped(text: string, width: number): string[] {
  const [, indent = "", bullet = "", rest = ""] = /^( *)(- )?(.*)$/.exec(text) ?? [];
  const lines: string[] = [];
  let line = indent + bullet;
  let isEmpty = true;
  for (const word of rest.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + " ".repeat(bullet.length);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}
