/**
 * Which peers a request may spell out. On loopback anyone at this machine may name any peer; a server that others can
 * reach talks only to configured ones, or it would be a way into the network behind it. Link-local addresses, where
 * clouds keep their credentials, are never peers.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { isLoopback, type ServerConfig } from "../config/config.ts";
import { HttpProblem } from "./problem.ts";

const neverPeers = new BlockList();
neverPeers.addSubnet("169.254.0.0", 16, "ipv4");
neverPeers.addSubnet("fe80::", 10, "ipv6");
neverPeers.addAddress("fd00:ec2::254", "ipv6");

/** @throws HttpProblem 403 `peer-not-allowed` */
export async function checkSpelledOutPeer(host: string, config: Pick<ServerConfig, "http">): Promise<void> {
  if (!isLoopback(config.http.host)) {
    throw new HttpProblem(
      403,
      "peer-not-allowed",
      "Only configured peers",
      "This server can be reached from other machines, so requests may only name its configured peers.",
      "Ask its administrator to configure the peer, and name it with `peer`.",
    );
  }
  await checkHost(host);
}

/**
 * Adding a peer is spelling one out for later: where requests may not do that, they may change peers only when the
 * configuration says so.
 * @param host undefined when one is only removed
 * @throws HttpProblem 403 `peers-read-only`, `peer-not-allowed`
 */
export async function checkPeerChange(
  host: string | undefined,
  { http, peerChanges }: Pick<ServerConfig, "http" | "peerChanges">,
): Promise<void> {
  if (!(peerChanges ?? isLoopback(http.host))) {
    throw new HttpProblem(
      403,
      "peers-read-only",
      "Peers are set in the configuration",
      "This server can be reached from other machines, so its peers are changed in its configuration only.",
      "Set `peerChanges` to true in the configuration to allow it to everyone who has the token.",
    );
  }
  if (host !== undefined) await checkHost(host);
}

/** A name that is not known is reported by connecting to it. */
async function checkHost(host: string): Promise<void> {
  const addresses =
    isIP(host) === 0 ? await lookup(host, { all: true }).catch(() => []) : [{ address: host }];
  for (const { address } of addresses) {
    if (neverPeers.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")) {
      throw new HttpProblem(
        403,
        "peer-not-allowed",
        "Not a peer",
        `${host} is a link-local address, which no PACS has.`,
      );
    }
  }
}
