/**
 * Storage commitment, PS3.4 J: a modality asks whether an archive takes responsibility for instances (N-ACTION), and the
 * archive answers later with an event (N-EVENT-REPORT), on the same association or on a new one that it opens itself.
 */
import { DataSet, newUid, TransferSyntax } from "@isocenter/dicom";
import { Status } from "../dimse/status.ts";
import { NetworkError } from "../errors.ts";
import type { PresentationContextProposal } from "../negotiation/types.ts";
import { StorageCommitmentPushModel, storageCommitmentInstanceUid } from "./models.ts";
import type { CallOptions, ServiceUser } from "./service-user.ts";
import type { NormalizedRequest, NormalizedService, RequestContext } from "./types.ts";

/** N-ACTION type and N-EVENT-REPORT types, PS3.4 J.3.2 and J.3.3. */
const requestCommitment = 1;
const allCommitted = 1;
const someFailed = 2;

/** Failure reasons (0008,1197), PS3.4 J.3.3.1. */
export const CommitmentFailure = {
  ProcessingFailure: 0x0110,
  NoSuchObjectInstance: 0x0112,
  ResourceLimitation: 0x0213,
  ReferencedSopClassNotSupported: 0x0122,
  ClassInstanceConflict: 0x0119,
  DuplicateTransactionUid: 0x0131,
} as const;

export interface ReferencedInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export interface FailedInstance extends ReferencedInstance {
  /** One of {@link CommitmentFailure}, or another number that the archive gave. */
  readonly reason: number;
}

export interface CommitmentResult {
  readonly transactionUid: string;
  readonly committed: readonly ReferencedInstance[];
  readonly failed: readonly FailedInstance[];
}

/** What a requestor offers to ask for commitment. */
export const commitmentContext: PresentationContextProposal = {
  abstractSyntaxUid: StorageCommitmentPushModel.sopClassUid,
  transferSyntaxUids: [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian],
};

/** What an archive offers when it calls back: it is the SCP, on an association that it requests. */
export const commitmentReportContext: PresentationContextProposal = { ...commitmentContext, role: "scp" };

/**
 * Asks for commitment. The result comes as an event: serve {@link commitmentResultService} on this association, and on a
 * listener that the archive knows.
 * @returns the transaction's UID, by which the result names it
 * @throws DimseStatusError when the archive refuses the request
 */
export async function requestStorageCommitment(
  archive: ServiceUser,
  instances: readonly ReferencedInstance[],
  { transactionUid = newUid(), ...options }: CallOptions & { readonly transactionUid?: string } = {},
): Promise<string> {
  await archive.nAction(
    {
      sopClassUid: StorageCommitmentPushModel.sopClassUid,
      sopInstanceUid: storageCommitmentInstanceUid,
      actionTypeId: requestCommitment,
      dataSet: { TransactionUID: transactionUid, ReferencedSOPSequence: instances.map(reference) },
    },
    options,
  );
  return transactionUid;
}

/**
 * Takes results, in either role: on the association that asked, or on one that the archive opens.
 * @param onResult success is answered when it resolves
 */
export function commitmentResultService(
  onResult: (result: CommitmentResult, context: RequestContext) => void | Promise<void>,
): NormalizedService {
  return {
    sopClassUids: [StorageCommitmentPushModel.sopClassUid],
    role: "scu",
    async onRequest(request, context) {
      if (request.operation !== "N-EVENT-REPORT") return { status: Status.UnrecognizedOperation };
      const { eventTypeId } = request;
      if (eventTypeId !== allCommitted && eventTypeId !== someFailed)
        return { status: Status.NoSuchEventType };
      const transactionUid = request.dataSet?.string("TransactionUID");
      if (request.dataSet === undefined || transactionUid === undefined) return missingTransaction;
      const failed = request.dataSet.items("FailedSOPSequence").map((item) => ({
        ...referenced(item),
        reason: item.number("FailureReason") ?? CommitmentFailure.ProcessingFailure,
      }));
      const committed = request.dataSet.items("ReferencedSOPSequence").map(referenced);
      await onResult({ transactionUid, committed, failed }, context);
      return { status: Status.Success };
    },
  };
}

export interface StorageCommitmentOptions {
  /**
   * Says which instances the archive does not take responsibility for, and why; all others it does. Called after the
   * request was answered, so it may take its time.
   */
  readonly commit: (
    instances: readonly ReferencedInstance[],
    context: Pick<RequestContext, "callingAeTitle" | "calledAeTitle">,
  ) => Promise<readonly FailedInstance[]>;
  /** Delivers a result; called when the requestor's own association could not take it. */
  readonly deliver: (
    result: CommitmentResult,
    to: { readonly aeTitle: string; readonly from: string },
  ) => Promise<void>;
  /** Whether to try the requestor's association first. Default true. */
  readonly onSameAssociation?: boolean;
  /** The commitment itself, or its delivery, failed: for a queue that tries again. */
  readonly onError: (error: unknown, request: CommitmentRequest) => void;
}

/** What was asked, as a queue keeps it. */
export interface CommitmentRequest {
  readonly transactionUid: string;
  readonly instances: readonly ReferencedInstance[];
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

/** The archive's side. */
export function storageCommitmentService(options: StorageCommitmentOptions): NormalizedService {
  return {
    sopClassUids: [StorageCommitmentPushModel.sopClassUid],
    async onRequest(request, context) {
      if (request.operation !== "N-ACTION") return { status: Status.UnrecognizedOperation };
      if (request.actionTypeId !== requestCommitment) return { status: Status.NoSuchAction };
      if (request.sopInstanceUid !== storageCommitmentInstanceUid)
        return { status: Status.NoSuchSopInstance };
      const asked = commitmentRequestOf(request, context);
      if (asked === undefined) return missingTransaction;
      context.afterResponse(() => answerCommitment(asked, options, context.peer));
      return { status: Status.Success };
    },
  };
}

async function answerCommitment(
  asked: CommitmentRequest,
  { commit, deliver, onSameAssociation = true, onError }: StorageCommitmentOptions,
  peer: ServiceUser,
): Promise<void> {
  try {
    const failed = await commit(asked.instances, asked);
    const names = new Set(failed.map(({ sopInstanceUid }) => sopInstanceUid));
    const committed = asked.instances.filter(({ sopInstanceUid }) => !names.has(sopInstanceUid));
    const result = { transactionUid: asked.transactionUid, committed, failed };
    if (onSameAssociation && (await reportedOn(peer, result))) return;
    await deliver(result, { aeTitle: asked.callingAeTitle, from: asked.calledAeTitle });
  } catch (error) {
    onError(error, asked);
  }
}

/** @returns false when the association is over, or the requestor does not take the event on it */
async function reportedOn(peer: ServiceUser, result: CommitmentResult): Promise<boolean> {
  try {
    await reportStorageCommitment(peer, result);
    return true;
  } catch (error) {
    if (error instanceof NetworkError) return false;
    throw error;
  }
}

/**
 * N-EVENT-REPORT with a result.
 * @throws DimseStatusError when the requestor refuses it
 */
export async function reportStorageCommitment(
  requestor: ServiceUser,
  { transactionUid, committed, failed }: CommitmentResult,
  options: CallOptions = {},
): Promise<void> {
  const dataSet = DataSet.of({
    TransactionUID: transactionUid,
    // Both are left out when empty (PS3.4 Table J.3-2).
    ...(committed.length === 0 ? {} : { ReferencedSOPSequence: committed.map(reference) }),
    ...(failed.length === 0
      ? {}
      : { FailedSOPSequence: failed.map((one) => ({ ...reference(one), FailureReason: one.reason })) }),
  });
  await requestor.nEventReport(
    {
      sopClassUid: StorageCommitmentPushModel.sopClassUid,
      sopInstanceUid: storageCommitmentInstanceUid,
      eventTypeId: failed.length === 0 ? allCommitted : someFailed,
      dataSet,
    },
    options,
  );
}

const missingTransaction = {
  status: Status.MissingAttribute,
  errorComment: "Transaction UID and Referenced SOP Sequence are needed.",
} as const;

function commitmentRequestOf(
  { dataSet }: NormalizedRequest,
  { callingAeTitle, calledAeTitle }: RequestContext,
): CommitmentRequest | undefined {
  const transactionUid = dataSet?.string("TransactionUID");
  const instances = dataSet?.items("ReferencedSOPSequence").map(referenced) ?? [];
  if (transactionUid === undefined || transactionUid === "" || instances.length === 0) return undefined;
  return { transactionUid, instances, callingAeTitle, calledAeTitle };
}

const reference = ({ sopClassUid, sopInstanceUid }: ReferencedInstance) => ({
  ReferencedSOPClassUID: sopClassUid,
  ReferencedSOPInstanceUID: sopInstanceUid,
});

const referenced = (item: DataSet): ReferencedInstance => ({
  sopClassUid: item.string("ReferencedSOPClassUID") ?? "",
  sopInstanceUid: item.string("ReferencedSOPInstanceUID") ?? "",
});
