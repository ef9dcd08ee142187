/** SOP classes of the services here, PS3.4 A, C, F, J and K. */
export interface ServiceClass {
  readonly sopClassUid: string;
  readonly name: string;
}

/** A query model of PS3.4 C or K. */
export type FindModel = ServiceClass;

/** A retrieve model of PS3.4 C: by C-MOVE to a third party, or by C-GET on the same association. */
export interface RetrieveModel extends ServiceClass {
  readonly kind: "move" | "get";
}

export const Verification: ServiceClass = { sopClassUid: "1.2.840.10008.1.1", name: "Verification" };

export const PatientRootFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.1.2.1.1",
  name: "Patient Root C-FIND",
};
export const StudyRootFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.1.2.2.1",
  name: "Study Root C-FIND",
};
/** Retired, and still asked for by old workstations. */
export const PatientStudyOnlyFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.1.2.3.1",
  name: "Patient/Study Only C-FIND",
};
export const ModalityWorklistFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.31",
  name: "Modality Worklist C-FIND",
};

export const PatientRootMove: RetrieveModel = {
  kind: "move",
  sopClassUid: "1.2.840.10008.5.1.4.1.2.1.2",
  name: "Patient Root C-MOVE",
};
export const StudyRootMove: RetrieveModel = {
  kind: "move",
  sopClassUid: "1.2.840.10008.5.1.4.1.2.2.2",
  name: "Study Root C-MOVE",
};
export const PatientStudyOnlyMove: RetrieveModel = {
  kind: "move",
  sopClassUid: "1.2.840.10008.5.1.4.1.2.3.2",
  name: "Patient/Study Only C-MOVE",
};
export const PatientRootGet: RetrieveModel = {
  kind: "get",
  sopClassUid: "1.2.840.10008.5.1.4.1.2.1.3",
  name: "Patient Root C-GET",
};
export const StudyRootGet: RetrieveModel = {
  kind: "get",
  sopClassUid: "1.2.840.10008.5.1.4.1.2.2.3",
  name: "Study Root C-GET",
};
export const PatientStudyOnlyGet: RetrieveModel = {
  kind: "get",
  sopClassUid: "1.2.840.10008.5.1.4.1.2.3.3",
  name: "Patient/Study Only C-GET",
};

export const ModalityPerformedProcedureStep: ServiceClass = {
  sopClassUid: "1.2.840.10008.3.1.2.3.3",
  name: "Modality Performed Procedure Step",
};
export const StorageCommitmentPushModel: ServiceClass = {
  sopClassUid: "1.2.840.10008.1.20.1",
  name: "Storage Commitment Push Model",
};
/** The one instance that storage commitment requests are made of, PS3.4 J.3.5. */
export const storageCommitmentInstanceUid = "1.2.840.10008.1.20.1.1";
