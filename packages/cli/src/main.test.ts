/** The command line by itself: help, wrong usage, exit codes, and dump's contract. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commandNames, loadCommand, run } from "./main.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));

async function isocenter(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(argv, {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    signal: new AbortController().signal,
    env: {},
  });
  return { code, stdout: out.join(""), stderr: err.join("") };
}

describe("help", () => {
  it("lists every command", async () => {
    const { code, stdout } = await isocenter("--help");
    expect(code).toBe(0);
    for (const name of commandNames) {
      const command = await loadCommand(name);
      expect(command?.name).toBe(name);
      expect(stdout).toContain(`${name} `);
      expect(stdout).toContain(command?.summary);
    }
  });

  it.each(commandNames)("of %s has usage, options and examples", async (name) => {
    const { code, stdout } = await isocenter(name, "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Usage: isocenter ${name} .*\n[^]*Options:\n[^]*Examples:\n`));
    expect((await isocenter("help", name)).stdout).toBe(stdout);
  });
});

describe("a wrong command line", () => {
  it.each([
    [["fnd"], /there is no command "fnd"/],
    [["echo"], /HOST:PORT/],
    [["echo", "pacs", "-aec", "A"], /HOST:PORT|address/],
    [["echo", "127.0.0.1:104", "-aec", "SEVENTEEN-LETTERS"], /AE title/],
    [["find", "127.0.0.1:104", "-aec", "A", "-k", "PatientNam=x"], /"PatientNam" is not a DICOM keyword/],
    [["find", "127.0.0.1:104", "-aec", "A", "-L", "ROOM"], /"ROOM" is not a level/],
    [["find", "127.0.0.1:104", "-aec", "A", "-n", "many"], /--limit/],
    [["store", "127.0.0.1:104", "-aec", "A"], /files or folders/],
    [["dump"], /Name the file/],
    [["dump", "--yaml", "x"], /--yaml/],
  ])("%j exits with 2 and one sentence", async (argv, words) => {
    const { code, stdout, stderr } = await isocenter(...argv);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(words);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("what fails", () => {
  it("exits with 3 when nothing listens", async () => {
    const { code, stderr } = await isocenter("echo", "127.0.0.1:1", "-aec", "A");
    expect(code).toBe(3);
    expect(stderr).toMatch(/Nothing accepts connections at 127\.0\.0\.1:1\. \[connection-refused\]/);
  });

  it.each([["missing.dcm"], ["README.md"]])("exits with 1 for %s", async (name) => {
    const { code, stderr } = await isocenter("dump", fixture(name));
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("dump", () => {
  const file = "native-implicit-le/MR_small_implicit.dcm";

  it("--json prints meta and dataset in DICOM JSON", async () => {
    const { code, stdout } = await isocenter("dump", "--json", fixture(file));
    expect(code).toBe(0);
    const { meta, dataset } = JSON.parse(stdout) as Record<
      string,
      Record<string, { vr: string; Value?: unknown[] }>
    >;
    const oracle = JSON.parse(readFileSync(fixture(`${file}.dump.json`), "utf8")) as Record<
      string,
      Record<string, { vr: string }>
    >;
    expect(meta?.["00020010"]).toEqual({ vr: "UI", Value: ["1.2.840.10008.1.2"] });
    for (const [tag, { vr }] of Object.entries(oracle["dataset"] ?? {}))
      expect(dataset?.[tag]?.vr, tag).toBe(vr);
  });

  it("prints text with keywords, and no control character of a hostile file", async () => {
    const { stdout } = await isocenter("dump", fixture("hostile-values/control_chars.dcm"));
    expect(stdout).toContain("# PatientID");
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]/);
  });
});
