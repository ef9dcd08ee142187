/** Our echo, store and find against DCMTK's storescp and dcmqrscp and against Orthanc. */
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
import {
  type DicomServer,
  type OrthancServer,
  startDcmqrscp,
  startOrthanc,
  startStorescp,
} from "./support/servers.ts";

const isocenter = (...args: string[]): Promise<Result> => run(process.execPath, [isocenterBin, ...args]);
const at = (server: DicomServer): string[] => [`127.0.0.1:${server.port}`, "-aec", server.aeTitle];

describe.skipIf(!hasProgram("storescp")).each([
  ["stock sockets", {}],
  ["TCP_NODELAY=1", { TCP_NODELAY: "1" }],
] as const)("DCMTK servers with %s", (_name, env) => {
  let folder: { path: string; remove(): Promise<void> };
  let storescp: DicomServer;
  let dcmqrscp: DicomServer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    storescp = await startStorescp(join(folder.path, "storescp"), env);
    dcmqrscp = await startDcmqrscp(join(folder.path, "qr"), env);
  });
  afterAll(async () => {
    await storescp.stop();
    await dcmqrscp.stop();
    await folder.remove();
  });

  it("storescp answers echo", async () => {
    const { code, stdout } = await isocenter("echo", ...at(storescp), "-v");
    expect(code).toBe(0);
    expect(stdout).toContain("OFFIS_DCMTK");
  });

  it("storescp takes all 270 demo files as they are", async () => {
    const { code, stdout, stderr } = await isocenter("store", ...at(storescp), demoFolder);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^270 stored/);
    expect(code).toBe(0);
    expect(await readdir(join(folder.path, "storescp"))).toHaveLength(270);
  });

  it("dcmqrscp takes a study and finds it again", async () => {
    const study = join(demoFolder, "DEMO-0004");
    const stored = await isocenter("store", ...at(dcmqrscp), study);
    expect(stored.code, stored.stderr).toBe(0);
    const found = await isocenter("find", ...at(dcmqrscp), "-k", "PatientID=DEMO-0004", "--json");
    expect(found.code, found.stderr).toBe(0);
    const matches = found.stdout.trim().split("\n");
    expect(matches).toHaveLength(1);
    expect(
      (JSON.parse(matches[0] ?? "{}") as Record<string, { Value?: unknown[] }>)["00100020"]?.Value,
    ).toEqual(["DEMO-0004"]);
  });
});

describe.skipIf(!hasProgram("Orthanc"))("Orthanc", () => {
  let folder: { path: string; remove(): Promise<void> };
  let orthanc: OrthancServer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    orthanc = await startOrthanc(folder.path);
  });
  afterAll(async () => {
    await orthanc.stop();
    await folder.remove();
  });

  it("answers echo, takes all 270 demo files and finds the nine studies", async () => {
    expect((await isocenter("echo", ...at(orthanc))).code).toBe(0);
    const stored = await isocenter("store", ...at(orthanc), demoFolder);
    expect(stored.stdout, stored.stderr).toMatch(/^270 stored/);
    const statistics = (await (await fetch(`${orthanc.http}/statistics`)).json()) as {
      CountInstances: number;
    };
    expect(statistics.CountInstances).toBe(270);
    const found = await isocenter("find", ...at(orthanc), "--json");
    expect(found.stdout.trim().split("\n")).toHaveLength(9);
  });

  it("rejects another called AE title, and the command says so", async () => {
    const { code, stderr } = await isocenter("echo", `127.0.0.1:${orthanc.port}`, "-aec", "orthanc2");
    expect(code).toBe(3);
    expect(stderr).toContain('does not go by the called AE title "orthanc2"');
  });

  it("an HTTP port is recognised and named", async () => {
    const { code, stderr } = await isocenter(
      "echo",
      `127.0.0.1:${new URL(orthanc.http).port}`,
      "-aec",
      "ORTHANC",
    );
    expect(code).toBe(3);
    expect(stderr).toMatch(/speaks HTTP|closed the connection/);
  });
});
