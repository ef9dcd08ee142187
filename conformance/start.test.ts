/** Starting `isocenter serve`: ready soon, data kept, and one clear sentence when it cannot start. */
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, isocenterBin, type Result, run, temporaryFolder } from "./support/processes.ts";
import { startIsocenter } from "./support/servers.ts";

let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const serve = (...args: string[]): Promise<Result> => run(process.execPath, [isocenterBin, "serve", ...args]);
const freeAddresses = async (): Promise<string[]> => [
  "--http",
  `127.0.0.1:${await freePort()}`,
  "--dicom",
  `127.0.0.1:${await freePort()}`,
];

/** One sentence, or two: no stack, no line of code. */
function expectClear({ code, stderr, stdout }: Result, words: RegExp): void {
  expect(code).not.toBe(0);
  expect(stdout).toBe("");
  expect(stderr).toMatch(words);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).not.toMatch(/ at .*:\d+:\d+|node:internal/);
}

describe("isocenter serve", () => {
  it("loads the demo hospital once, and is ready in under 2 s the second time", async () => {
    const data = join(folder.path, "demo");
    const about = async (http: string): Promise<{ counts: object; demo: boolean }> =>
      (await (await fetch(`${http}/api/about`)).json()) as { counts: object; demo: boolean };
    const counts = { patients: 8, studies: 9, series: 16, instances: 270 };
    const first = await startIsocenter(data, { demo: true });
    expect(await about(first.http)).toMatchObject({ counts, demo: true });
    await first.stop();
    const start = performance.now();
    const second = await startIsocenter(data, { demo: true });
    const ready = performance.now() - start;
    expect(await about(second.http)).toMatchObject({ counts });
    expect(second.output()).toContain("Isocenter is running.");
    expect(second.output()).toContain(second.http);
    expect(second.output()).not.toContain("Loading");
    await second.stop();
    expect(ready).toBeLessThan(2000);
  });

  it.each(["--http", "--dicom"])("names a busy port of %s and what to do", async (option) => {
    const busy = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => busy.once("listening", resolve));
    const { port } = busy.address() as { port: number };
    const other = option === "--http" ? "--dicom" : "--http";
    const result = await serve(
      "--data",
      join(folder.path, "busy"),
      option,
      `127.0.0.1:${port}`,
      other,
      `127.0.0.1:${await freePort()}`,
    );
    await new Promise((resolve) => busy.close(resolve));
    expectClear(
      result,
      new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use .* choose another port with ${option}`),
    );
    expect(result.code).toBe(1);
  });

  it("names a data folder that is a file", async () => {
    const file = join(folder.path, "file");
    await writeFile(file, "");
    expectClear(
      await serve("--data", file, ...(await freeAddresses())),
      /data folder .*file cannot be written/,
    );
  });

  it("names a data folder below a path that cannot be made", async () => {
    expectClear(
      await serve("--data", "/proc/isocenter", ...(await freeAddresses())),
      /data folder \/proc\/isocenter cannot be written/,
    );
  });

  it("names a data folder that another server has open", async () => {
    const data = join(folder.path, "shared");
    const first = await startIsocenter(data);
    expectClear(
      await serve("--data", data, ...(await freeAddresses())),
      /in use by another Isocenter server/,
    );
    await first.stop();
  });

  it.each([
    [["--colour"], /--colour/],
    [["--http", "localhost"], /"localhost" is not an address/],
    [["--http", "127.0.0.1:99999"], /is not an address/],
    [["--aet", "A\\B"], /is not an AE title/],
    [["--aet", "SEVENTEEN-LETTERS"], /is not an AE title/],
    [["--log-level", "loud"], /is not a log level/],
    [["images"], /What is "images"\?/],
  ])("refuses %j as a wrong command line", async (args, words) => {
    const result = await serve("--data", join(folder.path, "never"), ...args);
    expectClear(result, words);
    expect(result.code).toBe(2);
  });

  it.each([
    [["--http", "0.0.0.0:0"], /needs a login: set ISOCENTER_TOKEN/],
    [["--dicom", "0.0.0.0:0"], /add --allow-aet NAME/],
  ])("refuses to be public without a rule for who may come in: %j", async (args, words) => {
    expectClear(await serve("--data", join(folder.path, "public"), ...args), words);
  });

  it.each([["serve"], ["echo"], ["find"], ["store"], ["dump"]])("%s --help has examples", async (name) => {
    const { code, stdout } = await run(process.execPath, [isocenterBin, name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n/);
    expect(stdout).toContain(`isocenter ${name}`);
  });
});
