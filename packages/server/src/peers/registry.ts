/**
 * The peers that requests may name: those of the configuration, those that were added through the API, and those that
 * `POST /api/dicom/connect` reached since the start. A peer is an address and two AE titles, or a URL; associations are
 * opened per operation, so a peer that sleeps costs nothing and a stale connection cannot be handed out.
 */
import { createHash } from "node:crypto";
import type { DimsePeerAddress } from "@isocenter/archive";
import type { PeerConfig, WebPeerConfig } from "../config/config.ts";
import type { DimsePeerEntry, EchoRecord, PeerEntry } from "./peer.ts";
import type { PeerStore } from "./peer-store.ts";

/** More than anyone connects to by hand; the oldest goes first, so that requests cannot fill the memory. */
const maximumConnected = 200;

export interface PeerRegistryOptions {
  readonly webPeers?: readonly WebPeerConfig[];
  readonly store?: PeerStore;
}

export class PeerRegistry {
  readonly #peers = new Map<string, PeerEntry>();
  readonly #store: PeerStore | undefined;

  constructor(configured: readonly PeerConfig[], { webPeers = [], store }: PeerRegistryOptions = {}) {
    this.#store = store;
    for (const peer of configured) this.#peers.set(peer.id, { ...peer, protocol: "dimse", origin: "config" });
    for (const peer of webPeers)
      this.#peers.set(peer.id, { ...peer, protocol: "dicomweb", origin: "config" });
    // What the configuration names since is the configuration's.
    for (const peer of store?.load() ?? []) if (!this.#peers.has(peer.id)) this.#peers.set(peer.id, peer);
  }

  list(): PeerEntry[] {
    return [...this.#peers.values()];
  }

  get(id: string): PeerEntry | undefined {
    return this.#peers.get(id);
  }

  /** Where a C-MOVE sends: only peers that somebody set up are destinations. */
  byAeTitle(aeTitle: string): DimsePeerEntry | undefined {
    return this.list().find(
      (one): one is DimsePeerEntry =>
        one.protocol === "dimse" && one.origin !== "connected" && one.calledAE === aeTitle,
    );
  }

  /** Adds or changes one, and keeps it. @returns false when the configuration has it: it is changed there */
  put(peer: PeerEntry): boolean {
    if (this.#peers.get(peer.id)?.origin === "config") return false;
    this.#store?.save(peer);
    this.#peers.set(peer.id, peer);
    return true;
  }

  /** @returns false when the configuration has it */
  remove(id: string): boolean {
    if (this.#peers.get(id)?.origin === "config") return false;
    this.#store?.remove(id);
    this.#peers.delete(id);
    return true;
  }

  /** Remembers a peer that answered. The same address and titles give the same id, so reconnecting adds nothing. */
  connected(address: DimsePeerAddress, lastEcho: EchoRecord): PeerEntry {
    const { host, port, callingAeTitle: callingAE, calledAeTitle: calledAE } = address;
    const known = this.list().find(
      (peer) =>
        peer.protocol === "dimse" &&
        peer.host === host &&
        peer.port === port &&
        peer.callingAE === callingAE &&
        peer.calledAE === calledAE,
    );
    const peer: PeerEntry = {
      ...(known ?? {
        id: connectionId(address),
        name: calledAE,
        host,
        port,
        callingAE,
        calledAE,
        protocol: "dimse",
        origin: "connected",
      }),
      lastEcho,
    };
    this.#peers.set(peer.id, peer);
    const connected = this.list().filter((one) => one.origin === "connected");
    if (connected.length > maximumConnected && connected[0] !== undefined)
      this.#peers.delete(connected[0].id);
    return peer;
  }

  recordEcho(id: string, lastEcho: EchoRecord): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) this.#peers.set(id, { ...peer, lastEcho });
  }
}

function connectionId({ host, port, callingAeTitle, calledAeTitle }: DimsePeerAddress): string {
  const text = JSON.stringify([host, port, callingAeTitle, calledAeTitle]);
  return `c-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
}
