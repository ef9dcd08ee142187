/** `isocenter find`, `get`, `move` and `store` against DCMTK's dcmqrscp and Orthanc. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10 } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, dataSetsBelow, isocenter, startListener, type StoredFile } from "./support/cli-peers.ts";
import { demoFolder, freePort, hasProgram, temporaryFolder } from "./support/processes.ts";
import { type DicomServer, nodelay, orthancWith, startDcmqrscp, startOrthanc } from "./support/servers.ts";

let folder: { path: string; remove(): Promise<void> };
let demo: Map<string, StoredFile>;
/** A third party that moves go to. */
let third: DicomServer;
/** Where we listen ourselves. */
let ownPort: number;
beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await dataSetsBelow(demoFolder);
  ownPort = await freePort();
  third = await startListener(
    "receive",
    (port) => [port, "-od", join(folder.path, "third"), "-aet", "THIRD"],
    "THIRD",
  );
});
afterAll(async () => {
  await third.stop();
  await folder.remove();
});

const destinations = () => [
  { aeTitle: "THIRD", port: third.port },
  { aeTitle: "OURS", port: ownPort },
];
const studyUid = (patient: string): string => {
  const file = [...demo.values()].find(({ path }) => path.includes(`/${patient}/`));
  return uids.get(file?.path ?? "") ?? "";
};
const uids = new Map<string, string>();
beforeAll(async () => {
  for (const { path } of demo.values())
    uids.set(path, decodePart10(await readFile(path)).dataSet.string("StudyInstanceUID") ?? "");
});

interface Peer {
  readonly name: string;
  readonly program: string;
  readonly start: () => Promise<DicomServer>;
  /** How the studies are stored at it. */
  readonly storeOptions: readonly string[];
  readonly patients: readonly [string, number][];
}

const peers: readonly Peer[] = [
  {
    // It moves uncompressed instances as a rule, so that is what it gets.
    name: "dcmqrscp",
    program: "dcmqrscp",
    start: () => startDcmqrscp(join(folder.path, "qrscp"), nodelay, destinations(), []),
    storeOptions: ["-xe"],
    patients: [
      ["DEMO-0002", 31],
      ["DEMO-0005", 6],
    ],
  },
  {
    name: "Orthanc",
    program: "Orthanc",
    start: () => startOrthanc(join(folder.path, "orthanc"), orthancWith(destinations())),
    storeOptions: [],
    patients: [
      ["DEMO-0004", 20],
      ["DEMO-0005", 6],
      ["DEMO-0003", 16],
    ],
  },
];

/** The syntax that an instance was sent in. */
const sentSyntax = (uid: string, { storeOptions }: Peer): string | undefined =>
  storeOptions.includes("-xe") ? "1.2.840.10008.1.2.1" : demo.get(uid)?.transferSyntaxUid;

describe.each(peers)("$name", (about) => {
  const { name, program, start: startPeer, storeOptions, patients } = about;
  describe.skipIf(!hasProgram(program))("as a PACS", () => {
    let peer: DicomServer;
    beforeAll(async () => {
      peer = await startPeer();
      for (const [patient, count] of patients) {
        const { stdout, stderr } = await isocenter(
          "store",
          at(peer),
          join(demoFolder, patient),
          ...storeOptions,
        );
        expect(stdout, stderr).toMatch(new RegExp(`^${count} stored`));
      }
    });
    afterAll(() => peer.stop());

    it.each(patients)("get brings every instance of %s as it was sent", async (patient, count) => {
      const out = join(folder.path, `${name} get ${patient}`);
      const { code, stdout, stderr } = await isocenter(
        "get",
        at(peer),
        "-k",
        `StudyInstanceUID=${studyUid(patient)}`,
        "-od",
        out,
      );
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(new RegExp(`^${count} received`));
      const files = await dataSetsBelow(out);
      expect(files.size).toBe(count);
      for (const [uid, file] of files) {
        expect(demo.has(uid)).toBe(true);
        expect(file.transferSyntaxUid).toBe(sentSyntax(uid, about));
      }
    });

    it("get resolves a modality and a name to series, and names files by a pattern", async () => {
      const out = join(folder.path, `${name} series`);
      const { code, stderr } = await isocenter(
        "get",
        at(peer),
        "-k",
        "PatientName=Silva*",
        "-k",
        "Modality=CT",
        "--name",
        "{PatientID}/{Modality}/{SOPInstanceUID}.dcm",
        "-od",
        out,
      );
      expect(code, stderr).toBe(0);
      expect(await readdir(join(out, "DEMO-0005"))).toEqual(["CT"]);
      expect(await readdir(join(out, "DEMO-0005", "CT"))).toHaveLength(3);
    });

    it("get takes another syntax when it is told to", async () => {
      const out = join(folder.path, `${name} implicit`);
      const keys = ["-k", `StudyInstanceUID=${studyUid("DEMO-0005")}`];
      const { code, stderr } = await isocenter("get", at(peer), ...keys, "-xi", "-od", out);
      expect(code, stderr).toBe(0);
      const files = await dataSetsBelow(out);
      expect(files.size).toBe(6);
      for (const { transferSyntaxUid } of files.values()) expect(transferSyntaxUid).toBe("1.2.840.10008.1.2");
    });

    it("move sends to a third party", async () => {
      const keys = ["-k", `StudyInstanceUID=${studyUid("DEMO-0005")}`];
      const { code, stdout, stderr } = await isocenter("move", at(peer), "-aem", "THIRD", ...keys);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/6 completed/);
      expect((await dataSetsBelow(join(folder.path, "third"))).size).toBe(6);
    });

    it("move +P receives here", async () => {
      const out = join(folder.path, `${name} move`);
      const [patient, count] = patients[0] ?? ["", 0];
      const here = ["-aet", "OURS", "+P", String(ownPort), "-od", out];
      const { code, stdout, stderr } = await isocenter(
        "move",
        at(peer),
        ...here,
        "-k",
        `PatientID=${patient}`,
      );
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(new RegExp(`^${count} received`));
      const files = await dataSetsBelow(out);
      expect(files.size).toBe(count);
      for (const [uid, file] of files) expect(file.transferSyntaxUid).toBe(sentSyntax(uid, about));
    });

    it("move to a title that the peer does not know fails by name, with a hint", async () => {
      const keys = ["-k", `StudyInstanceUID=${studyUid("DEMO-0005")}`];
      const { code, stderr } = await isocenter("move", at(peer), "-aem", "NOWHERE", ...keys);
      expect(code).toBe(3);
      expect(stderr).toMatch(/A801H|C-MOVE/);
      expect(stderr).not.toContain("DEMO-0005");
    });

    it("find stops at the limit with C-CANCEL, and the association goes on", async () => {
      const { code, stdout, stderr } = await isocenter("find", at(peer), "-n", "1", "--json", "-v");
      expect(code, stderr).toBe(0);
      expect(stdout.trim().split("\n")).toHaveLength(1);
      expect(stderr).toContain("C-CANCEL-RQ");
      expect(stderr).toContain("The association was released.");
    });

    it("-d hides what may identify a patient, and --show-phi shows it", async () => {
      const hidden = await isocenter("find", at(peer), "-k", "PatientName=Silva*", "-d");
      expect(hidden.stderr).toContain("# PatientName");
      expect(hidden.stderr).not.toMatch(/Silva|DEMO-0005/);
      const shown = await isocenter("find", at(peer), "-k", "PatientName=Silva*", "-d", "--show-phi");
      expect(shown.stderr).toMatch(/Silva\^Mariana/);
    });
  });
});

describe.skipIf(!hasProgram("dcmqrscp"))(
  "a peer that sends a class in the first context it accepted for it",
  () => {
    it("gives compressed and plain instances all the same", async () => {
      const peer = await startDcmqrscp(join(folder.path, "qrscp-jpeg"), nodelay, [], ["+xs"]);
      expect((await isocenter("store", at(peer), join(demoFolder, "DEMO-0002"))).stdout).toMatch(
        /^31 stored/,
      );
      const out = join(folder.path, "from-qrscp-jpeg");
      const { code, stderr } = await isocenter("get", at(peer), "-k", "PatientID=DEMO-0002", "-od", out);
      await peer.stop();
      expect(code, stderr).toBe(0);
      const files = [...(await dataSetsBelow(out)).values()];
      expect(files).toHaveLength(31);
      const jpeg = files.filter(({ transferSyntaxUid }) => transferSyntaxUid === "1.2.840.10008.1.2.4.70");
      expect(jpeg.length).toBeGreaterThanOrEqual(28);
    });
  },
);
