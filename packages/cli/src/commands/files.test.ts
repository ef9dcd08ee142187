/** The commands on files, on the demo hospital's real images. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePart10, type Part10, readDirectory, walkRecords } from "@isocenter/dicom";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../main.ts";

const demo = fileURLToPath(new URL("../../../../demo", import.meta.url));
const patient = (number: number): string => join(demo, `DEMO-000${number}`);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-cli-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function isocenter(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    signal: new AbortController().signal,
    env: {},
  };
  const code = await run(argv, io);
  return { code, stdout: out.join(""), stderr: err.join("") };
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function readAll(path: string): Promise<Part10[]> {
  const files = (await filesBelow(path)).filter((name) => name.endsWith(".dcm"));
  return Promise.all(files.map(async (name) => decodePart10(await readFile(name))));
}

describe("modify", () => {
  it("sets and erases, into sequences too, in place and elsewhere", async () => {
    await cp(patient(5), join(folder, "in"), { recursive: true });
    const { code, stderr } = await isocenter(
      "modify",
      join(folder, "in"),
      "-m",
      "PatientID=4711",
      "-m",
      "RequestAttributesSequence[0].RequestedProcedureID=R1",
      "-e",
      "AccessionNumber",
      "-od",
      join(folder, "out"),
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const files = await readAll(join(folder, "out"));
    expect(files).toHaveLength(6);
    for (const { dataSet } of files) {
      expect(dataSet.string("PatientID")).toBe("4711");
      expect(dataSet.items("RequestAttributesSequence")[0]?.string("RequestedProcedureID")).toBe("R1");
      expect(dataSet.has("AccessionNumber")).toBe(false);
    }
    expect((await readAll(join(folder, "in")))[0]?.dataSet.string("PatientID")).toBe("DEMO-0005");
    expect((await isocenter("modify", join(folder, "in"), "-m", "PatientID=X")).code).toBe(0);
    expect(
      new Set((await readAll(join(folder, "in"))).map(({ dataSet }) => dataSet.string("PatientID"))),
    ).toEqual(new Set(["X"]));
    expect((await filesBelow(join(folder, "in"))).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it.each([["PatientNam=1"], ["PatientID"], ["ReferencedStudySequence.PatientID=1"]])(
    "refuses -m %s",
    async (edit) => {
      expect((await isocenter("modify", demo, "-m", edit)).code).toBe(2);
    },
  );
});

describe("anonymize", () => {
  it("writes copies without the patient, whose references still fit", async () => {
    const out = join(folder, "out");
    const { code, stderr } = await isocenter(
      "anonymize",
      patient(5),
      "-od",
      out,
      "-m",
      "PatientID=CASE-1",
      "--report",
      join(folder, "report.jsonl"),
    );
    expect(code, stderr).toBe(0);
    const files = await readAll(out);
    expect(files).toHaveLength(6);
    const uids = new Set(files.map(({ dataSet }) => dataSet.string("SOPInstanceUID")));
    expect(new Set(files.map(({ dataSet }) => dataSet.string("StudyInstanceUID"))).size).toBe(1);
    for (const { dataSet, meta } of files) {
      expect(dataSet.string("PatientID")).toBe("CASE-1");
      expect(dataSet.string("PatientIdentityRemoved")).toBe("YES");
      expect(meta.string("MediaStorageSOPInstanceUID")).toBe(dataSet.string("SOPInstanceUID"));
    }
    // Segmentations and reports name the images they are of.
    const references = files.flatMap(({ dataSet }) =>
      dataSet
        .items("ReferencedSeriesSequence")
        .flatMap((series) => series.items("ReferencedInstanceSequence")),
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references)
      expect(reference.string("ReferencedSOPInstanceUID")).toMatch(/^2\.25\./);
    expect(references.some((one) => uids.has(one.string("ReferencedSOPInstanceUID")))).toBe(true);
    for (const name of await filesBelow(out))
      expect((await readFile(name)).includes("Silva"), name).toBe(false);
    expect(await readFile(join(folder, "report.jsonl"), "utf8")).not.toMatch(/Silva|DEMO-0005/);
  });

  it("gives the same UIDs for the same secret, and others without it", async () => {
    await writeFile(join(folder, "key"), "secret");
    const uids: string[][] = [];
    for (const [name, args] of [
      ["a", ["--secret-file", join(folder, "key")]],
      ["b", ["--secret-file", join(folder, "key")]],
      ["c", []],
    ] as const) {
      expect((await isocenter("anonymize", patient(7), "-od", join(folder, name), ...args)).code).toBe(0);
      uids.push(
        (await readAll(join(folder, name))).map(({ dataSet }) => dataSet.string("SOPInstanceUID") ?? ""),
      );
    }
    expect(uids[0]).toEqual(uids[1]);
    expect(uids[0]).not.toEqual(uids[2]);
  });
});

describe("transcode and image", () => {
  it("goes to plain samples and back to a small code stream, with the same pixels", async () => {
    const plain = join(folder, "plain");
    expect((await isocenter("transcode", patient(4), "-t", "explicit", "-od", plain)).code).toBe(0);
    expect((await isocenter("transcode", plain, "-t", "j2k", "-od", join(folder, "j2k"))).code).toBe(0);
    expect(
      (await isocenter("transcode", join(folder, "j2k"), "-t", "explicit", "-od", join(folder, "again")))
        .code,
    ).toBe(0);
    const [before, after] = [await readAll(plain), await readAll(join(folder, "again"))];
    expect(before).toHaveLength(20);
    before.forEach(({ dataSet }, index) =>
      expect(
        Buffer.from(dataSet.bytes("PixelData") ?? []).equals(
          after[index]?.dataSet.bytes("PixelData") ?? Buffer.alloc(1),
        ),
      ).toBe(true),
    );
    expect(before[0]?.transferSyntaxUid).toBe("1.2.840.10008.1.2.1");
  });

  it("makes a PNG and a JPEG of an image", async () => {
    expect((await isocenter("image", patient(7), "-od", folder)).code).toBe(0);
    expect((await isocenter("image", patient(7), "-f", "jpeg", "-od", folder)).code).toBe(0);
    const [jpeg, png] = (await filesBelow(folder)).sort((a, b) => a.slice(-3).localeCompare(b.slice(-3)));
    expect((await readFile(png ?? "")).subarray(1, 4).toString()).toBe("PNG");
    expect((await readFile(jpeg ?? "")).subarray(0, 3).toString("hex")).toBe("ffd8ff");
  });

  it("keeps two inputs with one name apart", async () => {
    const [first = "", second = ""] = [...(await filesBelow(patient(7))), ...(await filesBelow(patient(8)))];
    const { code, stderr } = await isocenter("image", first, second, "-od", folder);
    expect(code).toBe(1);
    expect(stderr).toContain("was written from another file already");
    expect(await filesBelow(folder)).toHaveLength(1);
  });

  it("names what has no picture, and goes on", async () => {
    const { code, stderr } = await isocenter("image", patient(6), "-od", folder);
    expect(code).toBe(1);
    expect(stderr).toContain("there is no pixel data");
    expect((await filesBelow(folder)).length).toBe(1);
  });
});

describe("validate", () => {
  it("says what is wrong and where, without the values", async () => {
    await cp(patient(7), join(folder, "in"), { recursive: true });
    await isocenter("modify", join(folder, "in"), "-m", "StudyDate=SECRET", "-m", "PatientSex=male");
    const { code, stdout } = await isocenter("validate", join(folder, "in"));
    expect(code).toBe(1);
    expect(stdout).toMatch(/error: StudyDate A value of VR DA is a date YYYYMMDD\./);
    expect(stdout).not.toContain("SECRET");
  });

  it("finds no error in the demo hospital's images", async () => {
    const { stdout } = await isocenter("validate", demo, "--errors-only");
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => / error: /.test(line)),
    ).toEqual([]);
    expect(stdout).toMatch(/^270 files, 0 errors/m);
  });
});

describe("dicomdir and pdf", () => {
  it("makes a file-set that lists itself", async () => {
    const { code, stdout } = await isocenter(
      "dicomdir",
      demo,
      "-od",
      join(folder, "cd"),
      "--file-set-id",
      "DEMO",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("270 instances");
    const { dataSet } = decodePart10(await readFile(join(folder, "cd", "DICOMDIR")));
    const records = [...walkRecords(readDirectory(dataSet))].map(({ record }) => record);
    expect(records.filter(({ type }) => type === "PATIENT")).toHaveLength(8);
    const files = records.filter(({ fileId }) => fileId !== undefined);
    expect(files).toHaveLength(270);
    for (const { fileId = [], dataSet: record } of files.slice(0, 20)) {
      const copy = decodePart10(await readFile(join(folder, "cd", ...fileId)));
      expect(copy.dataSet.string("SOPInstanceUID")).toBe(record.string("ReferencedSOPInstanceUIDInFile"));
    }
    expect((await isocenter("dicomdir", join(folder, "cd", "DICOMDIR"))).stdout).toContain(
      "PATIENT  DEMO-0001  Lindqvist^Astrid",
    );
  });

  it("takes a document out, and puts it in again", async () => {
    const documents = [];
    for (const name of (await filesBelow(patient(2))).filter((one) => one.endsWith(".dcm"))) {
      const { dataSet } = decodePart10(await readFile(name));
      if (dataSet.has("EncapsulatedDocument")) documents.push(name);
    }
    expect(documents).toHaveLength(1);
    expect((await isocenter("pdf", documents[0] ?? "", "-od", folder)).code).toBe(0);
    const [pdf = ""] = (await filesBelow(folder)).filter((name) => name.endsWith(".pdf"));
    expect((await readFile(pdf)).subarray(0, 5).toString()).toBe("%PDF-");
    expect(
      (
        await isocenter(
          "pdf",
          "--wrap",
          pdf,
          "--like",
          documents[0] ?? "",
          "-m",
          "DocumentTitle=Copy",
          "-od",
          join(folder, "back"),
        )
      ).code,
    ).toBe(0);
    const [back] = await readAll(join(folder, "back"));
    expect(back?.dataSet.string("PatientID")).toBe("DEMO-0002");
    expect(
      Buffer.from(back?.dataSet.bytes("EncapsulatedDocument") ?? [])
        .subarray(0, 5)
        .toString(),
    ).toBe("%PDF-");
  });
});
