/** What is received, on disk: names, bytes, duplicates, and nothing half. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet, decodePart10, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileNames, safePart, studyPattern } from "./file-names.ts";
import { type DuplicatePolicy, IncomingFolder } from "./incoming-folder.ts";

const header = DataSet.of({
  PatientID: "A/../B",
  StudyInstanceUID: "1.2.3",
  Modality: "CT",
  StudyDate: "20260101",
});
const instance = { sopInstanceUid: "1.2.3.4", sopClassUid: "1.2.840.10008.5.1.4.1.1.2", header };

describe("file names", () => {
  it("are made of keywords and what stands between", () => {
    expect(new FileNames("{StudyDate}/{Modality}-{SOPInstanceUID}.dcm").nameOf(instance)).toBe(
      "20260101/CT-1.2.3.4.dcm",
    );
  });

  it("look into the data set only when they must", () => {
    expect(new FileNames("{SOPClassUID}/{SOPInstanceUID}").needsHeader).toBe(false);
    expect(new FileNames("{PatientID}/{SOPInstanceUID}").needsHeader).toBe(true);
  });

  it.each(["../../etc/passwd", "/etc/passwd", "..", ".", "a\0b", "a/b", "C:\\x", ".hidden", "a\nb", "…", ""])(
    "a hostile value %j stays a part of a name",
    (value) => {
      const part = safePart(value);
      expect(part).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
      expect(part.length).toBeLessThanOrEqual(96);
    },
  );

  it("two values that would become one name stay two", () => {
    expect(safePart("a/b")).not.toBe(safePart("a_b"));
    expect(safePart("x".repeat(200))).not.toBe(safePart("x".repeat(201)));
  });

  it("a study keeps the folder of its first instance", () => {
    const names = new FileNames(studyPattern("ST", "arrival"));
    const [first, second] = [
      names.nameOf(instance),
      names.nameOf({ ...instance, sopInstanceUid: "1.2.3.5" }),
    ];
    expect(first).toMatch(/^ST_\d{8}_\d{6}\.\d{3}\/1\.2\.3\.4\.dcm$/);
    expect(second.split("/")[0]).toBe(first.split("/")[0]);
  });

  it.each([
    ["{PatientNam}/{SOPInstanceUID}", /is not a DICOM keyword/],
    ["../{SOPInstanceUID}", /below the output folder/],
    ["/tmp/{SOPInstanceUID}", /below the output folder/],
    ["a//{SOPInstanceUID}", /below the output folder/],
    ["{PatientID}.dcm", /needs \{SOPInstanceUID\}/],
  ])("the pattern %s is refused", (pattern, words) => {
    expect(() => new FileNames(pattern)).toThrow(words);
  });
});

describe("a folder that receives", () => {
  let root: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "isocenter-incoming-"));
    folder = join(root, "in");
  });
  afterEach(() => rm(root, { recursive: true }));

  const opened = (duplicates: DuplicatePolicy = "replace", pattern = "{SOPInstanceUID}.dcm") =>
    IncomingFolder.open({ folder, pattern, duplicates, durable: true });
  const bytesOf = (uid: string, size = 100) =>
    encodeDataSet(
      DataSet.of({
        SOPInstanceUID: uid,
        PatientID: "4711",
        StudyInstanceUID: "1.2.3",
        PixelData: { vr: "OW", value: new Uint8Array(size).fill(7) },
      }),
      TransferSyntax.ExplicitVRLittleEndian,
    );
  async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += size) {
      await Promise.resolve();
      yield bytes.subarray(at, at + size);
    }
  }
  const incoming = (sopInstanceUid: string) => ({
    sopClassUid: "1.2.840.10008.5.1.4.1.1.2",
    sopInstanceUid,
    transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian,
    sourceAeTitle: "SCANNER",
  });

  it.each([100, 3 << 20])(
    "writes the data set byte for byte behind its meta: %d bytes of pixels",
    async (size) => {
      await using here = await opened();
      const bytes = bytesOf("1.2.3.4", size);
      const arrival = await here.take(incoming("1.2.3.4"), inPieces(bytes, 65_530));
      expect(arrival).toMatchObject({ kind: "stored", path: join(folder, "1.2.3.4.dcm") });
      const file = await readFile(arrival.path);
      expect(file.byteLength).toBe(arrival.bytes);
      const { dataSetOffset, meta } = decodePart10(file);
      expect(file.subarray(dataSetOffset).equals(bytes)).toBe(true);
      expect(meta.string("SourceApplicationEntityTitle")).toBe("SCANNER");
    },
  );

  it("names by the data set, in folders that it makes", async () => {
    await using here = await opened("replace", "{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm");
    const { path } = await here.take(incoming("1.2.3.4"), inPieces(bytesOf("1.2.3.4"), 10));
    expect(path).toBe(join(folder, "4711", "1.2.3", "1.2.3.4.dcm"));
  });

  it.each([
    ["replace", "replaced", 1, "new"],
    ["keep", "kept", 1, "old"],
    ["refuse", "refused", 1, "old"],
    ["both", "stored", 2, "old"],
  ] as const)("with --duplicates %s the second is %s", async (policy, kind, count, left) => {
    await using here = await opened(policy);
    await here.take(incoming("1.2.3.4"), inPieces(bytesOf("1.2.3.4", 100), 50));
    const second = await here.take(incoming("1.2.3.4"), inPieces(bytesOf("1.2.3.4", 200), 50));
    expect(second.kind).toBe(kind);
    expect(await readdir(folder)).toHaveLength(count);
    const { size } = { size: (await readFile(join(folder, "1.2.3.4.dcm"))).byteLength };
    expect(size === second.bytes).toBe(left === "new");
  });

  it("leaves nothing of an instance that broke off", async () => {
    await using here = await opened();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* inPieces(bytesOf("1.2.3.4", 2 << 20), 65_536);
      throw new Error("the connection broke");
    }
    await expect(here.take(incoming("1.2.3.4"), broken())).rejects.toThrow("the connection broke");
    expect(await readdir(folder)).toEqual([]);
  });

  it("clears what a dead process left, and not what is another's", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, ".incoming-999999999-x.part"), "half");
    await writeFile(join(folder, `.incoming-${process.ppid}-x.part`), "of a living one");
    await writeFile(join(folder, "other.dcm"), "mine");
    await using _ = await opened();
    expect((await readdir(folder)).sort()).toEqual([`.incoming-${process.ppid}-x.part`, "other.dcm"]);
  });

  it("takes many at a time, each whole", async () => {
    await using here = await opened("both");
    const uids = Array.from({ length: 40 }, (_, index) => `1.2.3.${index % 20}`);
    await Promise.all(uids.map((uid) => here.take(incoming(uid), inPieces(bytesOf(uid, 30_000), 999))));
    const names = await readdir(folder);
    expect(names).toHaveLength(40);
    for (const name of names)
      expect(decodePart10(await readFile(join(folder, name))).dataSet.has(0x7fe00010)).toBe(true);
  });
});
