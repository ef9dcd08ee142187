/** What we write, read by others: DCMTK's dcmdump, dcmj2pnm's decoders, dicom3tools' dciodvfy, pydicom. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  demoFolder,
  hasProgram,
  isocenterBin,
  type Result,
  run,
  temporaryFolder,
} from "./support/processes.ts";

const isocenter = (...args: string[]): Promise<Result> => run(process.execPath, [isocenterBin, ...args]);
let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

describe.skipIf(!hasProgram("dcmdump"))("DCMTK", () => {
  it.each(["implicit", "explicit", "big-endian", "deflated", "rle", "jpeg-ls", "j2k", "jpeg"])(
    "reads files in %s",
    async (syntax) => {
      const out = join(folder.path, syntax);
      // JPEG baseline takes 8 bits: the ultrasound image has them.
      const source = join(demoFolder, syntax === "jpeg" ? "DEMO-0006/ST1" : "DEMO-0003");
      const { code, stderr } = await isocenter("transcode", source, "-t", syntax, "-od", out);
      expect(code, stderr).toBe(0);
      const files = await filesBelow(out);
      expect(files.length).toBeGreaterThan(0);
      const dumped = await run("dcmdump", ["-q", ...files]);
      expect(dumped.stderr).toBe("");
      expect(dumped.code).toBe(0);
    },
  );

  it.each([
    ["rle", "dcmdrle"],
    ["jpeg-ls", "dcmdjpls"],
    ["jpeg", "dcmdjpeg"],
  ])("decodes our %s", async (syntax, decoder) => {
    const [file = ""] = await filesBelow(join(folder.path, syntax));
    const plain = join(folder.path, `${syntax}-by-dcmtk.dcm`);
    const { code, stderr } = await run(decoder, [file, plain]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    if (syntax === "jpeg") return;
    const [ours, theirs] = await Promise.all(
      [await filesBelow(join(folder.path, "explicit")).then(([first = ""]) => first), plain].map((path) =>
        run("dcmdump", ["-q", "+P", "PixelData", "+L", path]),
      ),
    );
    expect(theirs?.stdout.length).toBeGreaterThan(1000);
    expect(pixelsOf(theirs)).toBe(pixelsOf(ours));
  });

  it("lists our DICOMDIR", async () => {
    expect((await isocenter("dicomdir", demoFolder, "-od", join(folder.path, "cd"))).code).toBe(0);
    const { code, stdout, stderr } = await run("dcmdump", [
      "-q",
      "+P",
      "DirectoryRecordType",
      join(folder.path, "cd/DICOMDIR"),
    ]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.match(/\[PATIENT\]/g)).toHaveLength(8);
    expect(
      stdout.match(/\[(IMAGE|SR DOCUMENT|KEY OBJECT DOC|PRESENTATION|ENCAP DOC|WAVEFORM)\s*\]/g),
    ).toHaveLength(270);
  });
});

const pixelsOf = (result: Result | undefined): string =>
  (result?.stdout ?? "").replace(/^\(7fe0,0010\) O[BW] /, "").replace(/#.*$/s, "");

describe.skipIf(!hasProgram("dciodvfy"))("dciodvfy", () => {
  const errorsIn = async (files: readonly string[]): Promise<string[]> => {
    const found: string[] = [];
    for (const file of files) {
      const { stderr } = await run("dciodvfy", [file]);
      found.push(...stderr.split("\n").filter((line) => line.startsWith("Error")));
    }
    return [...new Set(found)].sort();
  };

  it("finds no error in rewritten files that was not there before", async () => {
    const source = join(demoFolder, "DEMO-0003");
    const out = join(folder.path, "modified");
    expect((await isocenter("modify", source, "-m", "PatientComments=Edited", "-od", out)).code).toBe(0);
    const [before, after] = [
      await errorsIn((await filesBelow(source)).slice(0, 4)),
      await errorsIn((await filesBelow(out)).slice(0, 4)),
    ];
    expect(after.filter((line) => !before.includes(line))).toEqual([]);
  });

  it("finds no error in a wrapped PDF", async () => {
    const pdf = join(folder.path, "pdf");
    const found = await isocenter("pdf", join(demoFolder, "DEMO-0002"), "-od", pdf);
    expect(found.stderr).toContain("There is no document in it");
    const [document = ""] = await filesBelow(pdf);
    expect(
      (
        await isocenter(
          "pdf",
          "--wrap",
          document,
          "--like",
          join(demoFolder, "DEMO-0007/ST1/SE1/IM0001.dcm"),
          "-m",
          "DocumentTitle=Letter",
          "-od",
          join(folder.path, "wrapped"),
        )
      ).code,
    ).toBe(0);
    expect(await errorsIn(await filesBelow(join(folder.path, "wrapped")))).toEqual([]);
  });
});

describe("de-identified files", () => {
  it("are read by DCMTK and hold none of the patients' names", async () => {
    const out = join(folder.path, "anonymous");
    const { code, stderr } = await isocenter("anonymize", demoFolder, "-od", out);
    expect(code, stderr).toBe(0);
    const files = await filesBelow(out);
    expect(files).toHaveLength(270);
    const { stdout } = await run("dcmdump", ["-q", "+L", "+U8", ...files.slice(0, 60)]);
    for (const name of [
      "Lindqvist",
      "Okafor",
      "Moreau",
      "Tanaka",
      "Silva",
      "Novák",
      "Haddad",
      "Kowalski",
      "DEMO-000",
    ]) {
      expect(stdout.includes(name), name).toBe(false);
    }
  });
});
