/** A retrieval from a DICOMweb service into a folder: what is wanted is searched for, and comes instance by instance. */
import type { DicomwebPeer } from "@isocenter/archive/dicomweb";
import type { InstanceStream, Selection as WebSelection } from "@isocenter/archive/image-source";
import { DataSet } from "@isocenter/dicom";
import { statusOf } from "@isocenter/network";
import { type Command, ExitCode, type Io } from "../command.ts";
import type { DeliveryTally } from "../incoming/delivery-tally.ts";
import type { IncomingFolder } from "../incoming/incoming-folder.ts";
import { deliver } from "../incoming/store-handler.ts";
import { RetrieveReport } from "./retrieve-report.ts";
import type { Ask, Selection, Wanted } from "./selection.ts";
import type { WebSession } from "./web-session.ts";

/** @returns the exit code */
export async function retrieveFromWeb(
  io: Io,
  { peer, stopping }: WebSession,
  wanted: Wanted,
  folder: IncomingFolder,
  tally: DeliveryTally,
  asJson: boolean,
): ReturnType<Command["run"]> {
  const report = new RetrieveReport();
  try {
    for await (const selection of selectionsOf(peer, wanted, stopping)) {
      for await (const instance of peer.retrieve(selection, { signal: stopping }))
        tally.add(await arrival(instance, folder, stopping));
    }
  } finally {
    tally.end("received");
  }
  const { count, failed } = tally;
  report.add({
    status: statusOf(0),
    remaining: undefined,
    completed: count - failed,
    failed,
    warning: 0,
    failedSopInstanceUids: [],
  });
  if (count === 0) io.stderr.write("Nothing matches the keys.\n");
  if (asJson) report.write(io, true);
  return failed === 0 && count > 0 ? ExitCode.Success : ExitCode.Failure;
}

/** @throws what broke the stream; what is wrong with this instance alone is a delivery that failed */
async function arrival(instance: InstanceStream, folder: IncomingFolder, signal: AbortSignal) {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
  let broken: { readonly error: unknown } | undefined;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* instance.dataSet();
    } catch (error) {
      broken = { error };
      throw error;
    }
  }
  const { delivery } = await deliver(
    folder,
    { sopClassUid, sopInstanceUid, transferSyntaxUid },
    watched(),
    signal,
  );
  if (broken !== undefined) throw broken.error;
  return delivery;
}

async function* selectionsOf(
  peer: DicomwebPeer,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<WebSelection> {
  const ask: Ask = (level, keys) => peer.find({ level, keys }, { signal });
  for await (const selection of wanted.resolveWith(ask)) yield* webSelections(selection, ask);
}

/** DICOMweb retrieves below one study at a time, and knows no patients (PS3.18 10.4). */
async function* webSelections({ level, uniqueKeys }: Selection, ask: Ask): AsyncGenerator<WebSelection> {
  if (level === "PATIENT") {
    for (const id of uniqueKeys.PatientID ?? []) {
      for await (const match of ask("STUDY", DataSet.of({ PatientID: id, StudyInstanceUID: "" }))) {
        const studyInstanceUid = match.string("StudyInstanceUID");
        if (studyInstanceUid !== undefined) yield { studyInstanceUid };
      }
    }
    return;
  }
  const { StudyInstanceUID: studies = [], SeriesInstanceUID: series = [], SOPInstanceUID = [] } = uniqueKeys;
  for (const studyInstanceUid of studies) {
    if (level === "STUDY") yield { studyInstanceUid };
    for (const seriesInstanceUid of series) {
      if (level === "SERIES") yield { studyInstanceUid, seriesInstanceUid };
      else
        for (const sopInstanceUid of SOPInstanceUID)
          yield { studyInstanceUid, seriesInstanceUid, sopInstanceUid };
    }
  }
}
