/**
 * `DimsePeer`: a remote PACS as an {@link ImageSource}, by C-FIND and C-STORE (PS3.4 B and C).
 *
 * Each call opens an association of its own and releases it; a caller that stops early aborts it.
 */
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import {
  type Association,
  DimseStatusError,
  PatientRootFind,
  type PresentationContextProposal,
  StudyRootFind,
} from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";
import { ArchiveError } from "../errors.ts";
import {
  type CallOptions,
  type ImageSource,
  type InstanceStream,
  type Query,
  queryLevels,
  type SourceCapabilities,
  type StoreOutcome,
} from "../image-source.ts";

export interface DimsePeerAddress {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

/** Data sets of queries are small: explicit first, because it carries the VRs of private keys. */
const queryTransferSyntaxes = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];

/** Instances looked at ahead, so that one association can offer all the contexts they need. */
const window = 500;
/** Presentation context ids are odd numbers 1–255 (PS3.8 9.3.2.2). */
const maximumContexts = 128;

export class DimsePeer implements ImageSource {
  readonly address: DimsePeerAddress;

  constructor(address: DimsePeerAddress) {
    this.address = address;
  }

  capabilities(): SourceCapabilities {
    return { kind: "dimse", find: true, retrieve: false, store: true, levels: queryLevels };
  }

  /** @throws NetworkError with what the peer answered; DimseStatusError when it refused the query */
  async *find(query: Query, options: CallOptions = {}): AsyncGenerator<DataSet> {
    // Patients are only in the Patient Root model; everything else is asked of the Study Root, which more peers have.
    const model = query.level === "PATIENT" ? PatientRootFind : StudyRootFind;
    const association = await this.#connect(
      [{ abstractSyntaxUid: model.sopClassUid, transferSyntaxUids: queryTransferSyntaxes }],
      options,
    );
    await using _ = association;
    const identifier = query.keys.merge(DataSet.of({ QueryRetrieveLevel: query.level }));
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for await (const match of association.find(model, identifier, options)) {
      yield match;
      if (--left <= 0) break;
    }
    await association.release();
  }

  /** @throws ArchiveError `not-supported`, rather than answering an empty retrieval */
  retrieve(): AsyncIterable<InstanceStream> {
    throw new ArchiveError("not-supported", "Retrieving from a DICOM peer is not supported yet.");
  }

  async *store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options: CallOptions = {},
  ): AsyncGenerator<StoreOutcome> {
    for await (const batch of batches(instances)) yield* this.#storeBatch(batch, options);
  }

  async *#storeBatch(batch: readonly InstanceStream[], options: CallOptions): AsyncGenerator<StoreOutcome> {
    const association = await this.#connect(contextsFor(batch), options);
    await using _ = association;
    for (const instance of batch) yield await storeOne(association, instance, options);
    await association.release();
  }

  #connect(contexts: readonly PresentationContextProposal[], options: CallOptions): Promise<Association> {
    const { host, port, callingAeTitle, calledAeTitle } = this.address;
    return connectTcp(host, port, { callingAeTitle, calledAeTitle, contexts, ...options });
  }
}

async function storeOne(
  association: Association,
  instance: InstanceStream,
  options: CallOptions,
): Promise<StoreOutcome> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
  const accepted = association.accepted.contexts.some(
    (context) => context.abstractSyntaxUid === sopClassUid && context.transferSyntaxUid === transferSyntaxUid,
  );
  if (!accepted) {
    const reason = `The peer does not accept ${sopClassUid} in transfer syntax ${transferSyntaxUid}.`;
    return { kind: "failed", sopClassUid, sopInstanceUid, status: 0x0122, reason };
  }
  try {
    const { status } = await association.store(
      { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: instance.dataSet() },
      options,
    );
    return { kind: "stored", sopClassUid, sopInstanceUid, status: status.code };
  } catch (error) {
    // A refusal concerns this instance; anything else ends the association and is thrown.
    if (!(error instanceof DimseStatusError)) throw error;
    return { kind: "failed", sopClassUid, sopInstanceUid, status: error.status.code, reason: error.message };
  }
}

/** One context per SOP class and transfer syntax, so that each instance can go as it is. */
function contextsFor(batch: readonly InstanceStream[]): PresentationContextProposal[] {
  const contexts = new Map<string, PresentationContextProposal>();
  for (const { sopClassUid, transferSyntaxUid } of batch) {
    contexts.set(contextKey(sopClassUid, transferSyntaxUid), {
      abstractSyntaxUid: sopClassUid,
      transferSyntaxUids: [transferSyntaxUid],
    });
  }
  return [...contexts.values()];
}

const contextKey = (sopClassUid: string, transferSyntaxUid: string): string =>
  `${sopClassUid} ${transferSyntaxUid}`;

async function* batches(
  instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
): AsyncGenerator<InstanceStream[]> {
  let batch: InstanceStream[] = [];
  let contexts = new Set<string>();
  for await (const instance of instances) {
    const key = contextKey(instance.sopClassUid, instance.transferSyntaxUid);
    if (batch.length >= window || (contexts.size >= maximumContexts && !contexts.has(key))) {
      yield batch;
      batch = [];
      contexts = new Set();
    }
    batch.push(instance);
    contexts.add(key);
  }
  if (batch.length > 0) yield batch;
}
