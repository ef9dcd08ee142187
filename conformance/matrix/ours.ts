/** Our two sides of the matrix: a requestor's calls, and a server with every service over the demo hospital. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DimsePeerAddress,
  instanceFromFile,
  LocalArchive,
  storeInstanceOf,
  transcodeInstance,
} from "@isocenter/archive";
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import {
  type Association,
  type AssociationEvent,
  type CommitmentResult,
  commitmentResultService,
  ModalityWorklistFind,
  mppsService,
  type NormalizedService,
  type PresentationContextProposal,
  sendInstances,
  type SendOutcome,
  type Services,
} from "@isocenter/network";
import { connectTcp, listenTcp, type TcpServer } from "@isocenter/network/node";
import { dimseServices } from "@isocenter/server";
import { demoFolder } from "../support/processes.ts";

export const plainSyntaxes = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];

export interface Target {
  readonly port: number;
  readonly aeTitle: string;
}

export const context = (
  { sopClassUid }: { readonly sopClassUid: string },
  role?: "scp",
): PresentationContextProposal => ({
  abstractSyntaxUid: sopClassUid,
  transferSyntaxUids: plainSyntaxes,
  ...(role === undefined ? {} : { role }),
});

/** Runs calls on an association to a peer, and releases it. */
export async function withAssociation<T>(
  { port, aeTitle }: Target,
  contexts: readonly PresentationContextProposal[],
  use: (association: Association) => Promise<T>,
  more: { readonly services?: Services; readonly callingAeTitle?: string } = {},
): Promise<T> {
  const association = await connectTcp("127.0.0.1", port, {
    callingAeTitle: "ISOCENTER",
    calledAeTitle: aeTitle,
    contexts,
    ...more,
  });
  await using _ = association;
  const result = await use(association);
  await association.release();
  return result;
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const one of source) got.push(one);
  return got;
}

/** The demo hospital's files of a patient. */
export async function demoFiles(patient: string): Promise<string[]> {
  const entries = await readdir(join(demoFolder, patient), { recursive: true });
  return entries
    .filter((name) => name.endsWith(".dcm"))
    .sort()
    .map((name) => join(demoFolder, patient, name));
}

export async function sendFiles(
  to: Target,
  files: readonly string[],
  { parallel = 1 } = {},
): Promise<SendOutcome[]> {
  const instances = await Promise.all(
    files.map(async (file) => storeInstanceOf(await instanceFromFile(file))),
  );
  return collect(
    sendInstances(
      (contexts, signal) =>
        connectTcp("127.0.0.1", to.port, {
          callingAeTitle: "ISOCENTER",
          calledAeTitle: to.aeTitle,
          contexts,
          ...(signal === undefined ? {} : { signal }),
        }),
      instances,
      { parallel, transcode: transcodeInstance },
    ),
  );
}

export async function fileBytes(path: string): Promise<Uint8Array> {
  return readFile(path);
}

export interface OurServer extends Target, AsyncDisposable {
  readonly archive: LocalArchive;
  /** Results of commitments that were asked for elsewhere. */
  readonly commitments: CommitmentResult[];
  /** What was reported to us, and asked of us, by N-services. */
  readonly normalized: { readonly operation: string; readonly sopInstanceUid: string | undefined }[];
  readonly steps: Map<string, DataSet>;
  readonly events: AssociationEvent[];
}

/** Everything served: the archive's services, a worklist, performed procedure steps and any N-service of Print's class. */
export async function startOurServer(
  folder: string,
  destinations: () => readonly (DimsePeerAddress & { readonly calledAeTitle: string })[],
): Promise<OurServer> {
  const archive = await LocalArchive.open(folder);
  const commitments: CommitmentResult[] = [];
  const normalized: { operation: string; sopInstanceUid: string | undefined }[] = [];
  const steps = new Map<string, DataSet>();
  const events: AssociationEvent[] = [];
  const services = dimseServices({
    source: archive,
    aeTitle: "ISOCENTER",
    address: { host: "127.0.0.1", port: 0 },
    destination: (title) => destinations().find((one) => one.calledAeTitle === title),
  });
  const echoing: NormalizedService = {
    sopClassUids: ["1.2.840.10008.5.1.1.1"], // Basic Film Session: an N-service that DCMTK and dcmjs-dimse can ask for
    async onRequest({ operation, sopInstanceUid, dataSet }) {
      normalized.push({ operation, sopInstanceUid });
      return { status: 0, ...(dataSet === undefined ? {} : { dataSet }) };
    },
  };
  const server: TcpServer = await listenTcp(0, {
    aeTitle: "ISOCENTER",
    onEvent: (event) => void events.push(event),
    services: {
      ...services,
      query: {
        ...services.query!,
        models: [...services.query!.models, ModalityWorklistFind],
        onFind: (identifier, request) =>
          request.model === ModalityWorklistFind
            ? worklist(identifier)
            : services.query!.onFind(identifier, request),
      },
      normalized: [
        ...(services.normalized ?? []),
        commitmentResultService((result) => void commitments.push(result)),
        mppsService({
          get: async (uid) => steps.get(uid),
          put: async (uid, step) => void steps.set(uid, step),
        }),
        echoing,
      ],
    },
  });
  return {
    archive,
    commitments,
    normalized,
    steps,
    events,
    port: server.port,
    aeTitle: "ISOCENTER",
    async [Symbol.asyncDispose]() {
      await server.close({ drainMs: 200 });
      await archive.close();
    },
  };
}

/** One entry, when its modality is asked for or none is. */
async function* worklist(identifier: DataSet): AsyncGenerator<DataSet> {
  const [step] = identifier.items("ScheduledProcedureStepSequence");
  const modality = step?.string("Modality") ?? "";
  if (modality !== "" && modality !== "CT") return;
  yield DataSet.of({
    SpecificCharacterSet: "ISO_IR 192",
    PatientName: "Größe^Änne",
    PatientID: "W1",
    AccessionNumber: "A1",
    StudyInstanceUID: "1.2.3.4",
    RequestedProcedureID: "RP1",
    ScheduledProcedureStepSequence: [{ Modality: "CT", ScheduledProcedureStepID: "S1" }],
  });
}
