/** `isocenter find`, `get` and `store` at a DICOMweb service: our own server, with the demo hospital. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, dataSetsBelow, isocenter } from "./support/cli-peers.ts";
import { demoFolder, freePort, temporaryFolder } from "./support/processes.ts";
import { type IsocenterServer, startIsocenter } from "./support/servers.ts";

let folder: { path: string; remove(): Promise<void> };
let server: IsocenterServer;
let web: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startIsocenter(join(folder.path, "data"), { demo: true });
  web = `dicomweb:${server.http}/dicom-web`;
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const lines = (text: string): Record<string, { Value?: unknown[] }>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, { Value?: unknown[] }>);

/** The values of a key, one for each match. */
async function found(key: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await isocenter("find", ...args, "--json");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return lines(stdout)
    .map((match) => String(match[key]?.Value?.[0]))
    .sort();
}

const [patientId, studyUid, seriesUid] = ["00100020", "0020000D", "0020000E"] as const;

describe("find", () => {
  it.each([
    ["all studies", [], studyUid],
    ["patients", ["-L", "PATIENT"], patientId],
    ["studies by a wildcard", ["-k", "PatientID=DEMO-000*"], studyUid],
    ["studies of a time", ["-k", "StudyDate=20200101-"], studyUid],
    ["series by modality", ["-L", "SERIES", "-k", "Modality=CT"], seriesUid],
  ] as const)("%s: the same as over C-FIND", async (_what, keys, key) => {
    const over = await found(key, web, ...keys);
    expect(over).not.toEqual([]);
    // Relational queries are not everyone's: ours answers them.
    expect(over).toEqual(await found(key, at(server), ...keys));
  });

  it("shows the same table, and stops at the limit", async () => {
    const table = await isocenter("find", web, "-k", "PatientID=DEMO-0007", "--table");
    const other = await isocenter("find", at(server), "-k", "PatientID=DEMO-0007", "--table");
    expect(table.stdout).toBe(other.stdout);
    expect(table.stdout).toContain("1 match");
    expect(await found(studyUid, web, "-n", "2")).toHaveLength(2);
  });

  it("no match is a success", async () => {
    expect(await isocenter("find", web, "-k", "PatientID=NOBODY", "--table")).toMatchObject({
      code: 0,
      stdout: "no match\n",
    });
  });
});

describe("get", () => {
  it.each([
    ["a patient by the ID", ["-k", "PatientID=DEMO-0007"]],
    ["a patient at the patient's level", ["-P", "-L", "PATIENT", "-k", "PatientID=DEMO-0007"]],
    ["series by modality", ["-k", "PatientID=DEMO-0005", "-k", "Modality=CT"]],
  ] as const)("%s: the same files as over C-GET, byte for byte", async (what, keys) => {
    const [over, dimse] = ["web", "dimse"].map((name) => join(folder.path, `${what} ${name}`)) as [
      string,
      string,
    ];
    const result = await isocenter("get", web, ...keys, "-od", over);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect((await isocenter("get", at(server), ...keys, "-od", dimse)).code).toBe(0);
    const [ours, theirs] = [await dataSetsBelow(over), await dataSetsBelow(dimse)];
    expect(ours.size).toBeGreaterThan(0);
    expect(result.stdout).toMatch(new RegExp(`^${ours.size} received, `));
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [uid, file] of ours) expect(file.bytes.equals(theirs.get(uid)?.bytes as Buffer)).toBe(true);
  });

  it("one series, and one instance, by their UIDs, with a line of JSON for each", async () => {
    const [study = ""] = await found(studyUid, web, "-k", "PatientID=DEMO-0007");
    const ofStudy = ["-k", `StudyInstanceUID=${study}`];
    const [series = ""] = await found(seriesUid, web, "-L", "SERIES", ...ofStudy);
    const ofSeries = [...ofStudy, "-k", `SeriesInstanceUID=${series}`];
    const [instance = ""] = await found("00080018", web, "-L", "IMAGE", ...ofSeries);
    const out = join(folder.path, "one");
    const one = await isocenter(
      "get",
      web,
      ...ofSeries,
      "-k",
      `SOPInstanceUID=${instance}`,
      "-od",
      out,
      "--json",
    );
    expect(one.code).toBe(0);
    expect(lines(one.stdout)).toMatchObject([
      { kind: "stored", sopInstanceUid: instance },
      { kind: "result", completed: 1, failed: 0 },
    ]);
    expect((await isocenter("get", web, ...ofSeries, "-od", out, "--duplicates", "keep")).code).toBe(0);
  });

  it("what is not there is a failure that says so", async () => {
    const { code, stderr } = await isocenter("get", web, "-k", "StudyInstanceUID=1.2.3", "-od", folder.path);
    expect(stderr).toBe("Nothing matches the keys.\n");
    expect(code).toBe(1);
  });
});

describe("store", () => {
  it("a folder: what is in it can be found, and what is no DICOM is skipped", async () => {
    const empty = await startIsocenter(join(folder.path, "empty"));
    try {
      const source = join(demoFolder, "DEMO-0007");
      const to = `dicomweb:${empty.http}/dicom-web`;
      const count = (await dataSetsBelow(source)).size;
      const first = await isocenter("store", to, source, "--json");
      expect(first).toMatchObject({ code: 0, stderr: "" });
      expect(lines(first.stdout)).toHaveLength(count);
      expect(lines(first.stdout)[0]).toMatchObject({ kind: "stored", status: "0000" });
      expect(await isocenter("store", to, source)).toMatchObject({ code: 0, stdout: `${count} stored\n` });
      expect(await found(patientId, to)).toEqual(["DEMO-0007"]);
      const others = join(folder.path, "others");
      await mkdir(others);
      await writeFile(join(others, "notes.txt"), "no DICOM");
      const nothing = await isocenter("store", to, others);
      expect(nothing.code).toBe(1);
      expect(nothing.stdout).toBe("0 stored, 1 not DICOM, skipped\n");
    } finally {
      await empty.stop();
    }
  });

  it("in another syntax, where one is named", async () => {
    const empty = await startIsocenter(join(folder.path, "plain"));
    try {
      const to = `dicomweb:${empty.http}/dicom-web`;
      expect((await isocenter("store", to, join(demoFolder, "DEMO-0007"), "-xe")).code).toBe(0);
      const out = join(folder.path, "plain-out");
      expect((await isocenter("get", to, "-k", "PatientID=DEMO-0007", "-od", out)).code).toBe(0);
      const syntaxes = [...(await dataSetsBelow(out)).values()].map((file) => file.transferSyntaxUid);
      expect(new Set(syntaxes)).toEqual(new Set(["1.2.840.10008.1.2.1"]));
    } finally {
      await empty.stop();
    }
  });
});

it("a peer of the file, and -v, which tells no keys", async () => {
  const config = join(folder.path, "peers.json");
  await writeFile(config, "{}");
  const root = `${server.http}/dicom-web`;
  expect((await isocenter("peers", "add", "demo", `dicomweb:${root}`, "--config", config)).stdout).toContain(
    root,
  );
  expect((await isocenter("peers", "--config", config)).stdout).toContain(root);
  const { code, stdout, stderr } = await isocenter(
    "find",
    "demo",
    "--config",
    config,
    "-k",
    "PatientID=DEMO-0007",
    "-v",
  );
  expect(code).toBe(0);
  expect(lines(stdout)).toHaveLength(1);
  expect(stderr).toMatch(/^GET \/dicom-web\/studies: 20\d in \d+ ms\n$/);
  const echo = await isocenter("echo", "demo", "--config", config);
  expect(echo.code).toBe(2);
  expect(echo.stderr).toContain('"demo" is a DICOMweb service, which find, get and store take');
});

it("sends the token of the file or the environment, and says what is missing without", async () => {
  const asked: (string | undefined)[] = [];
  const closed = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.statusCode = request.headers.authorization === "Bearer open sesame" ? 204 : 401;
    response.end();
  });
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const to = `dicomweb:http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  const token = join(folder.path, "token");
  await writeFile(token, "open sesame\n");
  try {
    expect((await isocenter("find", to, "--token-file", token)).code).toBe(0);
    const refused = await isocenter("find", to);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/\[web-login-refused\]\n {2}Give a token with --token-file/);
    expect(asked).toEqual(["Bearer open sesame", undefined]);
  } finally {
    closed.closeAllConnections();
    await new Promise((resolve) => closed.close(resolve));
  }
});

it("a service that is not there is told as a peer that is not", async () => {
  const to = `dicomweb:http://127.0.0.1:${await freePort()}`;
  for (const args of [
    ["find", to],
    ["get", to, "-k", "StudyInstanceUID=1.2", "-od", join(folder.path, "nowhere")],
    ["store", to, join(demoFolder, "DEMO-0007")],
  ]) {
    const { code, stderr } = await isocenter(...args);
    expect(stderr).toMatch(/\[web-unreachable\]\n {2}Check the URL/);
    expect(code).toBe(3);
  }
  expect(await readdir(join(folder.path, "nowhere"))).toEqual([]);
});

it.each([
  [["find", "dicomweb:ftp://h"], /no URL of a DICOMweb service/],
  [["find", "dicomweb:http://a:b@h/x"], /A login does not belong into the URL/],
  [["find", "dicomweb:http://h", "-aec", "PACS"], /--call means nothing at a DICOMweb service/],
  [["find", "dicomweb:http://h", "-xe"], /--syntax means nothing/],
  [["find", "dicomweb:http://h", "-W"], /-W and -O mean nothing/],
  [["find", "dicomweb:http://h", "--tls-ca", "x"], /NODE_EXTRA_CA_CERTS/],
  [["store", "dicomweb:http://h", "--parallel", "4", "."], /--parallel means nothing/],
  [["find", "A@127.0.0.1:1", "--token-file", "x"], /--token-file is for DICOMweb/],
  [["move", "dicomweb:http://h", "-k", "PatientID=1"], /needs a DICOM peer/],
])("%j is a usage error", async (args, words) => {
  const { code, stderr } = await isocenter(...args);
  expect(stderr).toMatch(words);
  expect(code).toBe(2);
});
