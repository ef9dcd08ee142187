/** What a peer is to this server: where it is, how it is used, and where we know it from. */
import type { DimsePeerAddress } from "@isocenter/archive";
import type { PeerConfig, WebPeerConfig } from "../config/config.ts";

export interface EchoRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly ok: boolean;
  readonly roundTripMs?: number;
}

interface About {
  /** `config`: read-only here; `stored`: added through the API and kept; `connected`: forgotten at the next start. */
  readonly origin: "config" | "stored" | "connected";
  readonly lastEcho?: EchoRecord;
}

export type DimsePeerEntry = PeerConfig & About & { readonly protocol: "dimse" };
export type WebPeerEntry = WebPeerConfig & About & { readonly protocol: "dicomweb" };
export type PeerEntry = DimsePeerEntry | WebPeerEntry;

export function addressOf(
  peer: Pick<PeerConfig, "host" | "port" | "callingAE" | "calledAE">,
): DimsePeerAddress {
  return { host: peer.host, port: peer.port, callingAeTitle: peer.callingAE, calledAeTitle: peer.calledAE };
}

/** Without what was observed of it: what makes a peer the same as before. */
export function settingsOf(peer: PeerEntry): PeerEntry {
  const { lastEcho: _lastEcho, ...settings } = peer;
  return settings;
}
