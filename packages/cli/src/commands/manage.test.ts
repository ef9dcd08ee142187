/** An archive managed from the command line: import, export, verify, rebuild, quarantine, audit, and a server's lock. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalArchive } from "@isocenter/archive";
import { decodePart10, encodePart10 } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../main.ts";

const demo = fileURLToPath(new URL("../../../../demo/DEMO-0003", import.meta.url));
let folder: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-manage-"));
  data = join(folder, "data");
});
afterAll(() => rm(folder, { recursive: true }));

async function isocenter(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run([...argv, "--data", data], {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    signal: new AbortController().signal,
    env: { USER: "ann" },
  });
  return { code, stdout: out.join(""), stderr: err.join("") };
}

async function filesBelow(path: string, end = ".dcm"): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter(({ name }) => name.endsWith(end))
    .map(({ parentPath, name }) => join(parentPath, name));
}

describe("an archive from the command line", () => {
  let count: number;
  let study: string;

  it("there must be one, except for an import", async () => {
    expect(await isocenter("verify")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no archive") as string,
    });
  });

  it("import takes a folder in, and the same again is held already", async () => {
    const files = await filesBelow(demo);
    count = files.length;
    study = decodePart10(await readFile(files[0] ?? "")).dataSet.string("StudyInstanceUID") ?? "";
    expect(await isocenter("import", demo)).toMatchObject({
      code: 0,
      stdout: `${count} stored, 0 held already, 0 in quarantine, 0 failed, 0 other files\n`,
    });
    expect((await isocenter("import", demo)).stdout).toContain(`0 stored, ${count} held already`);
  });

  it("another content under a known UID goes to quarantine, is listed, discarded and accepted", async () => {
    const [file = ""] = await filesBelow(demo);
    const { dataSet, transferSyntaxUid } = decodePart10(await readFile(file));
    const change = async (comment: string): Promise<string> => {
      const path = join(folder, "changed.dcm");
      await writeFile(
        path,
        encodePart10({ dataSet: dataSet.with("ImageComments", comment), transferSyntaxUid }),
      );
      expect(await isocenter("import", path)).toMatchObject({ code: 1 });
      const { stdout } = await isocenter("quarantine", "list", "--json");
      return (JSON.parse(stdout) as { name: string }).name;
    };
    const first = await change("first");
    expect((await isocenter("quarantine", "list")).stdout).toContain("different content");
    expect(await isocenter("quarantine", "discard", first)).toMatchObject({ code: 0 });
    expect((await isocenter("quarantine", "list")).stdout).toContain("Nothing is in quarantine");
    const second = await change("second");
    expect(await isocenter("quarantine", "accept", second)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("stored") as string,
    });
    expect(await isocenter("quarantine", "accept", "none")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("quarantine-unknown") as string,
    });
    expect((await isocenter("quarantine")).code).toBe(2);
  });

  it("export writes a study, with a DICOMDIR where asked for, and replaces nothing", async () => {
    const out = join(folder, "out");
    expect(await isocenter("export", study, "-od", out)).toMatchObject({ code: 0 });
    expect(await filesBelow(out)).toHaveLength(count);
    expect(await isocenter("export", study, "-od", out)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("storage-failed") as string,
    });
    const cd = join(folder, "cd");
    await isocenter("export", study, "-od", cd, "--dicomdir");
    expect(await readdir(cd)).toEqual(["DICOM", "DICOMDIR"]);
    expect(await isocenter("export", "1.2.3", "-od", join(folder, "none"))).toMatchObject({ code: 1 });
    expect((await isocenter("export", study)).code).toBe(2);
  });

  it("verify finds a damaged object, repairs it, and the index is made anew", async () => {
    expect(await isocenter("verify")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(" 0 problems") as string,
    });
    const [object = ""] = await filesBelow(join(data, "objects"));
    const bytes = await readFile(object);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 0xff, bytes.length - 1);
    await writeFile(object, bytes);
    const found = await isocenter("verify", "--json");
    expect(found.code).toBe(1);
    expect(JSON.parse(found.stdout)).toMatchObject({ kind: "object-damaged", repaired: false });
    expect(await isocenter("verify", "--repair")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("(put right)") as string,
    });
    expect(await isocenter("verify")).toMatchObject({ code: 0 });
    expect((await isocenter("quarantine", "list")).stdout).toContain("bytes are not those");
    expect(await isocenter("index", "rebuild")).toMatchObject({
      code: 0,
      stdout: `${count - 1} of ${count - 1} objects are in the index\n`,
    });
  });

  it("a server that has the folder open is told of, and nothing is touched", async () => {
    const archive = await LocalArchive.open(data);
    for (const argv of [["verify"], ["index", "rebuild"], ["import", demo], ["quarantine", "list"]]) {
      const { code, stderr } = await isocenter(...argv);
      expect(code, argv.join(" ")).toBe(1);
      expect(stderr).toMatch(
        /in use by another Isocenter server\. This command works while no server runs: stop it first/,
      );
    }
    await archive.close();
  });

  it("all of it is in the audit trail, and a change to that is told", async () => {
    const trail = join(data, "audit.jsonl");
    const text = await readFile(trail, "utf8");
    expect(text).toContain('"user":"isocenter:ann"');
    expect(await isocenter("audit", "verify")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("0 are not") as string,
    });
    await writeFile(trail, text.replace("isocenter:ann", "isocenter:bob"));
    expect(await isocenter("audit", "verify")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("line 1 was changed") as string,
    });
    await writeFile(trail, text.split("\n").slice(0, 2).join("\n"));
    await appendFile(trail, "\n");
    expect((await isocenter("audit", "verify")).stdout).toContain("cut off");
    expect((await isocenter("audit")).code).toBe(2);
  });
});
