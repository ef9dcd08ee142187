/** What the two ends of a WebSocket agree on beside DICOM's bytes. */
import { NetworkError, type NetworkErrorCode } from "../errors.ts";

/**
 * The subprotocol with flow control. Binary messages are DICOM's bytes, in any cut; a text message is a decimal number of
 * bytes that its sender has taken and the other side may send again. Each side begins with {@link flowWindow}.
 *
 * WebSockets have no backpressure of their own for who receives: a browser queues what comes, whatever the page does.
 */
export const flowProtocol = "isocenter.dicom.1";

/** Bytes that may be under way, a message more at most. */
export const flowWindow = 1 << 20;

/** Why a relay ends a WebSocket (RFC 6455 7.4.2: 4000–4999 are for private use); the reason says it in words. */
export const RelayClose = {
  /** No such target is allowed. */
  NotAllowed: 4001,
  /** The target could not be reached. */
  Unreachable: 4002,
  /** The connection to the target broke. */
  Broken: 4003,
  /** Nothing was sent for too long. */
  Idle: 4004,
  /** There are too many connections already. */
  TooMany: 4005,
  /** A message that was not binary, or more than there was credit for. */
  Protocol: 4006,
} as const;

/** What a close code means for an association; undefined when the other side closed in order. */
export function closeError(code: number, reason: string): NetworkError | undefined {
  if (code === 1000 || code === 1001 || code === 1005) return undefined; // 1005: closed without a code
  const known = relayErrors[code];
  if (known !== undefined)
    return new NetworkError(known, reason === "" ? `The relay closed (${code}).` : reason);
  const words = reason === "" ? "" : `: ${reason}`;
  return code === 1006
    ? new NetworkError("connection-failed", "The WebSocket broke, or was refused.")
    : new NetworkError("connection-failed", `The WebSocket was closed with code ${code}${words}.`);
}

const relayErrors: Readonly<Record<number, NetworkErrorCode>> = {
  [RelayClose.NotAllowed]: "connection-refused",
  [RelayClose.Unreachable]: "host-unreachable",
  [RelayClose.Broken]: "connection-failed",
  [RelayClose.Idle]: "connection-closed",
  [RelayClose.TooMany]: "connection-refused",
  [RelayClose.Protocol]: "connection-failed",
};

/** A reason takes 123 bytes of UTF-8 (RFC 6455 5.5). */
export function closeReason(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength <= 123) return text;
  return `${new TextDecoder().decode(bytes.subarray(0, 117)).replace(/\uFFFD+$/, "")}…`;
}
