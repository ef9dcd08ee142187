/** Who may open associations: by AE title, by where from, by certificate, by user identity (PS3.7 D.3.3.7). */
import { BlockList, isIP } from "node:net";
import type { AAssociateRq, TransportDescription, UserIdentity } from "@isocenter/network";
import type { AllowRule, ServerConfig } from "../config/config.ts";

export interface AccessOptions {
  /** Anyone when left out. */
  readonly allow?: readonly AllowRule[];
  readonly users?: NonNullable<ServerConfig["users"]>;
}

type Authorize = (request: Pick<AAssociateRq, "callingAeTitle">, connection: TransportDescription) => boolean;

/** One of the rules has to say yes, as a whole. */
export function accessRule(allow: readonly AllowRule[] | undefined): Authorize {
  if (allow === undefined) return () => true;
  const rules = allow.map(({ aeTitle, addresses, fingerprints }) => ({
    aeTitle,
    from: addresses === undefined ? undefined : networks(addresses),
    fingerprints: fingerprints?.map((one) => one.replaceAll(":", "").toLowerCase()),
  }));
  return ({ callingAeTitle }, { remote = "", security }) =>
    rules.some(
      ({ aeTitle, from, fingerprints }) =>
        aeTitle === callingAeTitle &&
        (from === undefined || from(addressOf(remote))) &&
        (fingerprints === undefined ||
          fingerprints.includes(security?.peerCertificate?.fingerprint256 ?? "none")),
    );
}

/** Without an identity the association is let in unless one is required; with one, it must be right. */
export function identityRule({
  required = false,
  verify,
}: NonNullable<ServerConfig["users"]>): (identity: UserIdentity | undefined) => Promise<boolean> {
  return async (identity) => {
    if (identity === undefined) return !required;
    // Tickets, assertions and tokens need somebody to ask; names alone prove nothing.
    if (identity.type !== "username-and-passcode" || identity.secondary === undefined) return false;
    const decoder = new TextDecoder();
    return verify(decoder.decode(identity.primary), decoder.decode(identity.secondary));
  };
}

/** `address:port`, with brackets around an IPv6 address or without. */
function addressOf(remote: string): string {
  const address = remote.slice(0, Math.max(0, remote.lastIndexOf(":"))).replace(/^\[|\]$/g, "");
  // An IPv4 client of a listener for both.
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function networks(addresses: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const one of addresses) {
    const [network = "", bits] = one.split("/");
    const family = isIP(network) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
