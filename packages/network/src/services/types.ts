/**
 * What a program gives to serve requests: handlers per service. A handler that throws becomes a failure status and the
 * association lives on; a status of success is sent when the handler's promise resolves, not before.
 *
 * Both roles may serve: an acceptor as a rule; a requestor for the instances of a C-GET and for event reports.
 */
import type { DataSet } from "@isocenter/dicom";
import type { CStoreRq } from "../dimse/types.ts";
import type { AcceptedAssociation } from "../negotiation/types.ts";
import type { TransportDescription } from "../transport.ts";
import type { FindModel, RetrieveModel } from "./models.ts";
import type { ServiceUser, StoreInstance } from "./service-user.ts";

/** What a handler answers: a status code, with a comment for the log at the other side where it helps. */
export type StatusAnswer = number | { readonly code: number; readonly errorComment?: string };

export interface RequestContext {
  /** Aborted when the association ends, or the peer cancels the operation. */
  readonly signal: AbortSignal;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** What was negotiated: contexts, identity, windows. */
  readonly association: AcceptedAssociation;
  /** Both ends of the connection, and how it is secured. */
  readonly connection: TransportDescription;
  /** Operations towards the peer on the same association, such as N-EVENT-REPORT. */
  readonly peer: ServiceUser;
  /** Runs work when the response was sent; its failure is the work's own to handle. */
  readonly afterResponse: (work: () => Promise<void>) => void;
}

export interface StoreRequest extends CStoreRq {
  readonly transferSyntaxUid: string;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

/** Resolve only when the instance is safe: the answer is sent then. A throw answers 0110H. */
export type StoreHandler = (
  bytes: AsyncIterable<Uint8Array>,
  request: StoreRequest,
  context: RequestContext,
) => Promise<StatusAnswer>;

export interface StorageService {
  /** SOP classes to accept; `"any"` takes everything that no other service claims. */
  readonly sopClasses: readonly string[] | "any";
  /** Default: every registered syntax. */
  readonly transferSyntaxUids?: readonly string[];
  /** Whether the order of `transferSyntaxUids` decides, or the requestor's. Default: the requestor's. */
  readonly preferOwnOrder?: boolean;
  readonly onStore: StoreHandler;
}

export interface QueryService {
  readonly models: readonly FindModel[];
  /** What is agreed to when a requestor asks for it (PS3.4 C.5.1.1). */
  readonly extended?: QueryExtensions;
  /** A throw answers C001H with its message; the message must hold no patient data. */
  onFind(
    identifier: DataSet,
    context: RequestContext & { readonly model: FindModel; readonly extended: QueryExtensions },
  ): AsyncIterable<DataSet>;
}

export interface QueryExtensions {
  readonly relational?: boolean;
  readonly combinedDateTime?: boolean;
  readonly fuzzy?: boolean;
  readonly timezoneAdjustment?: boolean;
}

/** The instances that a retrieval found. */
export interface Retrieval {
  /** How many there are, where it is known; the peer is told how many remain. */
  readonly count?: number;
  readonly instances: Iterable<StoreInstance> | AsyncIterable<StoreInstance>;
  /** The instances are streams that end when the next is asked for: one goes at a time. */
  readonly isLive?: boolean;
}

export interface RetrieveService {
  readonly models: readonly RetrieveModel[];
  /** Whether relational retrieval is agreed to (PS3.4 C.5.2.1). */
  readonly relational?: boolean;
  /** What an identifier selects. A throw answers C001H, or A900H with an {@link IdentifierError}. */
  onRetrieve(
    identifier: DataSet,
    context: RequestContext & { readonly model: RetrieveModel },
  ): Promise<Retrieval>;
  /** C-MOVE: how to reach a destination; undefined answers A801H, "Move Destination unknown". */
  destination?(
    aeTitle: string,
    context: RequestContext,
  ): MoveDestination | undefined | Promise<MoveDestination | undefined>;
  /** Re-encodes what the receiver does not take as it is. */
  readonly transcode?: Transcode;
}

/** Opens associations to where a C-MOVE sends, with the destination's own address, TLS and AE titles. */
export interface MoveDestination {
  readonly connect: ConnectForStorage;
  /** Associations at a time. Default 1. */
  readonly parallel?: number;
}

/** Opens an association that offers these contexts. */
export type ConnectForStorage = (
  contexts: readonly { readonly abstractSyntaxUid: string; readonly transferSyntaxUids: readonly string[] }[],
  signal: AbortSignal | undefined,
) => Promise<ServiceUser & { release(): Promise<unknown>; abort(): void }>;

/**
 * Re-encodes an instance in one of the given syntaxes, the first that it can; undefined when it can none.
 * @throws what makes this instance fail
 */
export type Transcode = (
  instance: StoreInstance,
  transferSyntaxUids: readonly string[],
) => Promise<StoreInstance | undefined>;

/** N-services of some SOP classes, PS3.7 10. */
export interface NormalizedService {
  readonly sopClassUids: readonly string[];
  /** Role of this side in the SOP class. Default `scp`; who only takes event reports is an `scu`. */
  readonly role?: "scp" | "scu";
  /** A throw answers 0110H. */
  onRequest(request: NormalizedRequest, context: RequestContext): Promise<NormalizedAnswer>;
}

export type NormalizedOperation = "N-EVENT-REPORT" | "N-GET" | "N-SET" | "N-ACTION" | "N-CREATE" | "N-DELETE";

export interface NormalizedRequest {
  readonly operation: NormalizedOperation;
  /** Affected or requested SOP Class UID, and the instance; N-CREATE may leave the instance to the SCP. */
  readonly sopClassUid: string;
  readonly sopInstanceUid: string | undefined;
  readonly eventTypeId: number | undefined;
  readonly actionTypeId: number | undefined;
  /** N-GET: the attributes wanted; all when left out. */
  readonly attributeIdentifierList: readonly number[] | undefined;
  readonly dataSet: DataSet | undefined;
}

export interface NormalizedAnswer {
  readonly status: number;
  /** N-CREATE: the UID that the SCP chose. */
  readonly sopInstanceUid?: string;
  readonly dataSet?: DataSet;
  readonly errorComment?: string;
  /** Finer than the status, where the service defines it (PS3.7 C.5). */
  readonly errorId?: number;
  /** With 0107H, 0120H and the like: the attributes at fault. */
  readonly attributeIdentifierList?: readonly number[];
}

export interface Services {
  readonly verification?: boolean;
  readonly storage?: StorageService;
  readonly query?: QueryService;
  readonly retrieve?: RetrieveService;
  readonly normalized?: readonly NormalizedService[];
}

/** Thrown by `onFind` and `onRetrieve`: the identifier does not fit the model (A900H). */
export class IdentifierError extends Error {
  override readonly name = "IdentifierError";
}
