/**
 * `DimsePeer`: a remote PACS as an {@link ImageSource}, by C-FIND, C-GET or C-MOVE, and C-STORE (PS3.4 B and C).
 *
 * Each call opens associations of its own and releases them; a caller that stops early aborts them. A retrieval uses
 * C-GET with contexts for the SOP classes that are really there, and C-MOVE to ourselves where the peer has no C-GET.
 */
import { DataSet } from "@isocenter/dicom";
import {
  type AssociateOptions,
  type Association,
  PatientRootFind,
  type PresentationContextProposal,
  type SendOutcome,
  type StoreInstance,
  StudyRootFind,
  sendInstances,
} from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";
import type {
  CallOptions,
  ImageSource,
  InstanceStream,
  Query,
  Selection,
  SourceCapabilities,
  StoreOutcome,
} from "../image-source.ts";
import { queryLevels } from "../image-source.ts";
import {
  type DimsePeerAddress,
  type DimsePeerOptions,
  type PeerAssociations,
  type PeerConnect,
  queryTransferSyntaxes,
} from "./peer-address.ts";
import { retrieveFromPeer } from "./retrieve.ts";
import { transcodeInstance } from "./transcode.ts";

export class DimsePeer implements ImageSource, PeerAssociations {
  readonly address: DimsePeerAddress;
  readonly options: DimsePeerOptions;

  constructor(address: DimsePeerAddress, options: DimsePeerOptions = {}) {
    this.address = address;
    this.options = options;
  }

  capabilities(): SourceCapabilities {
    return { kind: "dimse", find: true, retrieve: true, store: true, levels: queryLevels };
  }

  /** @throws NetworkError with what the peer answered; DimseStatusError when it refused the query */
  async *find(query: Query, options: CallOptions = {}): AsyncGenerator<DataSet> {
    // Patients are only in the Patient Root model; everything else is asked of the Study Root, which more peers have.
    const model = query.level === "PATIENT" ? PatientRootFind : StudyRootFind;
    const association = await this.associate(
      [{ abstractSyntaxUid: model.sopClassUid, transferSyntaxUids: queryTransferSyntaxes }],
      options,
    );
    await using _ = association;
    const identifier = query.keys.merge(DataSet.of({ QueryRetrieveLevel: query.level }));
    let toSkip = query.offset ?? 0;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    for await (const match of association.find(model, identifier, options)) {
      if (toSkip-- > 0) continue;
      yield match;
      if (--left <= 0) break;
    }
    await association.release();
  }

  /**
   * The instances as they come, small ones read ahead.
   * @throws NetworkError; ArchiveError `retrieve-incomplete` at the end when the peer says that some failed
   */
  retrieve(selection: Selection, options: CallOptions = {}): AsyncIterable<InstanceStream> {
    return retrieveFromPeer(this, selection, options);
  }

  async *store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options: CallOptions & { readonly isLive?: boolean } = {},
  ): AsyncGenerator<StoreOutcome> {
    const outcomes = sendInstances(
      (contexts, signal) => this.associate(contexts, signal === undefined ? {} : { signal }),
      toSend(instances),
      {
        ...options,
        parallel: this.options.parallel ?? 1,
        transcode: transcodeInstance,
      },
    );
    for await (const outcome of outcomes) yield outcomeOf(outcome);
  }

  /** An association to the peer. @throws NetworkError */
  associate(
    contexts: readonly PresentationContextProposal[],
    options: Partial<AssociateOptions> = {},
  ): Promise<Association> {
    const { callingAeTitle, calledAeTitle } = this.address;
    const connect = this.options.connect ?? connectOverTcp;
    return connect(this.address, {
      ...this.options.association,
      ...options,
      callingAeTitle,
      calledAeTitle,
      contexts,
    });
  }
}

const connectOverTcp: PeerConnect = ({ host, port }, options) => connectTcp(host, port, options);

async function* toSend(
  instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
): AsyncGenerator<StoreInstance> {
  for await (const instance of instances) yield storeInstanceOf(instance);
}

/** An instance as C-STORE takes it: its bytes are asked for when its turn comes. */
export const storeInstanceOf = (instance: InstanceStream): StoreInstance => ({
  sopClassUid: instance.sopClassUid,
  sopInstanceUid: instance.sopInstanceUid,
  transferSyntaxUid: instance.transferSyntaxUid,
  dataSet: () => instance.dataSet(),
  // Where it comes from a file, re-encoding need not hold it in memory.
  ...("path" in instance ? { path: instance.path, size: instance.size } : {}),
});

function outcomeOf({ kind, instance, status, reason }: SendOutcome): StoreOutcome {
  return {
    kind: kind === "failed" ? "failed" : "stored",
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    status,
    ...(reason === undefined ? {} : { reason }),
  };
}
