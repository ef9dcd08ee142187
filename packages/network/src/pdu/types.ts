/** Protocol data units, PS3.8 9.3, as plain objects. P-DATA-TF has no object: its fragments are handed on as views. */
import type { RejectResult, RejectSource } from "../errors.ts";

/** A context as the requestor offers it, PS3.8 9.3.2.2. */
export interface PresentationContextRq {
  readonly abstractSyntaxUid: string;
  readonly transferSyntaxUids: readonly string[];
  /** Odd, 1–255. */
  readonly id: number;
}

export const contextResults = [
  "acceptance",
  "user-rejection",
  "no-reason",
  "abstract-syntax-not-supported",
  "transfer-syntaxes-not-supported",
] as const;
export type ContextResult = (typeof contextResults)[number];

/** What the acceptor made of one context, PS3.8 9.3.3.2. */
export interface PresentationContextResult {
  readonly id: number;
  readonly result: ContextResult;
  /** Only significant with the result `acceptance`. */
  readonly transferSyntaxUid: string;
}

/** SCP/SCU role selection, PS3.7 D.3.3.4. */
export interface RoleSelection {
  readonly sopClassUid: string;
  readonly scuRole: boolean;
  readonly scpRole: boolean;
}

/** Asynchronous operations window, PS3.7 D.3.3.3; 0 means no limit. */
export interface AsynchronousOperations {
  /** Operations that the sender of the item may have under way at the other side. */
  readonly invoked: number;
  /** Operations that it performs at a time for the other side. */
  readonly performed: number;
}

/** SOP class extended negotiation, PS3.7 D.3.3.5. */
export interface ExtendedNegotiation {
  readonly sopClassUid: string;
  /** Service class application information; its meaning is the service's (PS3.4 C.5 for queries). */
  readonly information: Uint8Array;
}

/** SOP class common extended negotiation, PS3.7 D.3.3.6: only in a request. */
export interface CommonExtendedNegotiation {
  readonly sopClassUid: string;
  readonly serviceClassUid: string;
  readonly relatedGeneralSopClassUids: readonly string[];
}

/** User identity types by their numbers, PS3.7 Table D.3-14. */
export const userIdentityTypes = [
  undefined,
  "username",
  "username-and-passcode",
  "kerberos",
  "saml",
  "jwt",
] as const;
export type UserIdentityType = NonNullable<(typeof userIdentityTypes)[number]>;

/** User identity, PS3.7 D.3.3.7. */
export interface UserIdentity {
  readonly type: UserIdentityType;
  /** The user name, Kerberos service ticket, SAML assertion or JSON web token. */
  readonly primary: Uint8Array;
  /** The passcode; only with `username-and-passcode`. */
  readonly secondary?: Uint8Array;
  readonly positiveResponseRequested: boolean;
}

/** A sub-item of user information that this library hands through without reading it. */
export interface OpaqueItem {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** User information, PS3.7 D.3.3. */
export interface UserInformation {
  /** Bytes of variable field that may be sent in one P-DATA-TF; 0 means no limit. */
  readonly maximumPduLength: number;
  readonly implementationClassUid: string;
  readonly implementationVersionName?: string;
  readonly asynchronousOperations?: AsynchronousOperations;
  readonly roleSelections?: readonly RoleSelection[];
  readonly extendedNegotiations?: readonly ExtendedNegotiation[];
  readonly commonExtendedNegotiations?: readonly CommonExtendedNegotiation[];
  /** In a request. */
  readonly userIdentity?: UserIdentity;
  /** In an acceptance: the server's answer to an identity that asked for one; empty for names and passcodes. */
  readonly userIdentityResponse?: Uint8Array;
  readonly others?: readonly OpaqueItem[];
}

interface AAssociate {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContextName: string;
  readonly userInformation: UserInformation;
}

export interface AAssociateRq extends AAssociate {
  readonly kind: "A-ASSOCIATE-RQ";
  readonly protocolVersion: number;
  readonly contexts: readonly PresentationContextRq[];
}

export interface AAssociateAc extends AAssociate {
  readonly kind: "A-ASSOCIATE-AC";
  readonly protocolVersion: number;
  readonly contexts: readonly PresentationContextResult[];
}

export interface AAssociateRj {
  readonly kind: "A-ASSOCIATE-RJ";
  readonly result: RejectResult;
  readonly source: RejectSource;
  readonly reason: string;
}

export interface AReleaseRq {
  readonly kind: "A-RELEASE-RQ";
}

export interface AReleaseRp {
  readonly kind: "A-RELEASE-RP";
}

export interface AAbort {
  readonly kind: "A-ABORT";
  /** 0 service-user, 2 service-provider. */
  readonly source: number;
  readonly reason: number;
}

export type Pdu = AAssociateRq | AAssociateAc | AAssociateRj | AReleaseRq | AReleaseRp | AAbort;

export const PduType = {
  AAssociateRq: 0x01,
  AAssociateAc: 0x02,
  AAssociateRj: 0x03,
  PDataTf: 0x04,
  AReleaseRq: 0x05,
  AReleaseRp: 0x06,
  AAbort: 0x07,
} as const;

/** DICOM application context, PS3.7 A.2.1. */
export const applicationContextName = "1.2.840.10008.3.1.1.1";

/** Reject results, sources and reasons by their numbers, PS3.8 Table 9-21. */
export const rejectResults: readonly (RejectResult | undefined)[] = [
  undefined,
  "rejected-permanent",
  "rejected-transient",
];
export const rejectSources: readonly (RejectSource | undefined)[] = [
  undefined,
  "service-user",
  "service-provider-acse",
  "service-provider-presentation",
];
export const rejectReasons: Readonly<
  Record<RejectSource, readonly (readonly [code: number, words: string])[]>
> = {
  "service-user": [
    [1, "no-reason-given"],
    [2, "application-context-name-not-supported"],
    [3, "calling-AE-title-not-recognized"],
    [7, "called-AE-title-not-recognized"],
  ],
  "service-provider-acse": [
    [1, "no-reason-given"],
    [2, "protocol-version-not-supported"],
  ],
  "service-provider-presentation": [
    [1, "temporary-congestion"],
    [2, "local-limit-exceeded"],
  ],
};

/** A-ABORT reasons of the service provider, PS3.8 Table 9-26. */
export const AbortReason = {
  NotSpecified: 0,
  UnrecognizedPdu: 1,
  UnexpectedPdu: 2,
  UnrecognizedPduParameter: 4,
  UnexpectedPduParameter: 5,
  InvalidPduParameterValue: 6,
} as const;

export function abortReasonWords(reason: number): string {
  const words: Readonly<Record<number, string>> = {
    0: "reason-not-specified",
    1: "unrecognized-PDU",
    2: "unexpected-PDU",
    4: "unrecognized-PDU-parameter",
    5: "unexpected-PDU-parameter",
    6: "invalid-PDU-parameter-value",
  };
  return words[reason] ?? `reason ${reason}`;
}
