/**
 * The TLS profiles of PS3.15 Annex B as what OpenSSL is told. None takes less than TLS 1.2, and none falls back to a plain
 * connection.
 *
 * `@SECLEVEL=2` makes OpenSSL refuse RSA and DH keys under 2048 bits, curves under 224 bits and SHA-1 signatures, also in
 * certificates (RFC 9325 4.5).
 */

export interface TlsProfile {
  /** The name in PS3.15. */
  readonly title: string;
  readonly minimumVersion: "TLSv1.2";
  readonly maximumVersion: "TLSv1.2" | "TLSv1.3";
  /** Preferred first. */
  readonly cipherSuites: readonly string[];
}

/** TLS 1.3's own suites (RFC 8446 B.4): all of them are AEAD with forward secrecy. */
const tls13 = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"];

/** RFC 9325 4.2, "Cipher Suites for TLS 1.2". */
const rfc9325 = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
];

/** RFC 7525 4.2, which PS3.15 B.10 requires in full: DHE beside ECDHE, RSA certificates. */
const rfc7525 = [
  "ECDHE-RSA-AES256-GCM-SHA384",
  "DHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-AES128-GCM-SHA256",
];

/** PS3.15 B.11: those of RFC 7525 and the same with ECDSA certificates, and no others. */
const extended = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", ...rfc7525];

export const tlsProfiles = {
  bcp195: {
    title: "BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile (PS3.15 B.12)",
    minimumVersion: "TLSv1.2",
    maximumVersion: "TLSv1.3",
    cipherSuites: [...tls13, ...rfc9325],
  },
  "bcp195-modified": {
    title: "Modified BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile (PS3.15 B.13)",
    minimumVersion: "TLSv1.2",
    maximumVersion: "TLSv1.3",
    // B.13 also lists CCM and Camellia suites; Node's OpenSSL is built without them for TLS 1.2.
    cipherSuites: [
      ...tls13,
      "TLS_AES_128_CCM_SHA256",
      "TLS_AES_128_CCM_8_SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
      "ECDHE-RSA-CHACHA20-POLY1305",
      "ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-RSA-AES128-GCM-SHA256",
    ],
  },
  "bcp195-non-downgrading": {
    title: "Non-Downgrading BCP 195 TLS Secure Transport Connection Profile (PS3.15 B.10)",
    minimumVersion: "TLSv1.2",
    maximumVersion: "TLSv1.3",
    // "Additional cipher suites of similar or greater cryptographic strength may be supported": those of TLS 1.3.
    cipherSuites: [...tls13, ...rfc7525],
  },
  "bcp195-extended": {
    title: "Extended BCP 195 TLS Secure Transport Connection Profile (PS3.15 B.11)",
    minimumVersion: "TLSv1.2",
    // B.11 names suites of TLS 1.2 and allows no others; peers that hold to it speak no 1.3 either.
    maximumVersion: "TLSv1.2",
    cipherSuites: extended,
  },
} as const satisfies Readonly<Record<string, TlsProfile>>;

export type TlsProfileName = keyof typeof tlsProfiles;

/** As `tls.createSecureContext` takes it. */
export function profileOptions(name: TlsProfileName): {
  minVersion: "TLSv1.2";
  maxVersion: "TLSv1.2" | "TLSv1.3";
  ciphers: string;
} {
  const { minimumVersion, maximumVersion, cipherSuites } = tlsProfiles[name];
  return {
    minVersion: minimumVersion,
    maxVersion: maximumVersion,
    ciphers: [...cipherSuites, "@SECLEVEL=2"].join(":"),
  };
}
