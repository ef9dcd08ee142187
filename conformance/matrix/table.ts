/** The interoperation matrix: one line per service, role and peer, filled by the tests and printed at their end. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repository } from "../support/processes.ts";

interface Row {
  readonly peer: string;
  readonly service: string;
  readonly ourRole: "SCU" | "SCP";
  readonly result: string;
  readonly ms: number;
}

const rows: Row[] = [];

/**
 * A test that is a line of the matrix.
 * @param work what it returns is shown: how many instances, matches …
 */
export function cell(
  peer: string,
  service: string,
  ourRole: "SCU" | "SCP",
  work: () => Promise<string | void>,
): void {
  it(`${service}, ourselves as ${ourRole}`, async () => {
    const start = performance.now();
    let result = "failed";
    try {
      result = (await work()) ?? "ok";
    } finally {
      rows.push({ peer, service, ourRole, result, ms: performance.now() - start });
    }
    expect(result).not.toBe("failed");
  });
}

/** Prints what was collected, and keeps it as an artefact. */
export function printMatrix(name: string): void {
  const header = ["peer", "service", "our role", "result", "ms"];
  const lines = rows.map((row) => [row.peer, row.service, row.ourRole, row.result, row.ms.toFixed(0)]);
  const widths = header.map((text, column) =>
    Math.max(text.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const text = [format(header), format(widths.map((width) => "-".repeat(width))), ...lines.map(format)].join(
    "\n",
  );
  process.stdout.write(`\nInteroperation with ${name}\n\n${text}\n\n`);
  mkdirSync(join(repository, "artifacts"), { recursive: true });
  writeFileSync(
    join(repository, `artifacts/interoperation-${name.toLowerCase().replace(/\W+/g, "-")}.md`),
    `${text}\n`,
  );
  rows.length = 0;
}
