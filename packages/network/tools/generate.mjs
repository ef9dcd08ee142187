// Writes src/upper-layer/transitions.generated.ts and src/dimse/statuses.generated.ts from the standard's tables.
// Run: npm run generate
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const standard = join(here, "../../dicom/standard");

function rows(name) {
  const [header, ...lines] = readFileSync(join(standard, `${name}.tsv`), "utf8")
    .trimEnd()
    .split("\n");
  const columns = header.split("\t");
  return lines.map((line) =>
    Object.fromEntries(line.split("\t").map((cell, index) => [columns[index], cell])),
  );
}

function transitions() {
  const table = new Map();
  for (const { state, event, action } of rows("ul-state-machine")) {
    if (!table.has(state)) table.set(state, []);
    if (action !== "-") table.get(state).push(`${JSON.stringify(event)}: ${JSON.stringify(action)}`);
  }
  const quoted = (values) => values.map((value) => JSON.stringify(value)).join(", ");
  const describe = (name, key) =>
    rows(name)
      .map((row) => `  ${JSON.stringify(row[key])}: ${JSON.stringify(row.description)},`)
      .join("\n");
  return `// @generated from the tables of PS3.8 9.2 (standard/ul-*.tsv) by tools/generate.mjs. Do not edit.
/** Table 9-10: state → event → action. What is not there cannot occur. */
import type { Action, Event, State } from "./names.generated.ts";

export const transitions: Readonly<Record<State, Readonly<Partial<Record<Event, Action>>>>> = {
${[...table].map(([state, cells]) => `  ${state}: { ${cells.join(", ")} },`).join("\n")}
};
@@names@@// @generated from the tables of PS3.8 9.2 (standard/ul-*.tsv) by tools/generate.mjs. Do not edit.
/** States, events and actions of the upper layer with the standard's sense in a few words. */
export const states = [${quoted(rows("ul-states").map((row) => row.state))}] as const;
export type State = (typeof states)[number];

export const events = [${quoted(rows("ul-events").map((row) => row.event))}] as const;
export type Event = (typeof events)[number];

export const actions = [${quoted(rows("ul-actions").map((row) => row.action))}] as const;
export type Action = (typeof actions)[number];

export const stateDescriptions: Readonly<Record<State, string>> = {
${describe("ul-states", "state")}
};

export const eventDescriptions: Readonly<Record<Event, string>> = {
${describe("ul-events", "event")}
};

export const actionDescriptions: Readonly<Record<Action, string>> = {
${describe("ul-actions", "action")}
};
`.split("@@names@@");
}

function statuses() {
  const lines = rows("status-codes").map(
    (row) => `  ${JSON.stringify([row.service, row.code, row.category, row.meaning].join("|"))},`,
  );
  return `// @generated from standard/status-codes.tsv (PS3.7 Annex C, PS3.4) by tools/generate.mjs. Do not edit.
/** service|code or range in hex|category|meaning */
export const packedStatuses: readonly string[] = [\n${lines.join("\n")}\n];\n`;
}

/** @returns file path below src/ → text, deterministic */
export function generate() {
  const [table, names] = transitions();
  return {
    "upper-layer/transitions.generated.ts": table,
    "upper-layer/names.generated.ts": names,
    "dimse/statuses.generated.ts": statuses(),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, content] of Object.entries(generate()))
    writeFileSync(join(here, "../src", path), content);
}
