/** The audit trail: what is written, and that tampering shows. */
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openState, type StateDatabase } from "../state/state-database.ts";
import { AccessLog } from "./access-log.ts";
import type { AuditEntry } from "./audit-entry.ts";
import { auditHead, openAuditTrail, verifyAuditTrail } from "./audit-trail.ts";

let folder: string;
let path: string;
let state: StateDatabase;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-audit-"));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  path = join(folder, `audit-${count++}.jsonl`);
  state = openState();
});

const fail = (error: unknown): never => {
  throw error;
};
const who = { user: "CT1", address: "10.0.0.1" };

async function write(entries: number): Promise<string[]> {
  const trail = await openAuditTrail(path, state, fail);
  for (let index = 0; index < entries; index++)
    trail.add({ event: "query", who, outcome: "success", detail: `STUDY ${index}` });
  await trail.close();
  return (await readFile(path, "utf8")).trimEnd().split("\n");
}
const verify = () => verifyAuditTrail(path, auditHead(state));

describe("the audit trail", () => {
  it("chains its lines, also over a restart", async () => {
    await write(3);
    const lines = await write(2);
    const entries = lines.map((line) => JSON.parse(line) as AuditEntry);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(entries[3]?.prev).toBe(entries[2]?.hash);
    expect(await verify()).toEqual({ entries: 5, problems: [] });
  });

  it.each([
    [
      "a changed line",
      (lines: string[]) => lines.map((line) => line.replace("STUDY 2", "STUDY 9")),
      [{ line: 3, problem: "changed" }],
    ],
    ["a line taken out", (lines: string[]) => lines.toSpliced(2, 1), [{ line: 3, problem: "out-of-order" }]],
    [
      "a line put in",
      (lines: string[]) => lines.toSpliced(2, 0, lines[0] ?? ""),
      [
        { line: 3, problem: "out-of-order" },
        { line: 4, problem: "out-of-order" },
      ],
    ],
    [
      "a line that is none",
      (lines: string[]) => lines.toSpliced(2, 1, "{"),
      [
        { line: 3, problem: "unreadable" },
        { line: 4, problem: "out-of-order" },
      ],
    ],
    ["a file cut off", (lines: string[]) => lines.slice(0, 3), [{ line: 4, problem: "cut-off" }]],
  ])("shows %s", async (_, change, problems) => {
    const lines = await write(5);
    await writeFile(path, `${change(lines).join("\n")}\n`);
    expect((await verify()).problems).toEqual(problems);
  });

  it("a line torn by a crash is taken away, noted, and the chain goes on", async () => {
    await write(2);
    await appendFile(path, '{"seq":3,"at":"2026');
    expect((await verify()).problems).toEqual([{ line: 3, problem: "torn-end" }]);
    const lines = await write(1);
    expect(lines.map((line) => (JSON.parse(line) as AuditEntry).event)).toEqual([
      "query",
      "query",
      "trail-mended",
      "query",
    ]);
    expect(await verify()).toEqual({ entries: 4, problems: [] });
  });

  it("goes on from where it was when its file was moved away", async () => {
    await write(2);
    await truncate(path);
    const [line = ""] = await write(1);
    expect((JSON.parse(line) as AuditEntry).seq).toBe(3);
  });

  it("gathers what comes by the thousand, and tells an access to a study once in a while", async () => {
    const log = new AccessLog(await openAuditTrail(path, state, fail));
    for (let index = 0; index < 700; index++)
      log.transferred("instances-stored", who, {
        sopInstanceUid: `1.${index}`,
        kind: index === 3 ? "failed" : "stored",
      });
    for (let index = 0; index < 10; index++)
      log.accessed("instances-accessed", who, { study: "1.2" }, 1000 + index);
    log.accessed("instances-accessed", who, { study: "1.2" }, 1000 + 400_000);
    log.accessed("instances-accessed", { user: "other" }, { study: "1.2" }, 1000);
    await log.close();
    const entries = (await readFile(path, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditEntry);
    const stored = entries.filter(({ event }) => event === "instances-stored");
    expect(stored.map((entry) => [entry.count, entry.outcome])).toEqual([
      [500, "minor-failure"],
      [200, "success"],
    ]);
    expect(stored.flatMap(({ instances = [] }) => instances)).toHaveLength(700);
    expect(entries.filter(({ event }) => event === "instances-accessed")).toHaveLength(3);
  });
});
