/** What an association ended with: the errors that its user gets, and the answer that the upper layer gives by itself. */
import {
  AssociationAbortedError,
  AssociationRejectedError,
  NetworkError,
  RemoteProtocolError,
} from "../errors.ts";
import {
  type AAbort,
  type AAssociateRj,
  type AAssociateRq,
  AbortReason,
  abortReasonWords,
} from "../pdu/types.ts";
import { type Event, eventDescriptions, type State, stateDescriptions } from "./names.generated.ts";

/** AE-6, for a request of a version that is not ours (PS3.8 9.3.4). */
export const versionRejection: AAssociateRj = {
  kind: "A-ASSOCIATE-RJ",
  result: "rejected-permanent",
  source: "service-provider-acse",
  reason: "protocol-version-not-supported",
};

export function unexpectedPduError(event: Event, state: State): RemoteProtocolError {
  return new RemoteProtocolError(
    `Unexpected from the peer: ${eventDescriptions[event]} while ${stateDescriptions[state]}.`,
    AbortReason.UnexpectedPdu,
  );
}

export function closeError(error: Error | undefined): NetworkError {
  if (error === undefined) {
    return new NetworkError(
      "connection-closed",
      "The peer closed the connection without releasing the association.",
    );
  }
  if (error instanceof NetworkError) return error;
  return new NetworkError("connection-failed", `The connection broke: ${error.message}`, { cause: error });
}

export function rejectedError(
  pdu: AAssociateRj,
  request: AAssociateRq | undefined,
): AssociationRejectedError {
  return new AssociationRejectedError(pdu, {
    calling: request?.callingAeTitle ?? "",
    called: request?.calledAeTitle ?? "",
  });
}

export function rejectedByUsError({ reason }: AAssociateRj): NetworkError {
  return new NetworkError("association-rejected", `The association request was rejected: ${reason}.`);
}

export function abortedError(pdu: AAbort): AssociationAbortedError {
  return pdu.source === 0
    ? new AssociationAbortedError("service-user", "by the application")
    : new AssociationAbortedError("service-provider", abortReasonWords(pdu.reason));
}
