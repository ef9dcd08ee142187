/** The matrix with dcmjs-dimse, in both its roles: also every N-service. */
import { join } from "node:path";
import { ModalityWorklistFind, StudyRootFind, Verification, worklistKeys } from "@isocenter/network";
import dcmjsDimse from "dcmjs-dimse";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { freePort, temporaryFolder } from "../support/processes.ts";
import {
  collect,
  context,
  demoFiles,
  type OurServer,
  sendFiles,
  startOurServer,
  withAssociation,
} from "./ours.ts";
import { studiesOf } from "./studies.ts";
import { cell, printMatrix } from "./table.ts";

const { Client, Dataset, Scp, Server, requests, responses, constants } = dcmjsDimse;
const { Status, PresentationContextResult } = constants;
const study = "DEMO-0004";
const filmSession = "1.2.840.10008.5.1.1.1";
const name = "dcmjs-dimse";

type DimseRequest = InstanceType<typeof requests.CEchoRequest>;
type DimseResponse = InstanceType<typeof responses.CEchoResponse>;

/** What the peer's SCP was asked, and instances it was sent. */
const asked: string[] = [];
const stored: string[] = [];

/** Accepts everything and answers success. */
class AcceptingScp extends Scp {
  override associationRequested(
    association: Parameters<InstanceType<typeof Scp>["associationRequested"]>[0],
  ) {
    for (const { id } of association.getPresentationContexts() as { id: number }[]) {
      const one = association.getPresentationContext(id);
      const [first] = one.getTransferSyntaxUids();
      one.setResult(PresentationContextResult.Accept, first);
    }
    this.sendAssociationAccept();
  }
  override cEchoRequest(
    request: InstanceType<typeof requests.CEchoRequest>,
    callback: (response: InstanceType<typeof responses.CEchoResponse>) => void,
  ) {
    callback(successTo(responses.CEchoResponse.fromRequest(request)));
  }
  override cStoreRequest(
    request: InstanceType<typeof requests.CStoreRequest>,
    callback: (response: InstanceType<typeof responses.CStoreResponse>) => void,
  ) {
    stored.push(request.getAffectedSopInstanceUid());
    callback(successTo(responses.CStoreResponse.fromRequest(request)));
  }
  override cFindRequest(
    request: InstanceType<typeof requests.CFindRequest>,
    callback: (all: InstanceType<typeof responses.CFindResponse>[]) => void,
  ) {
    const match = responses.CFindResponse.fromRequest(request);
    match.setStatus(Status.Pending);
    match.setDataset(new Dataset({ PatientID: "FOUND" }));
    callback([match, successTo(responses.CFindResponse.fromRequest(request))]);
  }
  override nCreateRequest(
    request: InstanceType<typeof requests.NCreateRequest>,
    callback: (response: InstanceType<typeof responses.NCreateResponse>) => void,
  ) {
    asked.push("N-CREATE");
    callback(successTo(responses.NCreateResponse.fromRequest(request)));
  }
  override nSetRequest(
    request: InstanceType<typeof requests.NSetRequest>,
    callback: (response: InstanceType<typeof responses.NSetResponse>) => void,
  ) {
    asked.push("N-SET");
    callback(successTo(responses.NSetResponse.fromRequest(request)));
  }
  override nGetRequest(
    request: InstanceType<typeof requests.NGetRequest>,
    callback: (response: InstanceType<typeof responses.NGetResponse>) => void,
  ) {
    asked.push("N-GET");
    const response = successTo(responses.NGetResponse.fromRequest(request));
    response.setDataset(new Dataset({ PatientID: "GOT" }));
    callback(response);
  }
  override nActionRequest(
    request: InstanceType<typeof requests.NActionRequest>,
    callback: (response: InstanceType<typeof responses.NActionResponse>) => void,
  ) {
    asked.push("N-ACTION");
    callback(successTo(responses.NActionResponse.fromRequest(request)));
  }
  override nDeleteRequest(
    request: InstanceType<typeof requests.NDeleteRequest>,
    callback: (response: InstanceType<typeof responses.NDeleteResponse>) => void,
  ) {
    asked.push("N-DELETE");
    callback(successTo(responses.NDeleteResponse.fromRequest(request)));
  }
  override nEventReportRequest(
    request: InstanceType<typeof requests.NEventReportRequest>,
    callback: (response: InstanceType<typeof responses.NEventReportResponse>) => void,
  ) {
    asked.push("N-EVENT-REPORT");
    callback(successTo(responses.NEventReportResponse.fromRequest(request)));
  }
  override associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

function successTo<T extends { setStatus(status: number): void }>(response: T): T {
  response.setStatus(Status.Success);
  return response;
}

describe("matrix with dcmjs-dimse", () => {
  let folder: { path: string; remove(): Promise<void> };
  let ours: OurServer;
  let theirs: InstanceType<typeof Server>;
  let theirPort: number;
  let files: string[];
  let studyUid: string;
  const target = () => ({ port: theirPort, aeTitle: "DCMJS" });

  beforeAll(async () => {
    dcmjsDimse.log.setLevel("silent");
    folder = await temporaryFolder();
    files = await demoFiles(study);
    [studyUid = ""] = await studiesOf(files);
    theirPort = await freePort();
    ours = await startOurServer(join(folder.path, "ours"), () => [
      { host: "127.0.0.1", port: theirPort, callingAeTitle: "ISOCENTER", calledAeTitle: "DCMJS" },
    ]);
    await sendFiles(ours, files);
    theirs = new Server(AcceptingScp);
    theirs.listen(theirPort);
  });
  afterAll(async () => {
    theirs.close();
    await ours[Symbol.asyncDispose]();
    await folder.remove();
    printMatrix(name);
  });

  /** Sends a request of theirs to us; the responses in order. */
  function send(request: DimseRequest, onStore?: (uid: string) => void): Promise<DimseResponse[]> {
    return new Promise((resolve, reject) => {
      const got: DimseResponse[] = [];
      const client = new Client();
      request.on("response", (response: DimseResponse) => void got.push(response));
      client.on("networkError", reject);
      client.on("associationRejected", () => reject(new Error("rejected")));
      client.on("closed", () => resolve(got));
      client.on(
        "cStoreRequest",
        (
          incoming: InstanceType<typeof requests.CStoreRequest>,
          callback: (response: InstanceType<typeof responses.CStoreResponse>) => void,
        ) => {
          onStore?.(incoming.getAffectedSopInstanceUid());
          callback(successTo(responses.CStoreResponse.fromRequest(incoming)));
        },
      );
      client.addRequest(request);
      client.send("127.0.0.1", ours.port, "DCMJS", "ISOCENTER");
    });
  }
  const final = (got: readonly DimseResponse[]): number => got.at(-1)?.getStatus() ?? -1;

  cell(name, "C-ECHO", "SCU", async () => {
    const { status } = await withAssociation(target(), [context(Verification)], (one) => one.echo());
    expect(status.code).toBe(0);
  });

  cell(name, "C-STORE", "SCU", async () => {
    const outcomes = await sendFiles(target(), files);
    expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(files.length);
    expect(stored).toHaveLength(files.length);
    return `${files.length} instances`;
  });

  cell(name, "C-FIND", "SCU", async () => {
    const matches = await withAssociation(target(), [context(StudyRootFind)], (one) =>
      collect(one.find(StudyRootFind, { QueryRetrieveLevel: "STUDY", PatientID: "" })),
    );
    expect(matches.map((match) => match.string("PatientID"))).toEqual(["FOUND"]);
  });

  cell(name, "Modality Worklist", "SCU", async () => {
    const entries = await withAssociation(target(), [context(ModalityWorklistFind)], (one) =>
      collect(one.find(ModalityWorklistFind, worklistKeys())),
    );
    expect(entries).toHaveLength(1);
  });

  cell(name, "all six N-services", "SCU", async () => {
    asked.length = 0;
    await withAssociation(target(), [context({ sopClassUid: filmSession })], async (one) => {
      await one.nCreate(filmSession, "1.2.1", { NumberOfCopies: "1" });
      await one.nSet(filmSession, "1.2.1", { NumberOfCopies: "2" });
      const { dataSet } = await one.nGet(filmSession, "1.2.1", [0x00100020]);
      expect(dataSet?.string("PatientID")).toBe("GOT");
      await one.nAction({ sopClassUid: filmSession, sopInstanceUid: "1.2.1", actionTypeId: 1 });
      await one.nEventReport({ sopClassUid: filmSession, sopInstanceUid: "1.2.1", eventTypeId: 1 });
      await one.nDelete(filmSession, "1.2.1");
    });
    expect(asked).toEqual(["N-CREATE", "N-SET", "N-GET", "N-ACTION", "N-EVENT-REPORT", "N-DELETE"]);
  });

  cell(name, "C-ECHO", "SCP", async () => {
    expect(final(await send(new requests.CEchoRequest()))).toBe(0);
  });

  cell(name, "C-STORE", "SCP", async () => {
    const [file = ""] = await demoFiles("DEMO-0001");
    const before = (await ours.archive.counts()).instances;
    expect(final(await send(new requests.CStoreRequest(file) as unknown as DimseRequest))).toBe(0);
    expect((await ours.archive.counts()).instances).toBe(before + 1);
  });

  cell(name, "C-FIND", "SCP", async () => {
    const request = requests.CFindRequest.createStudyFindRequest({ PatientID: study, StudyInstanceUID: "" });
    const got = await send(request);
    expect(final(got)).toBe(0);
    expect(got).toHaveLength(2);
    expect(got[0]?.getDataset()?.getElement("StudyInstanceUID")).toBe(studyUid);
  });

  cell(name, "Modality Worklist", "SCP", async () => {
    const got = await send(requests.CFindRequest.createWorklistFindRequest({ PatientName: "" }));
    expect(got).toHaveLength(2);
    expect(final(got)).toBe(0);
  });

  cell(name, "C-GET", "SCP", async () => {
    const uids: string[] = [];
    const got = await send(requests.CGetRequest.createStudyGetRequest(studyUid), (uid) => uids.push(uid));
    expect(final(got)).toBe(0);
    expect(uids).toHaveLength(files.length);
    return `${uids.length} instances`;
  });

  cell(name, "C-MOVE", "SCP", async () => {
    stored.length = 0;
    const got = await send(requests.CMoveRequest.createStudyMoveRequest("DCMJS", studyUid));
    expect(final(got)).toBe(0);
    expect(stored).toHaveLength(files.length);
    return `${stored.length} instances`;
  });

  cell(name, "all six N-services", "SCP", async () => {
    ours.normalized.length = 0;
    const { NCreateRequest, NSetRequest, NGetRequest, NActionRequest, NEventReportRequest, NDeleteRequest } =
      requests;
    for (const request of [
      new NCreateRequest(filmSession, "1.2.1"),
      new NSetRequest(filmSession, "1.2.1"),
      new NGetRequest(filmSession, "1.2.1", [0x00100020] as never),
      new NActionRequest(filmSession, "1.2.1", 1),
      new NEventReportRequest(filmSession, "1.2.1", 1),
      new NDeleteRequest(filmSession, "1.2.1"),
    ]) {
      expect(final(await send(request as unknown as DimseRequest))).toBe(0);
    }
    expect(ours.normalized.map(({ operation }) => operation)).toEqual([
      "N-CREATE",
      "N-SET",
      "N-GET",
      "N-ACTION",
      "N-EVENT-REPORT",
      "N-DELETE",
    ]);
  });
});
