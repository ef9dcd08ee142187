/** DCMTK's clients against `isocenter receive` and `isocenter qr`. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10, TransferSyntax } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  at,
  dataSetsBelow,
  dcmtkPeer,
  isocenter,
  startListener,
  type StoredFile,
} from "./support/cli-peers.ts";
import {
  demoFolder,
  freePort,
  hasProgram,
  isocenterBin,
  run,
  start,
  temporaryFolder,
  waitFor,
} from "./support/processes.ts";
import { accepts, type DicomServer } from "./support/servers.ts";

/** storescu's option that proposes each file's own transfer syntax. */
const proposals: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.2": "-xi",
  "1.2.840.10008.1.2.1": "-xe",
  "1.2.840.10008.1.2.4.50": "-xy",
  "1.2.840.10008.1.2.4.70": "-xs",
  "1.2.840.10008.1.2.4.80": "-xt",
  "1.2.840.10008.1.2.4.90": "-xv",
};

let folder: { path: string; remove(): Promise<void> };
let demo: Map<string, StoredFile>;
beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await dataSetsBelow(demoFolder);
});
afterAll(() => folder.remove());

/** Our own files that DCMTK re-encodes on the way (sequence lengths) are compared by their elements. */
function expectSame(received: StoredFile | undefined, original: StoredFile | undefined): void {
  expect(received?.transferSyntaxUid).toBe(original?.transferSyntaxUid);
  if (received === undefined || original === undefined || received.bytes.equals(original.bytes)) return;
  const [a, b] = [received, original].map(({ bytes, transferSyntaxUid }) =>
    decodePart10(Buffer.concat([metaOf(transferSyntaxUid), bytes])),
  );
  expect([...(a?.dataSet ?? [])].map(({ tag }) => tag)).toEqual(
    [...(b?.dataSet ?? [])].map(({ tag }) => tag),
  );
  expect(a?.dataSet.element(0x7fe00010)?.length).toBe(b?.dataSet.element(0x7fe00010)?.length);
}

function metaOf(transferSyntaxUid: string): Buffer {
  const value = Buffer.from(
    transferSyntaxUid.length % 2 === 0 ? transferSyntaxUid : `${transferSyntaxUid}\0`,
  );
  const element = Buffer.concat([Buffer.from([2, 0, 0x10, 0]), Buffer.from("UI"), Buffer.alloc(2), value]);
  element.writeUInt16LE(value.length, 6);
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), element]);
}

describe.skipIf(!hasProgram("storescu"))("isocenter receive", () => {
  let server: DicomServer;
  beforeAll(async () => {
    server = await startListener("receive", (port) => [
      port,
      "-aet",
      "ISOCENTER",
      "--allow-aet",
      "SCANNER1",
      "--allow-aet",
      "STORESCU",
      "--allow-aet",
      "ECHOSCU",
      "-od",
      join(folder.path, "in"),
    ]);
  });
  afterAll(() => server.stop());

  it("answers echoscu", async () => {
    expect((await run("echoscu", dcmtkPeer(server))).code).toBe(0);
  });

  it("rejects another called title and an unknown caller, each by its name", async () => {
    const called = await run("echoscu", ["-aec", "OTHER", "127.0.0.1", String(server.port)]);
    expect(called.stderr + called.stdout).toContain("Called AE Title Not Recognized");
    const calling = await run("echoscu", ["-aet", "STRANGER", ...dcmtkPeer(server)]);
    expect(calling.stderr + calling.stdout).toContain("Calling AE Title Not Recognized");
  });

  it("takes all 270 demo files from storescu in their own syntaxes", async () => {
    for (const [uid, option] of Object.entries(proposals)) {
      const files = [...demo.values()]
        .filter((file) => file.transferSyntaxUid === uid)
        .map(({ path }) => path);
      if (files.length === 0) continue;
      const { code, stderr } = await run("storescu", ["--required", option, ...dcmtkPeer(server), ...files], {
        TCP_NODELAY: "1",
      });
      expect(code, `${option}: ${stderr}`).toBe(0);
    }
    const received = await dataSetsBelow(join(folder.path, "in"));
    expect([...received.keys()].sort()).toEqual([...demo.keys()].sort());
    for (const [uid, file] of received) {
      expect(file.path.endsWith(`/${uid}.dcm`)).toBe(true);
      expectSame(file, demo.get(uid));
    }
  });

  it("leaves no unfinished file behind", async () => {
    expect((await readdir(join(folder.path, "in"))).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe.skipIf(!hasProgram("storescu"))("isocenter receive with options", () => {
  const [oneFile] = ["DEMO-0003"].map((patient) => join(demoFolder, patient));

  it("writes a folder per study, and numbers duplicates when told to keep both", async () => {
    const out = join(folder.path, "by-study");
    const server = await startListener("receive", (port) => [
      port,
      "-od",
      out,
      "-su",
      "ST",
      "--duplicates",
      "both",
    ]);
    const send = () => isocenter("store", at(server), oneFile ?? "");
    expect((await send()).code).toBe(0);
    expect((await send()).code).toBe(0);
    await server.stop();
    const studies = await readdir(out);
    expect(studies).toHaveLength(1);
    expect(studies[0]).toMatch(/^ST_2\.25\.\d+$/);
    const names = await readdir(join(out, studies[0] ?? ""));
    expect(names.filter((name) => /^2\.25\.\d+\.dcm$/.test(name))).toHaveLength(16);
    expect(names.filter((name) => /^2\.25\.\d+-2\.dcm$/.test(name))).toHaveLength(16);
  });

  it("takes only the syntaxes that it is told, and the sender transcodes", async () => {
    const out = join(folder.path, "implicit");
    const server = await startListener("receive", (port) => [port, "-od", out, "+xi"]);
    const sent = await isocenter("store", at(server), oneFile ?? "");
    await server.stop();
    expect(sent.stdout, sent.stderr).toMatch(/^16 stored/);
    const received = [...(await dataSetsBelow(out)).values()];
    expect(received).toHaveLength(16);
    for (const file of received) expect(file.transferSyntaxUid).toBe(TransferSyntax.ImplicitVRLittleEndian);
  });

  it("stops by itself after the number that was asked for, telling each as JSON", async () => {
    const port = await freePort();
    const receiver = start(process.execPath, [
      isocenterBin,
      "receive",
      String(port),
      "-od",
      join(folder.path, "limited"),
      "-n",
      "16",
      "--json",
    ]);
    const closed = new Promise((resolve) => receiver.child.once("close", resolve));
    await waitFor("receive", () => Promise.resolve(receiver.output().includes("Ctrl+C")));
    expect((await isocenter("store", `127.0.0.1:${port}`, oneFile ?? "")).code).toBe(0);
    await closed;
    expect(receiver.child.exitCode).toBe(0);
    const lines = receiver
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    expect(lines).toHaveLength(16);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      kind: "stored",
      transferSyntaxUid: "1.2.840.10008.1.2.4.80",
    });
  });

  it("refuses to be reached by everybody without a word of who may", async () => {
    const { code, stderr } = await isocenter("receive", "0.0.0.0:0", "-od", folder.path);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--allow-aet/);
  });
});

describe.skipIf(!hasProgram("findscu"))("isocenter qr over plain files", () => {
  let server: DicomServer;
  let movePort: number;
  beforeAll(async () => {
    movePort = await freePort();
    server = await startListener("qr", (port) => [
      port,
      demoFolder,
      "--read-only",
      "--destination",
      `MOVESCU@127.0.0.1:${movePort}`,
    ]);
  });
  afterAll(() => server.stop());

  const find = async (model: string, level: string, ...keys: string[]): Promise<string[]> => {
    const args = [
      model,
      ...dcmtkPeer(server),
      "-k",
      `QueryRetrieveLevel=${level}`,
      ...keys.flatMap((key) => ["-k", key]),
    ];
    const { code, stdout, stderr } = await run("findscu", args, { TCP_NODELAY: "1" });
    expect(code, stderr).toBe(0);
    return (
      (stdout + stderr).match(/Find Response: \d+ \(Pending\)[^]*?(?=Find Response|I: Received|$)/g) ?? []
    );
  };

  it.each([
    ["a name's prefix without regard to case", "-S", "STUDY", ["PatientName=lind*"], 1],
    ["a name's accents left out", "-S", "STUDY", ["PatientName=Novak*"], 2],
    ["an ideographic name", "-S", "STUDY", ["SpecificCharacterSet=ISO_IR 192", "PatientName=*田中*"], 1],
    ["a range of dates", "-S", "STUDY", ["StudyDate=20261118-20261119"], 3],
    ["an open range of dates", "-S", "STUDY", ["StudyDate=20261121-"], 2],
    ["a modality of the study", "-S", "STUDY", ["ModalitiesInStudy=MR"], 3],
    ["patients", "-P", "PATIENT", ["PatientID", "NumberOfPatientRelatedStudies"], 8],
    ["nothing", "-S", "STUDY", ["PatientID=NOBODY"], 0],
    ["the series of all studies", "-S", "SERIES", ["Modality", "SeriesInstanceUID"], 16],
  ])("finds %s", async (_what, model, level, keys, count) => {
    expect(await find(model, level, ...keys)).toHaveLength(count);
  });

  const studyOf = async (patient: string): Promise<string> => {
    const { stdout } = await isocenter("find", at(server), "-k", `PatientID=${patient}`, "--json");
    const [line = "{}"] = stdout.split("\n");
    return String((JSON.parse(line) as Record<string, { Value?: unknown[] }>)["0020000D"]?.Value?.[0]);
  };

  it("gives getscu a study", async () => {
    const out = join(folder.path, "getscu");
    await mkdir(out);
    const keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", `StudyInstanceUID=${await studyOf("DEMO-0003")}`];
    // JPEG-LS, as the study is stored.
    const { code, stderr } = await run("getscu", ["-S", "+xt", ...dcmtkPeer(server), ...keys, "-od", out]);
    expect(code, stderr).toBe(0);
    const received = await dataSetsBelow(out);
    expect(received.size).toBe(16);
    for (const [uid, file] of received) expectSame(file, demo.get(uid));
  });

  it("moves a study to movescu's own port", async () => {
    const out = join(folder.path, "movescu");
    await mkdir(out);
    const keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", `StudyInstanceUID=${await studyOf("DEMO-0005")}`];
    const own = ["-aet", "MOVESCU", "-aem", "MOVESCU", "+P", String(movePort), "+xa"];
    const { code, stderr } = await run("movescu", ["-S", ...own, ...dcmtkPeer(server), ...keys, "-od", out]);
    expect(code, stderr).toBe(0);
    expect((await dataSetsBelow(out)).size).toBe(6);
    expect(await accepts(movePort)).toBe(false);
  });

  it("does not move to a stranger", async () => {
    const keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", `StudyInstanceUID=${await studyOf("DEMO-0005")}`];
    const { stdout, stderr } = await run("movescu", [
      "-v",
      "-S",
      "-aem",
      "NOWHERE",
      ...dcmtkPeer(server),
      ...keys,
    ]);
    expect(stdout + stderr).toMatch(/MoveDestinationUnknown|0xa801/i);
  });

  it("lets get end in order at Ctrl+C: C-CANCEL, release, exit code 130, no unfinished file", async () => {
    const out = join(folder.path, "interrupted");
    const all = ["-k", "PatientID=*", "-od", out, "-v"];
    const running = start(process.execPath, [isocenterBin, "get", at(server), ...all]);
    const closed = new Promise((resolve) => running.child.once("close", resolve));
    await waitFor("the first instance", () => Promise.resolve(running.output().includes("C-STORE-RSP")));
    running.child.kill("SIGINT");
    await closed;
    expect(running.child.exitCode).toBe(130);
    expect(running.output()).toMatch(/interrupted/);
    expect(running.output()).toMatch(/The association was released/);
    const files = await readdir(out);
    expect(files.filter((one) => one.startsWith("."))).toEqual([]);
    expect(files.length).toBeLessThan(demo.size);
  });

  it("takes nothing in when it is read-only", async () => {
    const { code, stdout } = await isocenter("store", at(server), join(demoFolder, "DEMO-0008"));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^0 stored, 1 failed/);
  });
});

describe.skipIf(!hasProgram("storescu"))("isocenter qr that may store", () => {
  it.each([
    ["plain files", []],
    ["an archive", ["--archive"]],
  ])("finds at once what it took: %s", async (name, more) => {
    const data = join(folder.path, `qr ${name}`);
    const server = await startListener("qr", (port) => [port, data, ...more]);
    const sent = await isocenter("store", at(server), join(demoFolder, "DEMO-0004"));
    expect(sent.stdout, sent.stderr).toMatch(/^20 stored/);
    const found = await isocenter("find", at(server), "-L", "SERIES", "-k", "StudyInstanceUID", "--json");
    expect(found.stdout.trim().split("\n")).toHaveLength(1);
    const out = join(folder.path, `got ${name}`);
    const got = await isocenter("get", at(server), "-k", "PatientName=tanaka*", "-od", out);
    expect(got.code, got.stderr).toBe(0);
    const files = await dataSetsBelow(out);
    expect(files.size).toBe(20);
    for (const [uid, file] of files)
      expect(file.bytes.equals(demo.get(uid)?.bytes ?? Buffer.alloc(0))).toBe(true);
    await server.stop();
    // What it kept is there for the next start.
    const again = await startListener("qr", (port) => [port, data]);
    expect((await isocenter("find", at(again), "--json")).stdout.trim().split("\n")).toHaveLength(1);
    await again.stop();
  });
});

it("a received file begins with a preamble and names who sent it", async () => {
  const out = join(folder.path, "meta");
  const server = await startListener("receive", (port) => [port, "-od", out]);
  const image = [...demo.values()][0];
  expect((await isocenter("store", at(server), "-aet", "SENDER", image?.path ?? "")).code).toBe(0);
  await server.stop();
  const [name = ""] = await readdir(out);
  const { meta } = decodePart10(await readFile(join(out, name)));
  expect(meta.string("SourceApplicationEntityTitle")).toBe("SENDER");
  expect(meta.string("MediaStorageSOPInstanceUID")).toBe(name.replace(/\.dcm$/, ""));
});
