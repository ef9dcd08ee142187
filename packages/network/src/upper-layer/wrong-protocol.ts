/** Names the protocol of a peer that is no DICOM peer, from the first bytes it sent. */
import { RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";

export function recogniseProtocol(greeting: Uint8Array): RemoteProtocolError | undefined {
  const text = String.fromCharCode(...greeting);
  const name = protocolName(greeting, text);
  if (name === undefined) return undefined;
  return new RemoteProtocolError(
    `The other side speaks ${name}, not DICOM: this is not the DICOM port${name === "TLS" ? ", or it needs TLS" : ""}.`,
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
