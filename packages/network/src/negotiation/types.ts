/**
 * What two sides offer and agree on, in the three stages of its life: proposal, result (PS3.8 9.3.3.2, in the PDU) and
 * negotiated. One shape serves both roles.
 */
import type {
  AsynchronousOperations,
  ContextResult,
  ExtendedNegotiation,
  UserIdentity,
} from "../pdu/types.ts";

/** A context that the requestor wants, PS3.8 9.3.2.2. */
export interface PresentationContextProposal {
  readonly abstractSyntaxUid: string;
  /** In order of preference. */
  readonly transferSyntaxUids: readonly string[];
  /**
   * Role of the requestor in this SOP class (PS3.7 D.3.3.4). Default `scu`, which needs no negotiation; a requestor that
   * receives the instances of a C-GET is an `scp` of their SOP classes.
   */
  readonly role?: "scu" | "scp" | "both";
}

/** Proposal and result together: what an association works with. */
export interface PresentationContextNegotiated {
  readonly id: number;
  readonly abstractSyntaxUid: string;
  readonly result: ContextResult;
  /** Undefined when the context was not accepted. */
  readonly transferSyntaxUid: string | undefined;
  /** Roles that the requestor of the association has in it. */
  readonly requestorRoles: { readonly scu: boolean; readonly scp: boolean };
}

/** What was agreed. */
export interface AcceptedAssociation {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly contexts: readonly PresentationContextNegotiated[];
  /** Bytes that the peer takes in one P-DATA-TF; 0 means no limit. */
  readonly maximumPduLength: number;
  /** The peer's. */
  readonly implementationClassUid: string;
  readonly implementationVersionName: string | undefined;
  /** Seen from this side: operations that we may invoke at a time, and that we perform at a time; 0 means no limit. */
  readonly asynchronousOperations: AsynchronousOperations;
  /** What was agreed on by SOP class extended negotiation. */
  readonly extendedNegotiations: readonly ExtendedNegotiation[];
  /** Acceptor: who the requestor says it is, after `verifyIdentity` let it in. */
  readonly userIdentity?: UserIdentity;
  /** Requestor: what the acceptor answered to an identity that asked for an answer. */
  readonly userIdentityResponse?: Uint8Array;
}

/** Who asks, as a program says it; see {@link UserIdentity} for what goes over the wire. */
export type UserIdentityInit = { readonly positiveResponseRequested?: boolean } & (
  | { readonly username: string; readonly passcode?: string }
  | { readonly jwt: string }
  | { readonly saml: string | Uint8Array }
  | { readonly kerberos: Uint8Array }
);

/** Bytes that the peer may send in one P-DATA-TF, where the program says nothing. */
export const defaultMaximumPduLength = 131_072;

/** One operation at a time: what holds without negotiation (PS3.7 D.3.3.3). */
export const synchronous: AsynchronousOperations = { invoked: 1, performed: 1 };
