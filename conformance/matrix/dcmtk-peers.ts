/** DCMTK's servers with what the matrix needs: destinations, a worklist, and their sockets stock or without delay. */
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { freePort, type Running, start, waitFor } from "../support/processes.ts";
import type { Target } from "./ours.ts";

export type Env = Readonly<Record<string, string>>;
export type Peer = Running & Target;

async function up(server: Running, name: string, port: number, aeTitle: string): Promise<Peer> {
  await waitFor(name, () => accepts(port));
  return { ...server, port, aeTitle };
}

export async function storescp(folder: string, env: Env, ...options: string[]): Promise<Peer> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  const args = ["+xa", "-od", folder, "-aet", "STORESCP", ...options, String(port)];
  return up(start("storescp", args, env), "storescp", port, "STORESCP");
}

/** dcmqrscp with one area that anybody may use, and destinations for its C-MOVE. */
export async function dcmqrscp(
  folder: string,
  env: Env,
  destinations: Readonly<Record<string, number>>,
): Promise<Peer> {
  const port = await freePort();
  const area = join(folder, "area");
  await mkdir(area, { recursive: true });
  const hosts = Object.entries(destinations).map(
    ([title, at], index) => `dest${index} = (${title}, localhost, ${at})`,
  );
  const config = join(folder, "dcmqrscp.cfg");
  await writeFile(
    config,
    `NetworkTCPPort  = ${port}
MaxPDUSize      = 16384
MaxAssociations = 32
HostTable BEGIN
${hosts.join("\n")}
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QRSCP ${area} RW (200, 1024mb) ANY
AETable END
`,
  );
  return up(start("dcmqrscp", ["-c", config, "+xv", "-xv", String(port)], env), "dcmqrscp", port, "QRSCP");
}

/** wlmscpfs with two entries, one of them for CT. */
export async function wlmscpfs(folder: string, env: Env): Promise<Peer> {
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
  return up(start("wlmscpfs", ["-dfp", folder, "-csk", "-s", String(port)], env), "wlmscpfs", port, "WLM");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
