/** DCMTK's worklist server with entries of its own. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { freePort, start, waitFor } from "../support/processes.ts";
import { accepts, type DicomServer } from "../support/servers.ts";

/** wlmscpfs with two entries, one of them for CT. */
export async function wlmscpfs(folder: string, env: Readonly<Record<string, string>>): Promise<DicomServer> {
  const port = await freePort();
  const area = join(folder, "WLM");
  await mkdir(area, { recursive: true });
  await writeFile(join(area, "lockfile"), "");
  for (const [index, modality] of ["CT", "MR"].entries()) {
    const entry = DataSet.of({
      SpecificCharacterSet: "ISO_IR 100",
      AccessionNumber: `A${index}`,
      ReferringPhysicianName: "Refer^Rita",
      PatientName: index === 0 ? "Größe^Änne" : "Roe^Richard",
      PatientID: `W${index}`,
      PatientBirthDate: "19700101",
      PatientSex: "F",
      StudyInstanceUID: `1.2.826.0.1.3680043.9.7433.9.${index}`,
      RequestingPhysician: "Ask^Anna",
      RequestedProcedureDescription: "Thorax",
      ScheduledProcedureStepSequence: [
        {
          Modality: modality,
          ScheduledStationAETitle: `${modality}1`,
          ScheduledProcedureStepStartDate: "20260102",
          ScheduledProcedureStepStartTime: "101500",
          ScheduledPerformingPhysicianName: "Do^Dora",
          ScheduledProcedureStepDescription: "Thorax",
          ScheduledProcedureStepID: `S${index}`,
          ScheduledStationName: "Room 1",
          ScheduledProcedureStepLocation: "Here",
        },
      ],
      RequestedProcedureID: `RP${index}`,
      RequestedProcedurePriority: "HIGH",
    });
    await writeFile(join(area, `${index}.wl`), encodeDataSet(entry, TransferSyntax.ExplicitVRLittleEndian));
  }
  const server = start("wlmscpfs", ["-dfp", folder, "-csk", "-s", String(port)], env);
  await waitFor("wlmscpfs", () => accepts(port));
  return { ...server, aeTitle: "WLM", port };
}
