// `npm test`: everything that CI runs, ended by one plain line `N passed, N failed, N skipped`.
// Each check (build, types, lint, format) counts as one test beside the tests of the suites.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePeers } from "./peers.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tally = { passed: 0, failed: 0, skipped: 0 };
const say = (text) => process.stdout.write(`${text}\n`);

const modules = join(root, "node_modules");
const node = (...args) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] }).status === 0;

const missing = ensurePeers({ log: say });

for (const [name, check] of [
  ["build", () => node(join(root, "scripts/build.mjs"))],
  ["types of the packages", () => node(join(modules, "typescript/bin/tsc"), "-b")],
  ["types of the tests", () => node(join(modules, "typescript/bin/tsc"), "-p", "tsconfig.test.json")],
  ["lint", () => node(join(modules, "oxlint/bin/oxlint"), "--type-aware")],
  ["format", () => node(join(modules, "@biomejs/biome/bin/biome"), "format", "--max-diagnostics=20", ".")],
]) {
  const ok = check();
  tally[ok ? "passed" : "failed"]++;
  say(`${ok ? "ok" : "FAILED"}: ${name}`);
}

const report = join(root, "artifacts/vitest.json");
mkdirSync(dirname(report), { recursive: true });
rmSync(report, { force: true });
const ok = node(
  join(modules, "vitest/vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
);
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  tally.passed += result.numPassedTests;
  tally.failed += result.numFailedTests;
  tally.skipped += result.numPendingTests + result.numTodoTests;
  // A suite that could not even be loaded has no tests to count; it must not pass in silence.
  if (!ok && result.numFailedTests === 0) tally.failed++;
  for (const suite of result.testResults) {
    for (const test of suite.assertionResults) {
      if (test.status === "failed") say(`FAILED: ${test.fullName}`);
      if (test.status === "pending" || test.status === "skipped") say(`skipped: ${test.fullName}`);
    }
  }
} catch (error) {
  tally.failed++;
  say(`FAILED: the suites ended without a report (${error.message})`);
}

if (missing.length > 0) {
  say(
    `\nMissing, so their suites were skipped: ${missing.join(", ")}. On Debian: apt-get install ${missing.join(" ")}`,
  );
}
say(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
process.exitCode = tally.failed === 0 ? 0 : 1;
