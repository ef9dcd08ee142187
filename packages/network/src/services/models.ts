/** SOP classes of the services here, PS3.4 A, C and K. */
export interface ServiceClass {
  readonly sopClassUid: string;
  readonly name: string;
}

export const Verification: ServiceClass = { sopClassUid: "1.2.840.10008.1.1", name: "Verification" };

/** A query model of PS3.4 C or K. */
export type FindModel = ServiceClass;

export const PatientRootFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.1.2.1.1",
  name: "Patient Root C-FIND",
};
export const StudyRootFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.1.2.2.1",
  name: "Study Root C-FIND",
};
export const ModalityWorklistFind: FindModel = {
  sopClassUid: "1.2.840.10008.5.1.4.31",
  name: "Modality Worklist C-FIND",
};
