/**
 * Modality Performed Procedure Step, PS3.4 F.7: a modality says that it began (N-CREATE, "IN PROGRESS") and how it ended
 * (N-SET, "COMPLETED" or "DISCONTINUED"). After that a step cannot be changed.
 */
import { DataSet, type DataSetInit, newUid, TransferSyntax } from "@isocenter/dicom";
import { Status } from "../dimse/status.ts";
import { LocalProtocolError } from "../errors.ts";
import type { PresentationContextProposal } from "../negotiation/types.ts";
import { ModalityPerformedProcedureStep } from "./models.ts";
import type { CallOptions, ServiceUser } from "./service-user.ts";
import type { NormalizedAnswer, NormalizedRequest, NormalizedService, RequestContext } from "./types.ts";

export const performedStepStatuses = ["IN PROGRESS", "COMPLETED", "DISCONTINUED"] as const;
export type PerformedStepStatus = (typeof performedStepStatuses)[number];

export const mppsContext: PresentationContextProposal = {
  abstractSyntaxUid: ModalityPerformedProcedureStep.sopClassUid,
  transferSyntaxUids: [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian],
};

/**
 * N-CREATE of a step that begins.
 * @param attributes those of PS3.4 Table F.7.2-1; see {@link performedStepOf}
 * @returns the step's SOP Instance UID
 * @throws DimseStatusError
 */
export async function beginPerformedStep(
  manager: ServiceUser,
  attributes: DataSet | DataSetInit,
  { sopInstanceUid = newUid(), ...options }: CallOptions & { readonly sopInstanceUid?: string } = {},
): Promise<string> {
  const { sopClassUid } = ModalityPerformedProcedureStep;
  const response = await manager.nCreate(sopClassUid, sopInstanceUid, attributes, options);
  return response.sopInstanceUid ?? sopInstanceUid;
}

/**
 * N-SET of a step: how it goes on, or how it ended.
 * @throws DimseStatusError, 0110H for a step that has ended already
 */
export async function setPerformedStep(
  manager: ServiceUser,
  sopInstanceUid: string,
  modifications: DataSet | DataSetInit,
  options: CallOptions = {},
): Promise<void> {
  await manager.nSet(ModalityPerformedProcedureStep.sopClassUid, sopInstanceUid, modifications, options);
}

/** The parts of a step that the modality knows itself. */
export interface PerformedStepInit {
  /** Identifies the step at the modality, 1–16 characters. */
  readonly stepId: string;
  readonly aeTitle: string;
  readonly modality: string;
  /** YYYYMMDD and HHMMSS. */
  readonly startDate: string;
  readonly startTime: string;
  readonly stationName?: string;
  readonly description?: string;
}

/** The attributes of N-CREATE for a worklist item, PS3.4 Table F.7.2-1: what was ordered, and what is being done. */
export function performedStepOf(item: DataSet, init: PerformedStepInit): DataSet {
  const [scheduled] = item.items("ScheduledProcedureStepSequence");
  const text = (source: DataSet | undefined, keyword: string): string =>
    source?.strings(keyword).join("\\") ?? "";
  const sequence = (source: DataSet | undefined, keyword: string): readonly DataSet[] =>
    source?.items(keyword) ?? [];
  const of = (keyword: string) => ({ [keyword]: text(item, keyword) });
  return DataSet.of({
    ...of("SpecificCharacterSet"),
    ScheduledStepAttributesSequence: [
      {
        ...of("StudyInstanceUID"),
        ReferencedStudySequence: sequence(item, "ReferencedStudySequence"),
        ...of("AccessionNumber"),
        ...of("RequestedProcedureID"),
        ...of("RequestedProcedureDescription"),
        ScheduledProcedureStepID: text(scheduled, "ScheduledProcedureStepID"),
        ScheduledProcedureStepDescription: text(scheduled, "ScheduledProcedureStepDescription"),
        ScheduledProtocolCodeSequence: sequence(scheduled, "ScheduledProtocolCodeSequence"),
      },
    ],
    ...of("PatientName"),
    ...of("PatientID"),
    ...of("PatientBirthDate"),
    ...of("PatientSex"),
    ReferencedPatientSequence: sequence(item, "ReferencedPatientSequence"),
    PerformedProcedureStepID: init.stepId,
    PerformedStationAETitle: init.aeTitle,
    PerformedStationName: init.stationName ?? "",
    PerformedLocation: "",
    PerformedProcedureStepStartDate: init.startDate,
    PerformedProcedureStepStartTime: init.startTime,
    PerformedProcedureStepEndDate: "",
    PerformedProcedureStepEndTime: "",
    PerformedProcedureStepStatus: "IN PROGRESS",
    PerformedProcedureStepDescription:
      init.description ?? text(scheduled, "ScheduledProcedureStepDescription"),
    PerformedProcedureTypeDescription: "",
    ProcedureCodeSequence: sequence(item, "RequestedProcedureCodeSequence"),
    Modality: init.modality,
    StudyID: text(item, "RequestedProcedureID"),
    PerformedProtocolCodeSequence: sequence(scheduled, "ScheduledProtocolCodeSequence"),
    PerformedSeriesSequence: [],
  });
}

/** Where a manager keeps its steps. */
export interface PerformedStepStore {
  get(sopInstanceUid: string): Promise<DataSet | undefined>;
  /**
   * Keeps a step durably. The answer is sent when it resolves.
   * @param change whether it began or was changed, and by whom
   */
  put(
    sopInstanceUid: string,
    step: DataSet,
    change: { readonly kind: "created" | "set"; readonly context: RequestContext },
  ): Promise<void>;
}

/** The manager's side, with the rules of PS3.4 F.7.2 on states. */
export function mppsService(store: PerformedStepStore): NormalizedService {
  return {
    sopClassUids: [ModalityPerformedProcedureStep.sopClassUid],
    async onRequest(request, context) {
      switch (request.operation) {
        case "N-CREATE":
          return create(store, request, context);
        case "N-SET":
          return set(store, request, context);
        case "N-GET":
          return getStep(store, request);
        default:
          return { status: Status.UnrecognizedOperation };
      }
    },
  };
}

async function create(
  store: PerformedStepStore,
  { dataSet, sopInstanceUid = newUid() }: NormalizedRequest,
  context: RequestContext,
): Promise<NormalizedAnswer> {
  if (dataSet === undefined) return missing("The step has no attributes.");
  if (statusOfStep(dataSet) !== "IN PROGRESS") return invalid("A step begins as IN PROGRESS.");
  if (dataSet.items("ScheduledStepAttributesSequence").length === 0)
    return missing("Scheduled Step Attributes Sequence is needed.", 0x00400270);
  if ((await store.get(sopInstanceUid)) !== undefined) return { status: Status.DuplicateSopInstance };
  await store.put(sopInstanceUid, dataSet, { kind: "created", context });
  return { status: Status.Success, sopInstanceUid };
}

async function set(
  store: PerformedStepStore,
  { dataSet, sopInstanceUid }: NormalizedRequest,
  context: RequestContext,
): Promise<NormalizedAnswer> {
  const step = sopInstanceUid === undefined ? undefined : await store.get(sopInstanceUid);
  if (step === undefined || sopInstanceUid === undefined) return { status: Status.NoSuchSopInstance };
  if (dataSet === undefined) return missing("There are no modifications.");
  if (statusOfStep(step) !== "IN PROGRESS") {
    // PS3.4 Table F.7.2-2: error ID A710H says that the step may no longer be updated.
    const errorComment = "Performed Procedure Step Object may no longer be updated";
    return { status: Status.ProcessingFailure, errorId: 0xa710, errorComment };
  }
  const changed = step.merge(dataSet);
  const next = statusOfStep(changed);
  if (next === undefined) return invalid("The status is none of IN PROGRESS, COMPLETED and DISCONTINUED.");
  if (next !== "IN PROGRESS") {
    if (changed.items("PerformedSeriesSequence").length === 0)
      return missing("A step that has ended names its series.", 0x00400340);
    if ((changed.string("PerformedProcedureStepEndDate") ?? "") === "")
      return missing("A step that has ended names its end.", 0x00400250);
  }
  await store.put(sopInstanceUid, changed, { kind: "set", context });
  return { status: Status.Success };
}

/** MPPS Retrieve, PS3.4 F.8. */
async function getStep(
  store: PerformedStepStore,
  { sopInstanceUid, attributeIdentifierList }: NormalizedRequest,
): Promise<NormalizedAnswer> {
  const step = sopInstanceUid === undefined ? undefined : await store.get(sopInstanceUid);
  if (step === undefined) return { status: Status.NoSuchSopInstance };
  if (attributeIdentifierList === undefined) return { status: Status.Success, dataSet: step };
  const wanted = [...step].filter(({ tag }) => attributeIdentifierList.includes(tag));
  return { status: Status.Success, dataSet: DataSet.fromElements(wanted) };
}

function statusOfStep(step: DataSet): PerformedStepStatus | undefined {
  const status = step.string("PerformedProcedureStepStatus");
  return performedStepStatuses.find((one) => one === status);
}

const missing = (errorComment: string, ...tags: number[]): NormalizedAnswer => ({
  status: Status.MissingAttribute,
  errorComment,
  ...(tags.length === 0 ? {} : { attributeIdentifierList: tags }),
});

/** (0040,0252) Performed Procedure Step Status. */
const invalid = (errorComment: string): NormalizedAnswer => ({
  status: Status.InvalidAttributeValue,
  errorComment,
  attributeIdentifierList: [0x00400252],
});

/** A check before a round trip. @throws LocalProtocolError when the status is none that N-SET may give */
export function endOfStep(
  status: PerformedStepStatus,
  end: {
    readonly date: string;
    readonly time: string;
    readonly series: readonly (DataSet | DataSetInit)[];
  },
): DataSet {
  if (status === "IN PROGRESS" || end.series.length === 0) {
    throw new LocalProtocolError(
      "argument-invalid",
      "A step ends as COMPLETED or DISCONTINUED, and names its series.",
    );
  }
  return DataSet.of({
    PerformedProcedureStepStatus: status,
    PerformedProcedureStepEndDate: end.date,
    PerformedProcedureStepEndTime: end.time,
    PerformedSeriesSequence: end.series,
  });
}
