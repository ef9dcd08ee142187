/** The long runs, cut short: they must start, agree and end well. Their figures are another matter. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { repository, run } from "./support/processes.ts";

it("the bench compares parsers that agree", async () => {
  const { code, stdout, stderr } = await run(process.execPath, [
    join(repository, "bench/dicom.mjs"),
    "--smoke",
  ]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/full element index \| dicom-parser/);
});

it("the fuzzer finds nothing in 20,000 cases", async () => {
  const { code, stdout } = await run(process.execPath, [
    join(repository, "fuzz/dicom.mjs"),
    "--cases",
    "20000",
    "--seed",
    "7",
  ]);
  expect(stdout).toMatch(/20000 cases, \d{3,} read, 0 failures/);
  expect(code).toBe(0);
});
