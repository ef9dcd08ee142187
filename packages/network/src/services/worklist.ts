/**
 * Modality Worklist, PS3.4 K: a C-FIND whose keys are nested. `worklistKeys` makes the identifier of a short form, with
 * every attribute that an SCP must return (Table K.6-1) as a return key.
 */
import { DataSet, type DataSetInit } from "@isocenter/dicom";

export interface WorklistCriteria {
  readonly patientName?: string;
  readonly patientId?: string;
  readonly accessionNumber?: string;
  readonly requestedProcedureId?: string;
  readonly studyInstanceUid?: string;
  /** Of the scheduled procedure step. */
  readonly scheduledStationAeTitle?: string;
  /** YYYYMMDD, or a range with a hyphen. */
  readonly scheduledDate?: string;
  /** HHMMSS, or a range with a hyphen. */
  readonly scheduledTime?: string;
  readonly modality?: string;
  readonly performingPhysicianName?: string;
}

/** An identifier for `ModalityWorklistFind`. Further keys are merged over it. */
export function worklistKeys(criteria: WorklistCriteria = {}, more: DataSet | DataSetInit = {}): DataSet {
  const code = { CodeValue: "", CodingSchemeDesignator: "", CodingSchemeVersion: "", CodeMeaning: "" };
  const reference = { ReferencedSOPClassUID: "", ReferencedSOPInstanceUID: "" };
  const keys = DataSet.of({
    ScheduledProcedureStepSequence: [
      {
        ScheduledStationAETitle: criteria.scheduledStationAeTitle ?? "",
        ScheduledProcedureStepStartDate: criteria.scheduledDate ?? "",
        ScheduledProcedureStepStartTime: criteria.scheduledTime ?? "",
        Modality: criteria.modality ?? "",
        ScheduledPerformingPhysicianName: criteria.performingPhysicianName ?? "",
        ScheduledProcedureStepDescription: "",
        ScheduledStationName: "",
        ScheduledProcedureStepLocation: "",
        ScheduledProtocolCodeSequence: [code],
        PreMedication: "",
        ScheduledProcedureStepID: "",
        RequestedContrastAgent: "",
        ScheduledProcedureStepStatus: "",
      },
    ],
    RequestedProcedureID: criteria.requestedProcedureId ?? "",
    RequestedProcedureDescription: "",
    RequestedProcedureCodeSequence: [code],
    StudyInstanceUID: criteria.studyInstanceUid ?? "",
    ReferencedStudySequence: [reference],
    RequestedProcedurePriority: "",
    PatientTransportArrangements: "",
    AccessionNumber: criteria.accessionNumber ?? "",
    RequestingPhysician: "",
    ReferringPhysicianName: "",
    AdmissionID: "",
    CurrentPatientLocation: "",
    ReferencedPatientSequence: [reference],
    PatientName: criteria.patientName ?? "",
    PatientID: criteria.patientId ?? "",
    PatientBirthDate: "",
    PatientSex: "",
    PatientWeight: "",
    ConfidentialityConstraintOnPatientDataDescription: "",
    PatientState: "",
    PregnancyStatus: "",
    MedicalAlerts: "",
    Allergies: "",
    SpecialNeeds: "",
  });
  return keys.merge(more instanceof DataSet ? more : DataSet.of(more));
}
