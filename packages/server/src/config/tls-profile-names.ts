/** Names of the TLS profiles of PS3.15 B, as the configuration and the API take them. */
import type { TlsProfileName } from "@isocenter/network/node";

export const tlsProfileNames = [
  "bcp195",
  "bcp195-non-downgrading",
  "bcp195-modified",
  "bcp195-extended",
] as const satisfies readonly TlsProfileName[];
