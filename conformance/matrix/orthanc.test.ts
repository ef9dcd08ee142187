/** The matrix with Orthanc: its SCP and, by its REST API, its SCU. */
import { join } from "node:path";
import { DimsePeer } from "@isocenter/archive";
import {
  type CommitmentResult,
  commitmentContext,
  requestStorageCommitment,
  StudyRootFind,
  StudyRootMove,
  Verification,
} from "@isocenter/network";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { hasProgram, temporaryFolder, waitFor } from "../support/processes.ts";
import { type OrthancServer, orthancWith, startOrthanc } from "../support/servers.ts";
import {
  collect,
  context,
  demoFiles,
  type OurServer,
  sendFiles,
  startOurServer,
  withAssociation,
} from "./ours.ts";
import { instanceKeys, studiesOf } from "./studies.ts";
import { cell, printMatrix } from "./table.ts";

const study = "DEMO-0004";

describe.skipIf(!hasProgram("Orthanc"))("matrix with Orthanc", () => {
  let folder: { path: string; remove(): Promise<void> };
  let ours: OurServer;
  let orthanc: OrthancServer;
  let files: string[];
  let studyUid: string;

  const rest = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(
      `${orthanc.http}${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  /** Orthanc's jobs run on after the answer. */
  const job = async (path: string, body: unknown): Promise<void> => {
    const { ID } = (await rest(path, { ...(body as object), Asynchronous: true })) as { ID: string };
    await waitFor(`the job of ${path}`, async () => {
      const { State } = (await rest(`/jobs/${ID}`)) as { State: string };
      if (State === "Failure") throw new Error(`${path} failed`);
      return State === "Success";
    });
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    files = await demoFiles(study);
    ours = await startOurServer(join(folder.path, "ours"), () => [
      { host: "127.0.0.1", port: orthanc.port, callingAeTitle: "ISOCENTER", calledAeTitle: "ORTHANC" },
    ]);
    orthanc = await startOrthanc(join(folder.path, "orthanc"), orthancWith([ours]));
    studyUid = (await studiesOf(files))[0] ?? "";
  });
  afterAll(async () => {
    await orthanc.stop();
    await ours[Symbol.asyncDispose]();
    await folder.remove();
    printMatrix("Orthanc");
  });

  const name = "Orthanc";
  const peer = (): DimsePeer =>
    new DimsePeer({
      host: "127.0.0.1",
      port: orthanc.port,
      callingAeTitle: "ISOCENTER",
      calledAeTitle: "ORTHANC",
    });

  cell(name, "C-ECHO", "SCU", async () => {
    const { status } = await withAssociation(orthanc, [context(Verification)], (one) => one.echo());
    expect(status.code).toBe(0);
  });

  cell(name, "C-STORE", "SCU", async () => {
    const outcomes = await sendFiles(orthanc, files, { parallel: 4 });
    expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(files.length);
    return `${files.length} instances`;
  });

  cell(name, "C-FIND", "SCU", async () => {
    const keys = {
      QueryRetrieveLevel: "STUDY",
      PatientID: study,
      StudyInstanceUID: "",
      ModalitiesInStudy: "",
    };
    const [match] = await withAssociation(orthanc, [context(StudyRootFind)], (one) =>
      collect(one.find(StudyRootFind, keys)),
    );
    expect(match?.string("StudyInstanceUID")).toBe(studyUid);
    expect(match?.strings("ModalitiesInStudy")).toEqual(["MR"]);
  });

  cell(name, "C-GET", "SCU", async () => {
    const instances = await collect(peer().retrieve({ studyInstanceUid: studyUid }));
    expect(instances).toHaveLength(files.length);
    return `${instances.length} instances`;
  });

  cell(name, "C-MOVE to ourselves", "SCU", async () => {
    const before = (await ours.archive.counts()).instances;
    const result = await withAssociation(orthanc, [context(StudyRootMove)], (one) =>
      one.move(
        StudyRootMove,
        { QueryRetrieveLevel: "STUDY", StudyInstanceUID: studyUid },
        { destination: "ISOCENTER" },
      ),
    );
    expect(result.failed ?? 0).toBe(0);
    expect((await ours.archive.counts()).instances - before).toBe(files.length);
    return `${files.length} instances`;
  });

  cell(name, "storage commitment, reported on a new association", "SCU", async () => {
    const instances = await collect(ours.archive.find({ level: "IMAGE", keys: instanceKeys(studyUid) }));
    const references = instances.map((one) => ({
      sopClassUid: one.string("SOPClassUID") ?? "",
      sopInstanceUid: one.string("SOPInstanceUID") ?? "",
    }));
    const lost = { sopClassUid: "1.2.840.10008.5.1.4.1.1.4", sopInstanceUid: "1.2.3.4.5" };
    const transactionUid = await withAssociation(orthanc, [commitmentContext], (one) =>
      requestStorageCommitment(one, [...references, lost]),
    );
    await waitFor("the report", async () => ours.commitments.length > 0);
    const [result] = ours.commitments as CommitmentResult[];
    expect(result?.transactionUid).toBe(transactionUid);
    expect(result?.committed).toHaveLength(files.length);
    expect(result?.failed).toEqual([{ ...lost, reason: 0x0112 }]);
    return `${files.length} committed, 1 not`;
  });

  cell(name, "C-ECHO", "SCP", async () => {
    await rest("/modalities/isocenter/echo", {});
  });

  cell(name, "C-FIND", "SCP", async () => {
    const { ID } = (await rest("/modalities/isocenter/query", {
      Level: "Study",
      Query: { PatientID: study, StudyInstanceUID: "" },
    })) as { ID: string };
    const answers = (await rest(`/queries/${ID}/answers`)) as string[];
    expect(answers).toHaveLength(1);
    const content = (await rest(`/queries/${ID}/answers/0/content?simplify`)) as Record<string, string>;
    expect(content["StudyInstanceUID"]).toBe(studyUid);
  });

  cell(name, "C-STORE", "SCP", async () => {
    const [id] = (await rest("/studies")) as string[];
    await ours.archive.delete?.({ studyInstanceUid: studyUid });
    await job("/modalities/isocenter/store", { Resources: [id] });
    const found = await collect(ours.archive.find({ level: "IMAGE", keys: instanceKeys(studyUid) }));
    expect(found).toHaveLength(files.length);
    return `${files.length} instances`;
  });

  cell(name, "C-MOVE, sending back to Orthanc", "SCP", async () => {
    const [id] = (await rest("/studies")) as string[];
    await fetch(`${orthanc.http}/studies/${id}`, { method: "DELETE" });
    const { ID } = (await rest("/modalities/isocenter/query", {
      Level: "Study",
      Query: { StudyInstanceUID: studyUid },
    })) as { ID: string };
    await job(`/queries/${ID}/retrieve`, { TargetAet: "ORTHANC" });
    const { CountInstances } = (await rest("/statistics")) as { CountInstances: number };
    expect(CountInstances).toBe(files.length);
    return `${files.length} instances`;
  });

  cell(name, "storage commitment, reported on a new association", "SCP", async () => {
    const [id] = (await rest("/studies")) as string[];
    const { ID } = (await rest("/modalities/isocenter/storage-commitment", {
      Resources: [id],
      DicomInstances: [["1.2.840.10008.5.1.4.1.1.4", "1.2.3.4.5"]],
    })) as { ID: string };
    let report: { Status: string; Success?: unknown[]; Failures?: unknown[] } = { Status: "Pending" };
    await waitFor("Orthanc's report", async () => {
      report = (await rest(`/storage-commitment/${ID}`)) as typeof report;
      return report.Status !== "Pending";
    });
    expect(report.Success).toHaveLength(files.length);
    expect(report.Failures).toHaveLength(1);
    return `${files.length} committed, 1 not`;
  });
});
