/** The columns of a worklist, some of them from inside the scheduled step. */
import type { DataSet } from "@isocenter/dicom";
import { type Column, column } from "./matches.ts";

const step = (keyword: string, title = keyword): Column => ({
  title,
  value: (match: DataSet) =>
    match.items("ScheduledProcedureStepSequence")[0]?.strings(keyword).join("\\") ?? "",
});

export const worklistColumns: readonly Column[] = [
  step("ScheduledProcedureStepStartDate", "Date"),
  step("ScheduledProcedureStepStartTime", "Time"),
  step("Modality"),
  step("ScheduledStationAETitle", "Station"),
  column("PatientID"),
  column("PatientName"),
  column("PatientBirthDate", "Born"),
  column("AccessionNumber", "Accession"),
  column("RequestedProcedureDescription", "Procedure"),
  step("ScheduledProcedureStepDescription", "Step"),
];
