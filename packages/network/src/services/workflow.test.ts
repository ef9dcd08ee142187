/** Storage commitment (PS3.4 J), MPPS (PS3.4 F.7) and worklist keys (PS3.4 K) in both roles. */
import { DataSet } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { serveAssociation } from "../acceptor.ts";
import { associateOver } from "../association.ts";
import { deferred } from "../deferred.ts";
import { memoryPair } from "../memory/index.ts";
import { collect, openPair } from "../test/pair.ts";
import { ModalityWorklistFind } from "./models.ts";
import {
  beginPerformedStep,
  endOfStep,
  mppsContext,
  mppsService,
  type PerformedStepStore,
  performedStepOf,
  setPerformedStep,
} from "./mpps.ts";
import {
  CommitmentFailure,
  type CommitmentResult,
  commitmentContext,
  commitmentReportContext,
  commitmentResultService,
  reportStorageCommitment,
  requestStorageCommitment,
  type StorageCommitmentOptions,
  storageCommitmentService,
} from "./storage-commitment.ts";
import type { Services } from "./types.ts";
import { worklistKeys } from "./worklist.ts";

const instances = [
  { sopClassUid: "1.2.840.10008.5.1.4.1.1.2", sopInstanceUid: "1.2.1" },
  { sopClassUid: "1.2.840.10008.5.1.4.1.1.2", sopInstanceUid: "1.2.2" },
];
const lost = { ...instances[1]!, reason: CommitmentFailure.NoSuchObjectInstance };

const archive = (more: Partial<StorageCommitmentOptions> = {}): Services => ({
  normalized: [
    storageCommitmentService({
      commit: async () => [lost],
      deliver: async () => {
        throw new Error("nowhere to deliver");
      },
      onError: (error) => {
        throw error;
      },
      ...more,
    }),
  ],
});

describe("storage commitment", () => {
  it("answers on the same association what is safe and what is not", async () => {
    const result = deferred<CommitmentResult>();
    await using pair = await openPair(
      { services: archive() },
      {
        contexts: [commitmentContext],
        services: { normalized: [commitmentResultService((got) => result.resolve(got))] },
      },
    );
    const transactionUid = await requestStorageCommitment(pair.association, instances);
    expect(await result.promise).toEqual({ transactionUid, committed: [instances[0]], failed: [lost] });
  });

  it("opens an association of its own when the requestor has gone", async () => {
    const result = deferred<CommitmentResult>();
    const committing = deferred<void>();
    const deliver: StorageCommitmentOptions["deliver"] = async (report, to) => {
      expect(to).toEqual({ aeTitle: "SCU", from: "SCP" });
      const [ours, theirs] = memoryPair();
      serveAssociation(theirs, {
        aeTitle: "SCU",
        services: { normalized: [commitmentResultService((got) => result.resolve(got))] },
      });
      const back = await associateOver(ours, {
        callingAeTitle: to.from,
        calledAeTitle: to.aeTitle,
        contexts: [commitmentReportContext],
      });
      expect(back.accepted.contexts[0]?.requestorRoles.scp).toBe(true);
      await reportStorageCommitment(back, report);
      await back.release();
    };
    const services = archive({
      deliver,
      commit: async () => {
        await committing.promise;
        return [];
      },
    });
    const pair = await openPair({ services }, { contexts: [commitmentContext] });
    await requestStorageCommitment(pair.association, instances, { transactionUid: "1.2.77" });
    await pair.association.release();
    await pair.served.closed;
    committing.resolve();
    expect(await result.promise).toEqual({ transactionUid: "1.2.77", committed: instances, failed: [] });
  });

  it("hands a result that cannot be delivered to whoever tries again", async () => {
    const failed = deferred<unknown>();
    const services = archive({ onError: (error, request) => failed.resolve([error, request]) });
    const pair = await openPair({ services }, { contexts: [commitmentContext] });
    await requestStorageCommitment(pair.association, instances, { transactionUid: "1.2.77" });
    pair.association.abort();
    expect(await failed.promise).toMatchObject([
      { message: "nowhere to deliver" },
      { transactionUid: "1.2.77", instances, callingAeTitle: "SCU" },
    ]);
  });

  it("refuses a request without instances, and another action or instance", async () => {
    await using pair = await openPair({ services: archive() }, { contexts: [commitmentContext] });
    const { association } = pair;
    await expect(requestStorageCommitment(association, [])).rejects.toMatchObject({
      status: { code: 0x0120 },
    });
    const sopClassUid = commitmentContext.abstractSyntaxUid;
    await expect(
      association.nAction({ sopClassUid, sopInstanceUid: "1.2.840.10008.1.20.1.1", actionTypeId: 9 }),
    ).rejects.toMatchObject({ status: { code: 0x0123 } });
    await expect(
      association.nAction({ sopClassUid, sopInstanceUid: "1.2.3", actionTypeId: 1 }),
    ).rejects.toMatchObject({ status: { code: 0x0112 } });
  });
});

describe("performed procedure steps", () => {
  const item = DataSet.of({
    StudyInstanceUID: "1.2.5",
    AccessionNumber: "A1",
    PatientName: "Muster^Erika",
    SpecificCharacterSet: "ISO_IR 100",
    RequestedProcedureID: "RP1",
    ScheduledProcedureStepSequence: [
      { ScheduledProcedureStepID: "S1", ScheduledProcedureStepDescription: "CT Thorax" },
    ],
  });
  const begun = performedStepOf(item, {
    stepId: "P1",
    aeTitle: "CT1",
    modality: "CT",
    startDate: "20260102",
    startTime: "101500",
  });
  const series = [{ SeriesInstanceUID: "1.2.6", ReferencedImageSequence: [] }];
  const end = endOfStep("COMPLETED", { date: "20260102", time: "103000", series });

  function manager() {
    const steps = new Map<string, DataSet>();
    const store: PerformedStepStore = {
      get: async (uid) => steps.get(uid),
      put: async (uid, step) => void steps.set(uid, step),
    };
    return { steps, services: { normalized: [mppsService(store)] } };
  }

  it("carry what was ordered from the worklist item", () => {
    const [scheduled] = begun.items("ScheduledStepAttributesSequence");
    expect(scheduled?.string("ScheduledProcedureStepID")).toBe("S1");
    expect(scheduled?.string("StudyInstanceUID")).toBe("1.2.5");
    expect(begun.get("PatientName")?.toString()).toBe("Muster^Erika");
    expect(begun.string("PerformedProcedureStepStatus")).toBe("IN PROGRESS");
  });

  it("begin, end, and are then closed", async () => {
    const { steps, services } = manager();
    await using pair = await openPair({ services }, { contexts: [mppsContext] });
    const uid = await beginPerformedStep(pair.association, begun);
    expect(steps.get(uid)?.string("PerformedProcedureStepStatus")).toBe("IN PROGRESS");
    await setPerformedStep(pair.association, uid, end);
    expect(steps.get(uid)?.string("PerformedProcedureStepStatus")).toBe("COMPLETED");
    await expect(setPerformedStep(pair.association, uid, end)).rejects.toMatchObject({
      status: { code: 0x0110 },
      response: { errorId: 0xa710 },
    });
  });

  it("are refused when they break the rules on states", async () => {
    const { steps, services } = manager();
    await using pair = await openPair({ services }, { contexts: [mppsContext] });
    const { association } = pair;
    const asEnded = begun.with("PerformedProcedureStepStatus", "COMPLETED");
    await expect(beginPerformedStep(association, asEnded)).rejects.toMatchObject({
      status: { code: 0x0106 },
    });
    await expect(setPerformedStep(association, "1.2.99", end)).rejects.toMatchObject({
      status: { code: 0x0112 },
    });
    const uid = await beginPerformedStep(association, begun);
    await expect(beginPerformedStep(association, begun, { sopInstanceUid: uid })).rejects.toMatchObject({
      status: { code: 0x0111 },
    });
    await expect(
      setPerformedStep(association, uid, { PerformedProcedureStepStatus: "COMPLETED" }),
    ).rejects.toMatchObject({ status: { code: 0x0120 } });
    expect(steps.get(uid)?.string("PerformedProcedureStepStatus")).toBe("IN PROGRESS");
  });
});

describe("worklist keys", () => {
  it("ask for every attribute that must be returned, and match what was given", async () => {
    let asked: DataSet | undefined;
    const services: Services = {
      query: {
        models: [ModalityWorklistFind],
        async *onFind(identifier) {
          asked = identifier;
          yield DataSet.of({ AccessionNumber: "A1" });
        },
      },
    };
    await using pair = await openPair(
      { services },
      {
        contexts: [
          { abstractSyntaxUid: ModalityWorklistFind.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] },
        ],
      },
    );
    const keys = worklistKeys({ modality: "CT", scheduledDate: "20260102-", patientName: "MUS*" });
    const items = await collect(pair.association.find(ModalityWorklistFind, keys));
    expect(items[0]?.string("AccessionNumber")).toBe("A1");
    const [step] = asked!.items("ScheduledProcedureStepSequence");
    expect(step?.string("Modality")).toBe("CT");
    expect(step?.string("ScheduledProcedureStepStartDate")).toBe("20260102-");
    expect(step?.has("ScheduledStationAETitle")).toBe(true);
    expect(asked?.get("PatientName")?.toString()).toBe("MUS*");
    expect(asked?.items("RequestedProcedureCodeSequence")[0]?.has("CodeValue")).toBe(true);
  });
});
