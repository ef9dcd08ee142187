/** What OpenSSL says, in words that name the side and the file to look at. */
import { NetworkError } from "@isocenter/network";

export interface TlsSituation {
  /** The other end: `pacs.local:2762`. */
  readonly where: string;
  readonly role: "client" | "server";
  /** This side has a certificate of its own to show. */
  readonly hasCertificate: boolean;
}

/** @param cause what ended the handshake or, with TLS 1.3, the connection right after it */
export function tlsError(cause: NodeJS.ErrnoException, situation: TlsSituation): NetworkError {
  const { where, role, hasCertificate } = situation;
  const code = cause.code ?? "";
  const as = (kind: ConstructorParameters<typeof NetworkError>[0], message: string): NetworkError =>
    new NetworkError(kind, message, { cause });

  // Alerts: what the peer thinks of us. `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`, `ERR_SSL_SSLV3_ALERT_…`, `ERR_SSL_TLSV13_ALERT_…`.
  const alert = /_ALERT_(.+)$/.exec(code)?.[1];
  if (alert === "CERTIFICATE_REQUIRED") {
    return as(
      "client-certificate-required",
      `${where} asks for a client certificate, and this side has none.`,
    );
  }
  if (alert === "CERTIFICATE_EXPIRED") {
    return as("certificate-expired", `${where} says that the certificate of this side has expired.`);
  }
  if (alert !== undefined && refusals.has(alert)) {
    return as(
      "certificate-untrusted",
      `${where} does not accept the certificate of this side: add its authority to those trusted there.`,
    );
  }
  if (alert === "PROTOCOL_VERSION" || code === "ERR_SSL_UNSUPPORTED_PROTOCOL") {
    return as("tls-failed", `${where} has no TLS version in common with this side, which takes 1.2 and 1.3.`);
  }
  if (alert === "HANDSHAKE_FAILURE") {
    const hint = hasCertificate ? "" : ", or it asks for a client certificate, of which this side has none";
    return as("tls-failed", `${where} refused the TLS handshake: no cipher suite in common${hint}.`);
  }

  // What we think of the peer.
  if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") {
    return as(
      "client-certificate-required",
      `${where} showed no client certificate, which this side asks for.`,
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return as(
      "certificate-name-mismatch",
      `The certificate of ${where} is for other names: ${namesOf(cause)}. Connect by one of them, or give the name that it should have.`,
    );
  }
  if (code === "CERT_HAS_EXPIRED") {
    return as("certificate-expired", `The certificate of ${where} has expired.`);
  }
  if (code === "CERT_NOT_YET_VALID") {
    return as("certificate-expired", `The certificate of ${where} is not valid yet: compare the clocks.`);
  }
  const untrusted = untrustedWords[code];
  if (untrusted !== undefined)
    return as("certificate-untrusted", `The certificate of ${where} ${untrusted}.`);
  if (code === "ERR_SSL_NO_SHARED_CIPHER" || code === "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM") {
    return as("tls-failed", `${where} offers no cipher suite of this side's TLS profile.`);
  }
  if (notTls.has(code)) {
    return as(
      "wrong-protocol",
      role === "client"
        ? `${where} does not speak TLS: it is a plain DICOM port, or no DICOM port at all.`
        : `${where} does not speak TLS, and this port takes nothing else.`,
    );
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    return as(
      "tls-failed",
      `${where} closed the connection during the TLS handshake${
        role === "client"
          ? ": it may be a plain DICOM port, or not accept this side's certificate"
          : ": it may not trust this side's certificate"
      }.`,
    );
  }
  return as("tls-failed", `TLS with ${where} failed: ${cause.message.trim()}`);
}

/** TLS 1.3: the client is done before the server has looked at its certificate; a refusal shows as silence. */
export function closedAfterHandshake(where: string, cause?: Error): NetworkError {
  return new NetworkError(
    "tls-failed",
    `${where} closed the connection right after the TLS handshake: most likely it does not accept the certificate of this side, or misses one.`,
    { cause },
  );
}

/** RFC 8446 6.2: alerts that refuse the certificate which was shown. */
const refusals = new Set([
  "UNKNOWN_CA",
  "BAD_CERTIFICATE",
  "CERTIFICATE_UNKNOWN",
  "CERTIFICATE_REVOKED",
  "UNSUPPORTED_CERTIFICATE",
  "NO_CERTIFICATE",
  "ACCESS_DENIED",
]);

const notTls = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_RECORD_LAYER_FAILURE",
]);

/** OpenSSL's verification results (X509_V_ERR_…) that mean: not vouched for. */
const untrustedWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "is signed by itself: trust it by its fingerprint, or add it to the authorities",
  SELF_SIGNED_CERT_IN_CHAIN: "comes from an authority that this side does not trust",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "comes from an authority that this side does not trust",
  UNABLE_TO_GET_ISSUER_CERT: "comes from an authority that this side does not trust",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "comes from an authority that this side does not trust",
  CERT_UNTRUSTED: "comes from an authority that this side does not trust",
  CERT_SIGNATURE_FAILURE: "has a signature that is not its authority's",
  CERT_REVOKED: "was revoked",
  CERT_REJECTED: "was rejected",
  CERT_CHAIN_TOO_LONG: "has too long a chain",
  INVALID_CA: "comes from a certificate that is no authority",
  INVALID_PURPOSE: "is not meant for this use",
  CA_MD_TOO_WEAK: "has a chain signed with a weak digest",
  EE_KEY_TOO_SMALL: "has too short a key",
  CA_KEY_TOO_SMALL: "comes from an authority with too short a key",
};

/** "Host: a. is not in the cert's altnames: DNS:b, IP Address:127.0.0.1" */
function namesOf(cause: Error): string {
  return /altnames: (.+)$/.exec(cause.message)?.[1] ?? "none";
}
