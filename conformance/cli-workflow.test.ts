/**
 * `isocenter worklist` against DCMTK's wlmscpfs, `mpps` against a manager made with dcmjs-dimse, `commit` against Orthanc
 * and against an archive that answers on the same association.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataSet, encodePart10, TransferSyntax } from "@isocenter/dicom";
import { CommitmentFailure, storageCommitmentService } from "@isocenter/network";
import { listenTcp } from "@isocenter/network/node";
import dcmjsDimse from "dcmjs-dimse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, dataSetsBelow, isocenter } from "./support/cli-peers.ts";
import { demoFolder, freePort, hasProgram, start, temporaryFolder, waitFor } from "./support/processes.ts";
import { accepts, type DicomServer, orthancWith, startOrthanc } from "./support/servers.ts";

let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** What the demo hospital has scheduled: two CT and one MR, on two days. */
const scheduled = [
  ["A1", "CT", "CT1", "20260105", "Lindqvist^Astrid"],
  ["A2", "CT", "CT2", "20260105", "Novák^Petr"],
  ["A3", "MR", "MR1", "20260106", "Haddad^Leila"],
] as const;

describe.skipIf(!hasProgram("wlmscpfs"))("isocenter worklist against wlmscpfs", () => {
  let server: DicomServer;
  beforeAll(async () => {
    const items = join(folder.path, "worklists", "RIS");
    await mkdir(items, { recursive: true });
    await writeFile(join(items, "lockfile"), "");
    for (const [accession, modality, station, date, name] of scheduled) {
      const dataSet = DataSet.of({
        SpecificCharacterSet: "ISO_IR 100",
        AccessionNumber: accession,
        PatientName: name,
        PatientID: `P-${accession}`,
        PatientBirthDate: "19700101",
        PatientSex: "O",
        StudyInstanceUID: `1.2.3.${accession.slice(1)}`,
        RequestedProcedureID: `RP${accession}`,
        RequestedProcedureDescription: `${modality} of something`,
        ScheduledProcedureStepSequence: [
          {
            Modality: modality,
            ScheduledStationAETitle: station,
            ScheduledProcedureStepStartDate: date,
            ScheduledProcedureStepStartTime: "090000",
            ScheduledPerformingPhysicianName: "",
            ScheduledProcedureStepDescription: "Step",
            ScheduledProcedureStepID: `SPS${accession}`,
          },
        ],
      });
      const file = { dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian };
      const withClass = dataSet.merge(
        DataSet.of({
          SOPClassUID: "1.2.276.0.7230010.3.1.0.1",
          SOPInstanceUID: `1.2.4.${accession.slice(1)}`,
        }),
      );
      await writeFile(join(items, `${accession}.wl`), encodePart10({ ...file, dataSet: withClass }));
    }
    const port = await freePort();
    const running = start("wlmscpfs", ["-dfp", join(folder.path, "worklists"), String(port)], {
      TCP_NODELAY: "1",
    });
    await waitFor("wlmscpfs", () => accepts(port));
    server = { ...running, aeTitle: "RIS", port };
  });
  afterAll(() => server.stop());

  const accessions = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await isocenter("worklist", at(server), ...args, "--json");
    expect(code, stderr).toBe(0);
    const items = stdout.split("\n").filter((line) => line !== "");
    return items
      .map((line) =>
        String((JSON.parse(line) as Record<string, { Value?: unknown[] }>)["00080050"]?.Value?.[0]),
      )
      .sort();
  };

  it.each([
    [
      ["--date", "any"],
      ["A1", "A2", "A3"],
    ],
    [
      ["--date", "any", "--modality", "CT"],
      ["A1", "A2"],
    ],
    [["--date", "20260106"], ["A3"]],
    [["--date", "2026-01-01-2026-01-05", "--station", "CT2"], ["A2"]],
    [["--date", "any", "--patient-name", "Lind*"], ["A1"]],
    [["--date", "any", "-k", "ScheduledProcedureStepSequence[0].ScheduledStationAETitle=MR1"], ["A3"]],
    [["--date", "any", "--station", "me", "-aet", "CT1"], ["A1"]],
    [["--date", "tomorrow"], []],
  ])("%j finds %j", async (args, expected) => {
    expect(await accessions(...args)).toEqual(expected);
  });

  it("find -W with nested keys asks the same", async () => {
    const keys = [
      "-k",
      "ScheduledProcedureStepSequence[0].Modality=MR",
      "-k",
      "(0040,0100)[0].ScheduledProcedureStepStartDate",
    ];
    const { stdout } = await isocenter("find", "-W", at(server), ...keys, "--json");
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(stdout).toContain("Haddad");
  });

  it("shows a table with what is inside the step", async () => {
    const { stdout } = await isocenter("worklist", at(server), "--date", "20260106", "--table");
    expect(stdout).toMatch(/Date +Time +Modality +Station/);
    expect(stdout).toMatch(/20260106 +090000 +MR +MR1 +P-A3 +Haddad\^Leila/);
    expect(stdout).toMatch(/1 match/);
  });

  it("a step begins with an item and ends with its images, at a manager of another make", async () => {
    const manager = await startManager();
    const item = join(folder.path, "item.json");
    const { stdout } = await isocenter(
      "worklist",
      at(server),
      "--date",
      "any",
      "--accession",
      "A3",
      "--json",
    );
    await writeFile(item, stdout);
    const peer = `MANAGER@127.0.0.1:${manager.port}`;
    const begun = await isocenter("mpps", "begin", peer, "--item", item, "-aet", "MR1", "--step-id", "S1");
    expect(begun.code, begun.stderr).toBe(0);
    const uid = begun.stdout.trim();
    expect(uid).toMatch(/^2\.25\.\d+$/);
    const done = await isocenter("mpps", "complete", peer, "--uid", uid, join(demoFolder, "DEMO-0005"));
    expect(done.code, done.stderr).toBe(0);
    const gone = await isocenter(
      "mpps",
      "discontinue",
      peer,
      "--uid",
      "1.2.3",
      "--reason",
      "110514^DCM^Incorrect worklist entry selected",
    );
    manager.close();
    const [created, completed] = manager.requests;
    expect(created).toMatchObject({
      uid,
      elements: {
        PerformedProcedureStepID: "S1",
        PerformedStationAETitle: "MR1",
        PerformedProcedureStepStatus: "IN PROGRESS",
        Modality: "MR",
        PatientID: "P-A3",
      },
    });
    const attributes = created?.elements["ScheduledStepAttributesSequence"] as Record<string, unknown>[];
    expect(attributes[0]).toMatchObject({
      AccessionNumber: "A3",
      StudyInstanceUID: "1.2.3.3",
      ScheduledProcedureStepID: "SPSA3",
    });
    expect(completed).toMatchObject({ uid, elements: { PerformedProcedureStepStatus: "COMPLETED" } });
    const series = completed?.elements["PerformedSeriesSequence"] as Record<string, unknown[]>[];
    const images = series.flatMap((one) => one["ReferencedImageSequence"] ?? []);
    const others = series.flatMap((one) => one["ReferencedNonImageCompositeSOPInstanceSequence"] ?? []);
    expect(images).toHaveLength(5);
    expect(others).toHaveLength(1);
    // The manager does not know that step.
    expect(gone.code).toBe(3);
    expect(gone.stderr).toMatch(/0112H/);
  });
});

interface ManagedRequest {
  readonly uid: string;
  readonly elements: Record<string, unknown>;
}

async function startManager(): Promise<{ port: number; requests: ManagedRequest[]; close(): void }> {
  const { Scp, Server, constants, responses } = dcmjsDimse;
  const requests: ManagedRequest[] = [];
  class Manager extends Scp {
    override associationRequested(association: dcmjsDimse.association.Association): void {
      for (const { id } of association.getPresentationContexts()) {
        const context = association.getPresentationContext(id);
        context.setResult(constants.PresentationContextResult.Accept, "1.2.840.10008.1.2");
      }
      this.sendAssociationAccept();
    }
    override nCreateRequest(
      request: dcmjsDimse.requests.NCreateRequest,
      callback: (response: dcmjsDimse.responses.NCreateResponse) => void,
    ): void {
      requests.push({
        uid: request.getAffectedSopInstanceUid(),
        elements: request.getDataset()?.getElements() ?? {},
      });
      const response = responses.NCreateResponse.fromRequest(request);
      response.setStatus(constants.Status.Success);
      callback(response);
    }
    override nSetRequest(
      request: dcmjsDimse.requests.NSetRequest,
      callback: (response: dcmjsDimse.responses.NSetResponse) => void,
    ): void {
      const uid = request.getRequestedSopInstanceUid();
      const response = responses.NSetResponse.fromRequest(request);
      const isKnown = requests.some((one) => one.uid === uid);
      if (isKnown) requests.push({ uid, elements: request.getDataset()?.getElements() ?? {} });
      response.setStatus(isKnown ? constants.Status.Success : 0x0112);
      callback(response);
    }
    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }
  }
  dcmjsDimse.log.setLevel("silent");
  const port = await freePort();
  const server = new Server(Manager);
  server.listen(port);
  await waitFor("the manager", () => accepts(port));
  return { port, requests, close: () => server.close() };
}

describe.skipIf(!hasProgram("Orthanc"))(
  "isocenter commit against Orthanc, which answers on a connection of its own",
  () => {
    let orthanc: DicomServer;
    let ownPort: number;
    beforeAll(async () => {
      ownPort = await freePort();
      orthanc = await startOrthanc(
        join(folder.path, "orthanc"),
        orthancWith([{ aeTitle: "OURS", port: ownPort }]),
      );
      expect((await isocenter("store", at(orthanc), join(demoFolder, "DEMO-0005"))).code).toBe(0);
    });
    afterAll(() => orthanc.stop());
    const here = () => ["-aet", "OURS", "+P", String(ownPort)];

    it("says that all is committed", async () => {
      const { code, stdout, stderr } = await isocenter(
        "commit",
        at(orthanc),
        ...here(),
        join(demoFolder, "DEMO-0005"),
      );
      expect(stdout, stderr).toBe("6 committed\n");
      expect(code).toBe(0);
    });

    it("says what is not, and fails", async () => {
      const missing = "1.2.840.10008.5.1.4.1.1.2=1.2.3.4.5";
      const { code, stdout } = await isocenter(
        "commit",
        at(orthanc),
        ...here(),
        "--uid",
        missing,
        "--json",
        join(demoFolder, "DEMO-0005"),
      );
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        committed: 6,
        failed: [{ sopInstanceUid: "1.2.3.4.5", reason: "the archive does not have it" }],
      });
    });

    it("fails when no answer comes in time, with the advice to listen", async () => {
      const { code, stderr } = await isocenter(
        "commit",
        at(orthanc),
        "-aet",
        "OURS",
        "--wait",
        "2",
        "--uid",
        "1.2.3=1.2.4",
      );
      expect(code).toBe(1);
      expect(stderr).toMatch(/\+P PORT/);
    });
  },
);

it("isocenter commit takes the answer on the same association", async () => {
  const known = await dataSetsBelow(join(demoFolder, "DEMO-0003"));
  await using archive = await listenTcp(0, {
    aeTitle: "ARCHIVE",
    services: {
      normalized: [
        storageCommitmentService({
          commit: (instances) =>
            Promise.resolve(
              instances
                .filter(({ sopInstanceUid }) => !known.has(sopInstanceUid))
                .map((one) => ({ ...one, reason: CommitmentFailure.NoSuchObjectInstance })),
            ),
          deliver: () => Promise.reject(new Error("no other way")),
          onError: (error) => {
            throw error;
          },
        }),
      ],
    },
  });
  const peer = `ARCHIVE@127.0.0.1:${archive.port}`;
  const all = await isocenter("commit", peer, join(demoFolder, "DEMO-0003"));
  expect(all.stdout, all.stderr).toBe("16 committed\n");
  expect(all.code).toBe(0);
  const some = await isocenter("commit", peer, join(demoFolder, "DEMO-0003"), join(demoFolder, "DEMO-0008"));
  expect(some.stdout).toBe("16 committed, 1 not\n");
  expect(some.code).toBe(1);
});

it("peers are added, listed, used by name and removed", async () => {
  const config = join(folder.path, "peers.json");
  const peers = (...args: string[]) => isocenter("peers", ...args, "--config", config);
  expect((await peers("add", "pacs", "PACS@pacs.example.org:104", "-aet", "WS1")).code).toBe(0);
  expect((await peers("add", "pacs", "OTHER@pacs.example.org:105")).code).toBe(2);
  expect((await peers("list")).stdout).toMatch(/pacs +PACS +pacs\.example\.org:104 +WS1/);
  const closed = await freePort();
  await peers("add", "near", `NEAR@127.0.0.1:${closed}`);
  const { code, stderr } = await isocenter("echo", "near", "--config", config);
  expect(code).toBe(3);
  expect(stderr).toContain(`127.0.0.1:${closed}`);
  expect((await peers("remove", "near")).code).toBe(0);
  const gone = await isocenter("echo", "near", "--config", config);
  expect(gone.code).toBe(2);
  expect(gone.stderr).toMatch(/Known are pacs/);
});
