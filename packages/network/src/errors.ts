/**
 * Errors of the network. Fields carry what the standard's PDUs and statuses say; messages put it in words a user can
 * act on, without patient data.
 */
import { IsocenterError, uidName } from "@isocenter/dicom";

export type NetworkErrorCode =
  | "connection-refused"
  | "host-not-found"
  | "host-unreachable"
  | "connection-closed"
  | "connection-failed"
  | "wrong-protocol"
  | "tls-failed"
  | "certificate-untrusted"
  | "certificate-expired"
  | "certificate-name-mismatch"
  | "client-certificate-required"
  | "association-rejected"
  | "association-aborted"
  | "no-accepted-context"
  | "association-busy"
  | "association-ended"
  | "argument-invalid"
  | "protocol-violated"
  | "connect-timeout"
  | "association-timeout"
  | "dimse-timeout"
  | "idle-timeout"
  | "artim-timeout"
  | "dimse-status";

export class NetworkError extends IsocenterError {
  override readonly name: string = "NetworkError";
  declare readonly code: NetworkErrorCode;

  constructor(code: NetworkErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}

export type RejectResult = "rejected-permanent" | "rejected-transient";
export type RejectSource = "service-user" | "service-provider-acse" | "service-provider-presentation";

/** The peer answered A-ASSOCIATE-RJ (PS3.8 9.3.4). */
export class AssociationRejectedError extends NetworkError {
  override readonly name = "AssociationRejectedError";
  readonly result: RejectResult;
  readonly source: RejectSource;
  readonly reason: string;

  constructor(
    rejection: { result: RejectResult; source: RejectSource; reason: string },
    titles: { calling: string; called: string },
  ) {
    super(
      "association-rejected",
      `The peer rejected the association: ${rejectWords(rejection.reason, titles)}`,
    );
    this.result = rejection.result;
    this.source = rejection.source;
    this.reason = rejection.reason;
  }
}

function rejectWords(reason: string, { calling, called }: { calling: string; called: string }): string {
  switch (reason) {
    case "called-AE-title-not-recognized":
      return `it does not go by the called AE title "${called}".`;
    case "calling-AE-title-not-recognized":
      return `it does not know the calling AE title "${calling}".`;
    case "application-context-name-not-supported":
      return "it does not support the DICOM application context.";
    case "protocol-version-not-supported":
      return "it does not support this version of the DICOM protocol.";
    case "temporary-congestion":
      return "it is busy at the moment.";
    case "local-limit-exceeded":
      return "it has too many associations open at the moment.";
    default:
      return `it gave ${reason === "no-reason-given" ? "no reason" : `the reason ${reason}`}.`;
  }
}

/** An A-ABORT ended the association, PS3.8 9.3.8. */
export class AssociationAbortedError extends NetworkError {
  override readonly name = "AssociationAbortedError";
  readonly source: "service-user" | "service-provider";
  readonly reason: string;

  constructor(source: "service-user" | "service-provider", reason: string) {
    super(
      "association-aborted",
      source === "service-user"
        ? "The peer aborted the association."
        : `The peer's protocol layer aborted the association: ${reason}.`,
    );
    this.source = source;
    this.reason = reason;
  }
}

/** A presentation context as an error tells of it. */
export interface RefusedContext {
  readonly abstractSyntaxUid: string;
  readonly result: string;
  readonly transferSyntaxUid: string | undefined;
}

/** An operation needs a presentation context that was not accepted, or not offered. */
export class NoAcceptedContextError extends NetworkError {
  override readonly name = "NoAcceptedContextError";
  readonly abstractSyntaxUid: string;
  /** The syntax that was needed; undefined when any would have done. */
  readonly transferSyntaxUid: string | undefined;
  /** What became of the contexts with this abstract syntax; none when it was not offered. */
  readonly contexts: readonly RefusedContext[];

  constructor(
    abstractSyntaxUid: string,
    transferSyntaxUid: string | undefined,
    contexts: readonly RefusedContext[],
  ) {
    const name = uidName(abstractSyntaxUid) ?? abstractSyntaxUid;
    const syntax =
      transferSyntaxUid === undefined ? "" : ` in ${uidName(transferSyntaxUid) ?? transferSyntaxUid}`;
    super(
      "no-accepted-context",
      `${name}${syntax} cannot be used on this association: ${contextWords(contexts)}.`,
    );
    this.abstractSyntaxUid = abstractSyntaxUid;
    this.transferSyntaxUid = transferSyntaxUid;
    this.contexts = contexts.map(({ abstractSyntaxUid: uid, result, transferSyntaxUid: accepted }) => ({
      abstractSyntaxUid: uid,
      result,
      transferSyntaxUid: accepted,
    }));
  }
}

function contextWords(contexts: readonly RefusedContext[]): string {
  if (contexts.length === 0) return "it was not offered";
  const accepted = contexts.flatMap(({ transferSyntaxUid: uid }) => (uid === undefined ? [] : [uid]));
  if (accepted.length > 0) {
    const names = [...new Set(accepted)].map((uid) => uidName(uid) ?? uid);
    return `the peer takes it only in ${names.join(", ")}`;
  }
  return `the peer answered ${[...new Set(contexts.map(({ result }) => result))].join(", ")}`;
}

/** The program used the library in a way the protocol does not allow. */
export class LocalProtocolError extends NetworkError {
  override readonly name = "LocalProtocolError";
}

/** The peer broke the protocol; the association was aborted with `abortReason` (PS3.8 Table 9-26). */
export class RemoteProtocolError extends NetworkError {
  override readonly name = "RemoteProtocolError";
  readonly abortReason: number;

  constructor(message: string, abortReason: number, code: NetworkErrorCode = "protocol-violated") {
    super(code, message);
    this.abortReason = abortReason;
  }
}

export type TimerName = "connect" | "association" | "dimse" | "idle" | "artim";

export class TimeoutError extends NetworkError {
  override readonly name = "TimeoutError";
  readonly timer: TimerName;
  /** Milliseconds that were waited. */
  readonly ms: number;

  constructor(timer: TimerName, ms: number) {
    super(`${timer}-timeout`, timeoutWords[timer](ms / 1000));
    this.timer = timer;
    this.ms = ms;
  }
}

const timeoutWords: Readonly<Record<TimerName, (seconds: number) => string>> = {
  connect: (seconds) => `No connection within ${seconds} s.`,
  association: (seconds) => `The peer did not answer the association request within ${seconds} s.`,
  dimse: (seconds) => `The peer did not answer within ${seconds} s.`,
  idle: (seconds) => `The association was idle for ${seconds} s.`,
  artim: (seconds) => `The peer did not go on within ${seconds} s (ARTIM).`,
};

export interface DimseStatus {
  readonly code: number;
  readonly category: "success" | "pending" | "cancel" | "warning" | "failure";
  /** In the standard's words. */
  readonly meaning: string;
}

/** The peer answered a request with a failure status (PS3.7 Annex C). */
export class DimseStatusError extends NetworkError {
  override readonly name = "DimseStatusError";
  /** `C-STORE`, `C-FIND` … */
  readonly operation: string;
  readonly status: DimseStatus;
  /** The whole response: error comment, offending elements, counters. */
  readonly response: object;

  constructor(
    operation: string,
    status: DimseStatus,
    response: { readonly errorComment?: string | undefined },
  ) {
    const code = status.code.toString(16).toUpperCase().padStart(4, "0");
    const comment = response.errorComment === undefined ? "" : ` (${response.errorComment})`;
    super("dimse-status", `The peer answered ${operation} with ${code}H: ${status.meaning}${comment}.`);
    this.operation = operation;
    this.status = status;
    this.response = response;
  }
}
