/** Names the protocol of a peer that is no DICOM peer, from the first bytes it sent. */
import { RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";

/** @param role ours: a requestor came to the wrong port, an acceptor was called by somebody who did */
export function recogniseProtocol(
  greeting: Uint8Array,
  role: "requestor" | "acceptor",
): RemoteProtocolError | undefined {
  const text = String.fromCharCode(...greeting);
  const name = protocolName(greeting, text);
  if (name === undefined) return undefined;
  const isTls = name === "TLS";
  const what =
    role === "requestor"
      ? `this is not the DICOM port${isTls ? ", or it needs TLS" : ""}`
      : isTls
        ? "this port takes plain DICOM, or has to be set up for TLS"
        : "it may have the wrong port";
  return new RemoteProtocolError(
    `The other side speaks ${name}, not DICOM: ${what}.`,
    AbortReason.UnrecognizedPdu,
    "wrong-protocol",
  );
}

function protocolName(greeting: Uint8Array, text: string): string | undefined {
  if (text.startsWith("HTTP/") || /^(GET|POST|HEAD|PUT|OPTIONS|CONNECT) /.test(text)) return "HTTP";
  // A TLS record: alert (15) or handshake (16), version 03 xx.
  if ((greeting[0] === 0x15 || greeting[0] === 0x16) && greeting[1] === 0x03) return "TLS";
  if (text.startsWith("SSH-")) return "SSH";
  if (text.startsWith("\u000bMSH|")) return "HL7";
  if (/^220[ -]/.test(text)) return "mail or FTP";
  return undefined;
}
