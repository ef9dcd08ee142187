/** What to try, by what went wrong: the second sentence of every network error. */
import {
  AssociationAbortedError,
  AssociationRejectedError,
  DimseStatusError,
  type NetworkError,
  type NetworkErrorCode,
  Status,
} from "@isocenter/network";

export function hintFor(error: NetworkError): string {
  if (error instanceof AssociationRejectedError) return rejectHint(error);
  if (error instanceof AssociationAbortedError && error.source === "service-provider")
    return "Its protocol layer did not like what came; -v shows up to where it got, and a smaller --max-pdu may help.";
  if (error instanceof DimseStatusError) return statusHints[error.status.code] ?? hints["dimse-status"];
  return hints[error.code];
}

/** Of DICOMweb services: by code, because most commands never load what throws them. @returns undefined for any other */
export const webHintFor = (code: string): string | undefined => webHints[code];

const webHints: Readonly<Record<string, string>> = {
  "web-unreachable":
    "Check the URL, that the service is running, and its certificate where it is https (NODE_EXTRA_CA_CERTS names an authority).",
  "web-timeout": "The service is slow or stuck: try a smaller request, or --dimse-timeout to wait longer.",
  "web-login-refused":
    "Give a token with --token-file or ISOCENTER_TOKEN, or a user with --user and --password-file.",
  "web-redirect-refused": "Use the URL that the service is to be reached by.",
  "web-status": "Check that the URL is the DICOMweb root, which often ends in /dicom-web.",
  "web-response-invalid": "Check that the URL is the DICOMweb root, which often ends in /dicom-web.",
};

const hints: Readonly<Record<NetworkErrorCode, string>> = {
  "connection-refused":
    "Check host and port, and that the peer is running and its firewall lets this machine in.",
  "host-not-found": "Check the spelling of the host name, or use its IP address.",
  "host-unreachable": "Check the address, the network's routes, and whether a VPN has to be up.",
  "connection-closed":
    "Many PACS close without a word when they do not know the caller: check both AE titles, this machine's address in the PACS, and whether it wants TLS (--tls).",
  "connection-failed":
    "Check whether the peer wants TLS, and the network between here and there; then try again.",
  "wrong-protocol":
    "Ask for the peer's DICOM port (often 104 or 11112), and whether it wants TLS (--tls, often at 2762).",
  "tls-failed":
    "Check that the peer wants TLS on this port, and that both sides share a TLS version and cipher (--tls-profile), and whether it asks for a certificate of ours (+tls KEY CERTIFICATE).",
  "certificate-untrusted":
    "Give the authority that signed the peer's certificate with --tls-ca FILE, or trust a self-signed one by --tls-fingerprint HEX. When it is ours that is not accepted, the peer has to trust our authority.",
  "certificate-expired": "The peer's certificate has to be renewed; check the clocks of both machines, too.",
  "certificate-name-mismatch":
    "Connect by a name that is in the peer's certificate, or say with --tls-server-name which one it should have.",
  "client-certificate-required":
    "Give a key and a certificate that the peer trusts with +tls KEY CERTIFICATE.",
  "association-rejected": "Try again in a moment; if it goes on, ask the peer's administrator.",
  "association-aborted": "Try again; if it goes on, look at the peer's log.",
  "no-accepted-context":
    "Try `isocenter doctor` on the peer: it lists what the peer accepts, and in which syntaxes.",
  "association-busy": "Finish what is under way, or open another association.",
  "association-ended": "Try again; -v shows how the association ended.",
  "argument-invalid": "Check the options against --help.",
  "protocol-violated": "The peer does not keep to the standard here: -d shows the exchange for its vendor.",
  "connect-timeout":
    "The host does not answer: check the address, and firewalls on the way. --timeout waits longer.",
  "association-timeout":
    "Something listens there and says nothing: check that it is the DICOM port and no TLS is wanted. --acse-timeout waits longer.",
  "dimse-timeout": "The peer is slow or stuck: try a smaller request, or --dimse-timeout to wait longer.",
  "idle-timeout": "Nothing came for a while: try again.",
  "artim-timeout": "The peer did not finish the beginning or the end of the association: try again.",
  "dimse-status": "Change the request as the message says, or ask the peer's administrator.",
};

const statusHints: Readonly<Record<number, string>> = {
  [Status.MoveDestinationUnknown]:
    "Ask the peer's administrator to add the destination's AE title with its host and port; `isocenter get` needs no such entry.",
  [Status.OutOfResources]: "The peer is out of space or memory: tell its administrator, and try later.",
  [Status.UnableToCalculateMatches]: "Ask for less at a time: a date range, or one study.",
  [Status.IdentifierDoesNotMatch]:
    "The keys do not fit the model and level: name the level with -L, and the unique keys above it.",
  [Status.SopClassNotSupported]: "The peer does not do this: `isocenter doctor` lists what it does.",
  [Status.NotAuthorized]: "Ask the peer's administrator for the permission, or give a user with --user.",
  [Status.UnrecognizedOperation]: "The peer does not do this: `isocenter doctor` lists what it does.",
};

function rejectHint({ reason }: AssociationRejectedError): string {
  switch (reason) {
    case "called-AE-title-not-recognized":
      return "Check the peer's AE title (-aec), letter by letter: upper and lower case differ.";
    case "calling-AE-title-not-recognized":
      return "Ask the peer's administrator to add our AE title with this machine's address, or give one that it knows with -aet.";
    case "application-context-name-not-supported":
    case "protocol-version-not-supported":
      return "This is unusual: check that the port is that of a DICOM application.";
    default:
      return hints["association-rejected"];
  }
}
