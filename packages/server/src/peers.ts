/**
 * The DICOM peers that requests may name: those of the configuration, and those that `POST /api/dicom/connect` reached
 * since the start. A peer is an address and two AE titles; associations are opened per operation, so a peer that sleeps
 * costs nothing and a stale connection cannot be handed out.
 */
import { createHash } from "node:crypto";
import type { DimsePeerAddress } from "@isocenter/archive";
import type { PeerConfig } from "./config.ts";

export interface EchoRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly ok: boolean;
  readonly roundTripMs?: number;
}

export interface KnownPeer extends PeerConfig {
  readonly kind: "configured" | "connected";
  readonly lastEcho?: EchoRecord;
}

/** More than anyone connects to by hand; the oldest goes first, so that requests cannot fill the memory. */
const maximumConnected = 200;

export class PeerRegistry {
  readonly #peers = new Map<string, KnownPeer>();

  constructor(configured: readonly PeerConfig[]) {
    for (const peer of configured) this.#peers.set(peer.id, { ...peer, kind: "configured" });
  }

  list(): KnownPeer[] {
    return [...this.#peers.values()];
  }

  get(id: string): KnownPeer | undefined {
    return this.#peers.get(id);
  }

  /** Where a C-MOVE sends: only configured peers are destinations. */
  byAeTitle(aeTitle: string): DimsePeerAddress | undefined {
    const peer = this.list().find((one) => one.kind === "configured" && one.calledAE === aeTitle);
    return peer === undefined ? undefined : addressOf(peer);
  }

  /** Remembers a peer that answered. The same address and titles give the same id, so reconnecting adds nothing. */
  connected(address: DimsePeerAddress, echo: EchoRecord): KnownPeer {
    const { host, port, callingAeTitle: callingAE, calledAeTitle: calledAE } = address;
    const known = this.list().find(
      (peer) =>
        peer.host === host &&
        peer.port === port &&
        peer.callingAE === callingAE &&
        peer.calledAE === calledAE,
    );
    const peer: KnownPeer =
      known === undefined
        ? {
            id: connectionId(address),
            name: calledAE,
            host,
            port,
            callingAE,
            calledAE,
            kind: "connected",
            lastEcho: echo,
          }
        : { ...known, lastEcho: echo };
    this.#peers.set(peer.id, peer);
    const dynamic = this.list().filter((one) => one.kind === "connected");
    if (dynamic.length > maximumConnected && dynamic[0] !== undefined) this.#peers.delete(dynamic[0].id);
    return peer;
  }

  recordEcho(id: string, echo: EchoRecord): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) this.#peers.set(id, { ...peer, lastEcho: echo });
  }
}

export function addressOf(peer: PeerConfig): DimsePeerAddress {
  return { host: peer.host, port: peer.port, callingAeTitle: peer.callingAE, calledAeTitle: peer.calledAE };
}

function connectionId({ host, port, callingAeTitle, calledAeTitle }: DimsePeerAddress): string {
  const text = JSON.stringify([host, port, callingAeTitle, calledAeTitle]);
  return `c-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
}
