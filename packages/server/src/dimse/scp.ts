/**
 * The DIMSE face over an image source: verification, storage, query, retrieve and storage commitment (PS3.4 A, B, C, J).
 */
import {
  DimsePeer,
  type DimsePeerAddress,
  type ImageSource,
  type InstanceStream,
  type MoveReceiver,
  type StoreOutcome,
} from "@isocenter/archive";
import {
  type AssociationObserver,
  commitmentReportContext,
  type NetworkError,
  type CommitmentResult,
  reportStorageCommitment,
  type RequestContext,
  type Services,
  storageCommitmentService,
  type StoreRequest,
} from "@isocenter/network";
import { listenTcp, type TcpServer, type TlsServerOptions } from "@isocenter/network/node";
import type { Limits, ListenAddress } from "../config/config.ts";
import type { AuditWho } from "../operations/audit-entry.ts";
import type { AccessLog } from "../operations/access-log.ts";
import { accessRule, type AccessOptions, identityRule } from "./access.ts";
import { commitFrom } from "./commit.ts";
import { queryRetrieveServices } from "./query-retrieve.ts";

export interface DimseFaceOptions {
  readonly source: ImageSource & {
    /** Stores one instance: quicker than `store` where each C-STORE stands for itself. */
    storeOne?(instance: InstanceStream, options: { readonly signal: AbortSignal }): Promise<StoreOutcome>;
  };
  readonly address: ListenAddress;
  readonly aeTitle: string | readonly string[];
  /** Calling AE titles; anyone when left out. `access` says more, and comes before it. */
  readonly allowedAeTitles?: readonly string[];
  readonly access?: AccessOptions;
  readonly tls?: TlsServerOptions;
  readonly limits?: Limits;
  /** Instead of {@link dimseServices} over the source. */
  readonly services?: Services;
  /** Told of who stores, asks and reads. */
  readonly audit?: Pick<AccessLog, "add" | "accessed" | "transferred">;
  /** An association ended otherwise than by a release. */
  readonly onError?: (error: NetworkError) => void;
  /** Destinations of C-MOVE and of commitment reports, by AE title; we call them from the title that we were called by. */
  readonly destination?: (
    aeTitle: string,
    callingAeTitle: string,
  ) => DimsePeer | DimsePeerAddress | undefined;
  /** Takes instances that a C-MOVE of ours asked for, before they are stored. */
  readonly receiver?: MoveReceiver;
  /** Watches the association that comes over a connection. */
  readonly watch?: (
    remote: string | undefined,
  ) => { readonly onEvent: AssociationObserver; readonly recordDataSets?: number } | undefined;
  /** A commitment could not be reported. */
  readonly onUndelivered?: (error: unknown) => void;
}

/** Listens for associations. Anything that cannot be stored or answered becomes a status with an error comment. */
export function serveDimse(options: DimseFaceOptions): Promise<TcpServer> {
  const { address, aeTitle, allowedAeTitles = [], watch, access, tls, limits = {}, onError } = options;
  const { associations, maximumPduLength, idleSeconds } = limits;
  const allowed =
    options.allowedAeTitles === undefined ? undefined : allowedAeTitles.map((one) => ({ aeTitle: one }));
  return listenTcp(address.port, {
    host: address.host,
    aeTitle,
    authorize: told(accessRule(access?.allow ?? allowed), options.audit),
    services: options.services ?? dimseServices(options),
    ...(access?.users === undefined ? {} : { verifyIdentity: identityRule(access.users) }),
    ...(tls === undefined ? {} : { tls }),
    ...(associations === undefined ? {} : { maximumAssociations: associations }),
    ...(maximumPduLength === undefined ? {} : { maximumPduLength }),
    ...(idleSeconds === undefined ? {} : { timeouts: { idleMs: idleSeconds * 1000 } }),
    ...(watch === undefined ? {} : { onConnection: ({ remote }) => watch(remote) }),
    ...(onError === undefined ? {} : { onError }),
  });
}

/** Who is refused is noted. */
function told(
  rule: ReturnType<typeof accessRule>,
  audit: DimseFaceOptions["audit"],
): ReturnType<typeof accessRule> {
  return (request, connection) => {
    const isAllowed = rule(request, connection);
    const who = whoIs(request.callingAeTitle, connection.remote);
    if (!isAllowed) audit?.add({ event: "association-refused", who, outcome: "failure" });
    return isAllowed;
  };
}

const whoIs = (user: string, remote: string | undefined): AuditWho => ({
  user,
  // The port is another each time.
  ...(remote === undefined ? {} : { address: remote.replace(/:\d+$/, "") }),
});

const who = ({ callingAeTitle, connection }: RequestContext): AuditWho =>
  whoIs(callingAeTitle, connection.remote);

/** What the face answers, over any transport. */
export function dimseServices(options: DimseFaceOptions): Services {
  const { source, receiver, onUndelivered, audit } = options;
  const peerAt = (aeTitle: string, callingAeTitle: string): DimsePeer | undefined => {
    const peer = options.destination?.(aeTitle, callingAeTitle);
    return peer === undefined || peer instanceof DimsePeer
      ? peer
      : new DimsePeer({ ...peer, callingAeTitle });
  };
  return {
    verification: true,
    storage: {
      sopClasses: "any",
      async onStore(bytes, request, context) {
        const awaited = await receiver?.offer(bytes, request);
        if (awaited !== undefined) return awaited;
        const outcome = await storeIn(source, bytes, request, context.signal);
        audit?.transferred("instances-stored", who(context), outcome);
        const { status: code, reason } = outcome;
        return { code, ...(reason === undefined ? {} : { errorComment: reason }) };
      },
    },
    ...queryRetrieveServices({
      source,
      isLocal: source.capabilities().kind === "local",
      extended: { relational: true, fuzzy: true, combinedDateTime: true },
      onQuery: (level, context) => audit?.accessed("query", who(context), { detail: level }),
      onRead: ({ studyInstanceUid: study }, context) =>
        audit?.accessed("instances-accessed", who(context), { study }),
      destination(title, callingAeTitle) {
        const peer = peerAt(title, callingAeTitle);
        if (peer === undefined) return undefined;
        return {
          connect: (contexts, signal) => peer.associate(contexts, signal === undefined ? {} : { signal }),
          parallel: peer.options.parallel ?? 1,
        };
      },
    }),
    normalized: [
      storageCommitmentService({
        commit: (instances) => commitFrom(source, instances),
        async deliver(result, { aeTitle: title, from }) {
          const peer = peerAt(title, from);
          if (peer === undefined)
            throw new Error(`There is no peer with the AE title ${title} to report to.`);
          await report(peer, result);
        },
        onError: (error) => onUndelivered?.(error),
      }),
    ],
  };
}

async function storeIn(
  source: DimseFaceOptions["source"],
  bytes: AsyncIterable<Uint8Array>,
  request: StoreRequest,
  signal: AbortSignal,
): Promise<StoreOutcome> {
  const instance: InstanceStream = {
    sopClassUid: request.affectedSopClassUid,
    sopInstanceUid: request.affectedSopInstanceUid,
    transferSyntaxUid: request.transferSyntaxUid,
    sourceAeTitle: request.callingAeTitle,
    dataSet: () => bytes,
  };
  return source.storeOne === undefined
    ? firstOf(source.store([instance], { signal }))
    : source.storeOne(instance, { signal });
}

async function firstOf(outcomes: AsyncIterable<StoreOutcome>): Promise<StoreOutcome> {
  for await (const outcome of outcomes) return outcome;
  throw new Error("The source gave no outcome.");
}

async function report(peer: DimsePeer, result: CommitmentResult): Promise<void> {
  const association = await peer.associate([commitmentReportContext]);
  await using _ = association;
  await reportStorageCommitment(association, result);
  await association.release();
}
