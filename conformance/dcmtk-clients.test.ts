/** DCMTK's echoscu, storescu and findscu against `isocenter serve`, with stock sockets and with TCP_NODELAY=1. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10 } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoFolder, hasProgram, run, temporaryFolder, waitFor } from "./support/processes.ts";
import { type IsocenterServer, startIsocenter } from "./support/servers.ts";

describe.skipIf(!hasProgram("storescu")).each([
  ["stock sockets", {}],
  ["TCP_NODELAY=1", { TCP_NODELAY: "1" }],
] as const)("DCMTK clients with %s", (_name, env) => {
  let folder: { path: string; remove(): Promise<void> };
  let server: IsocenterServer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startIsocenter(folder.path);
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });
  const peer = () => ["-aec", server.aeTitle, "127.0.0.1", String(server.port)];

  it("echoscu is answered", async () => {
    const { code, stderr } = await run("echoscu", peer(), env);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("echoscu with another called AE title is rejected by name", async () => {
    const { code, stderr, stdout } = await run(
      "echoscu",
      ["-aec", "isocenter", "127.0.0.1", String(server.port)],
      env,
    );
    expect(code).not.toBe(0);
    expect(stderr + stdout).toContain("Called AE Title Not Recognized");
  });

  it("storescu sends all 270 demo files, which are kept byte for byte", async () => {
    // One call per transfer syntax: storescu proposes what it is told to. --required, because the classes it proposes by
    // itself lack newer ones.
    for (const [proposal, files] of await filesByProposal()) {
      const { code, stderr, stdout } = await run(
        "storescu",
        ["--required", ...proposal, ...peer(), ...files],
        env,
      );
      expect(code, stderr + stdout).toBe(0);
    }
    const counts = ((await (await fetch(`${server.http}/api/about`)).json()) as { counts: object }).counts;
    expect(counts).toMatchObject({ patients: 8, studies: 9, series: 16, instances: 270 });
    // What is acknowledged is durable; its file takes its place in the tree a moment later.
    const objects = join(folder.path, "objects");
    await waitFor("every file", async () => (await dcmFiles(objects)).length === 270);
    const kept = new Map<string, Buffer>();
    for (const path of await dcmFiles(objects)) kept.set(sopUidOf(path), await readFile(path));
    for (const path of await dcmFiles(demoFolder)) {
      const original = await readFile(path);
      const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(original);
      const stored = kept.get(dataSet.string("SOPInstanceUID") ?? "");
      const read = stored === undefined ? undefined : decodePart10(stored);
      expect(read?.transferSyntaxUid).toBe(transferSyntaxUid);
      const pixels = (bytes: Buffer, offset: number): Buffer => bytes.subarray(offset);
      // storescu writes sequences with explicit lengths and no group lengths, so whole files may differ; the elements may not.
      if (
        stored !== undefined &&
        read !== undefined &&
        pixels(stored, read.dataSetOffset).length === pixels(original, dataSetOffset).length
      ) {
        expect(pixels(stored, read.dataSetOffset).equals(pixels(original, dataSetOffset))).toBe(true);
      } else {
        expect(read?.dataSet.size).toBe(dataSet.size);
      }
    }
  });

  it("findscu finds by name prefix, date range and modality", async () => {
    const find = async (...keys: string[]): Promise<number> => {
      const args = ["-S", ...peer(), "-k", "QueryRetrieveLevel=STUDY", ...keys.flatMap((key) => ["-k", key])];
      const { code, stdout, stderr } = await run("findscu", args, env);
      expect(code, stderr).toBe(0);
      return (stdout + stderr).match(/Find Response: \d+ \(Pending\)/g)?.length ?? 0;
    };
    expect(await find("PatientName=lind*")).toBe(1);
    expect(await find("StudyDate=20261118-20261119")).toBe(3);
    expect(await find("ModalitiesInStudy=MR", "StudyInstanceUID")).toBe(3);
    expect(await find("PatientID=NOBODY")).toBe(0);
    expect(await find("PatientName=nov?k*")).toBe(2);
  });

  it("storing the same files again is accepted and changes nothing", async () => {
    const [first] = await filesByProposal();
    const [proposal, files] = first ?? [[], []];
    const { code } = await run("storescu", ["--required", ...proposal, ...peer(), ...files.slice(0, 3)], env);
    expect(code).toBe(0);
    const { counts } = (await (await fetch(`${server.http}/api/about`)).json()) as {
      counts: { instances: number };
    };
    expect(counts.instances).toBe(270);
  });
});

async function dcmFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.(md|tsv|txt)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

const sopUidOf = (path: string): string => (path.split("/").at(-1) ?? "").replace(/\.dcm$/, "");

/** storescu's option that proposes each file's own transfer syntax. */
const proposals: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.2": "-xi",
  "1.2.840.10008.1.2.1": "-xe",
  "1.2.840.10008.1.2.4.50": "-xy",
  "1.2.840.10008.1.2.4.70": "-xs",
  "1.2.840.10008.1.2.4.80": "-xt",
  "1.2.840.10008.1.2.4.81": "-xu",
  "1.2.840.10008.1.2.4.90": "-xv",
  "1.2.840.10008.1.2.4.91": "-xw",
};

async function filesByProposal(): Promise<[string[], string[]][]> {
  const groups = new Map<string, string[]>();
  for (const path of await dcmFiles(demoFolder)) {
    const { transferSyntaxUid } = decodePart10(await readFile(path));
    const option = proposals[transferSyntaxUid] ?? "-x=";
    groups.set(option, [...(groups.get(option) ?? []), path]);
  }
  return [...groups].map(([option, files]) => [[option], files]);
}
