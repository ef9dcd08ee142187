/**
 * Peers as image sources: how each is reached, with its TLS, its way of retrieving and whoever watches its associations.
 *
 * Requests for one peer share a source, because a source keeps what it fetched for a moment; a peer that was changed gets
 * a new one.
 */
import {
  DicomwebPeer,
  DimsePeer,
  type DimsePeerAddress,
  type ImageSource,
  type MoveReceiver,
  type PeerConnect,
} from "@isocenter/archive";
import { type Association, type AssociationObserver, StudyRootMove } from "@isocenter/network";
import { connectTcp, type TlsClientOptions } from "@isocenter/network/node";
import type { PeerConfig } from "../config/config.ts";
import { addressOf, type DimsePeerEntry, type PeerEntry, settingsOf } from "./peer.ts";
import { Turns } from "./turns.ts";

export interface PeerSourcesOptions {
  /** Takes what a C-MOVE to ourselves brings. */
  readonly receiver?: MoveReceiver;
  /** Watches the associations that are opened from here. */
  readonly observe?: (about: {
    readonly address: DimsePeerAddress;
    readonly peer: string;
  }) => Watch | undefined;
}

export interface Watch {
  readonly onEvent: AssociationObserver;
  readonly recordDataSets?: number;
}

/** More than anyone has; the oldest goes first. */
const maximumSources = 200;

export class PeerSources {
  readonly #options: PeerSourcesOptions;
  readonly #sources = new Map<string, ImageSource>();
  readonly #moves = new Turns();

  constructor(options: PeerSourcesOptions = {}) {
    this.#options = options;
  }

  of(peer: PeerEntry): ImageSource {
    return peer.protocol === "dimse" ? this.dimse(peer) : this.#shared(peer, () => new DicomwebPeer(peer));
  }

  /** With so many associations at a time, where it takes associations. */
  inParallel(peer: PeerEntry, parallel: number | undefined): ImageSource {
    return this.of(peer.protocol === "dicomweb" || parallel === undefined ? peer : { ...peer, parallel });
  }

  dimse(peer: DimsePeerEntry): DimsePeer {
    return this.#shared(peer, () => this.#dimsePeer(addressOf(peer), peer));
  }

  /** A peer that a request spells out. */
  at(address: DimsePeerAddress): DimsePeer {
    return this.#dimsePeer(address, { id: "" });
  }

  #shared<S extends ImageSource>(peer: PeerEntry, make: () => S): S {
    const name = JSON.stringify(settingsOf(peer));
    const known = this.#sources.get(name);
    if (known !== undefined) return known as S;
    const source = make();
    this.#sources.set(name, source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > maximumSources && oldest !== undefined) this.#sources.delete(oldest);
    return source;
  }

  #dimsePeer(
    address: DimsePeerAddress,
    { id, tls, parallel, retrieve }: Pick<PeerConfig, "id" | "tls" | "parallel" | "retrieve">,
  ): DimsePeer {
    const { receiver } = this.#options;
    return new DimsePeer(address, {
      connect: this.#connect(id, tls),
      ...(parallel === undefined ? {} : { parallel }),
      ...(retrieve === undefined ? {} : { retrieve }),
      ...(receiver === undefined ? {} : { receiver }),
    });
  }

  /** Each association is watched by itself. */
  #connect(peer: string, tls: TlsClientOptions | undefined): PeerConnect {
    return async (address, options) => {
      const open = (): Promise<Association> =>
        connectTcp(address.host, address.port, {
          ...options,
          ...this.#options.observe?.({ address, peer }),
          ...(tls === undefined ? {} : { tls }),
        });
      const isMove = options.contexts.some(
        ({ abstractSyntaxUid }) => abstractSyntaxUid === StudyRootMove.sopClassUid,
      );
      return isMove ? this.#inTurn(address, options.signal, open) : open();
    };
  }

  /**
   * What comes for a C-MOVE names it by our AE title and a message ID, which are the same on every association: only one
   * at a time can be told from the others.
   */
  async #inTurn(
    { callingAeTitle, calledAeTitle }: DimsePeerAddress,
    signal: AbortSignal | undefined,
    open: () => Promise<Association>,
  ): Promise<Association> {
    const end = await this.#moves.take(`${callingAeTitle}\n${calledAeTitle}`, signal);
    try {
      const association = await open();
      void association.closed.then(end);
      return association;
    } catch (error) {
      end();
      throw error;
    }
  }
}
