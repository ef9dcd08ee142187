/**
 * What a command on the network works with: the peer it was told, and how to open associations to it, with the options,
 * identity and watching that were asked for.
 *
 * The first Ctrl+C is a wish to end in order: commands look at `stopping`, cancel what is under way and release. What has
 * not ended after a moment is aborted.
 */
import {
  type Association,
  type AssociateOptions,
  type ConnectForStorage,
  DimseStatusError,
  defaultTimeouts,
  NetworkError,
  NoAcceptedContextError,
  type ObserveOptions,
  type PresentationContextProposal,
  type UserIdentityInit,
} from "@isocenter/network";
import type { TlsClientOptions } from "@isocenter/network/node";
import type { Io } from "../command.ts";
import { type Configuration, readConfiguration } from "./config-file.ts";
import { dial, type Dialled } from "./dial.ts";
import { userIdentityOf } from "./identity.ts";
import { narrator, recordedBytes } from "./narrate.ts";
import { maximumPduOf, type PeerOptionValues, timeoutsOf } from "./options.ts";
import { type Peer, peerOperand } from "./peer.ts";
import { clientTlsOf } from "./tls.ts";

/** Time that Ctrl+C leaves for C-CANCEL and release. */
const graceMs = 3000;
/** For the peer to close the connection after the end; the command need not wait for longer. */
const closingMs = 2000;
/** For a second association of several to be answered. */
const extraAssociationMs = 3000;

export type MoreOptions = Omit<AssociateOptions, "callingAeTitle" | "calledAeTitle" | "contexts" | "signal">;

export class Session {
  readonly peer: Peer;
  /** How the peer is connected to; undefined for a plain connection. */
  readonly tls: TlsClientOptions | undefined;
  readonly configuration: Configuration;
  /** Operands after the peer. */
  readonly rest: readonly string[];
  /** Aborted by the first Ctrl+C. */
  readonly stopping: AbortSignal;
  readonly #io: Io;
  readonly #given: PeerOptionValues;
  readonly #identity: { readonly userIdentity?: UserIdentityInit };
  #count = 0;

  private constructor(
    io: Io,
    given: PeerOptionValues,
    configuration: Configuration,
    identity: { readonly userIdentity?: UserIdentityInit },
    { peer, rest, tls }: { peer: Peer; rest: string[]; tls: TlsClientOptions | undefined },
  ) {
    this.#io = io;
    this.#given = given;
    this.#identity = identity;
    this.configuration = configuration;
    this.peer = peer;
    this.tls = tls;
    this.rest = rest;
    this.stopping = io.signal;
  }

  /** @throws UsageError, ConfigError when the command line does not name a peer */
  static async open(io: Io, given: PeerOptionValues, operands: readonly string[]): Promise<Session> {
    const configuration = await readConfiguration(io, given.config);
    const identity = await userIdentityOf(given, io);
    const { peer, rest } = peerOperand(operands, given, configuration);
    const tls = await clientTlsOf(given, peer.tls, io);
    return new Session(io, given, configuration, identity, { peer, rest, tls });
  }

  /** @throws NetworkError; the reason of the stop when it is stopped before the association is up */
  async connect(
    contexts: readonly PresentationContextProposal[],
    more: MoreOptions = {},
  ): Promise<Association> {
    const { stopping } = this;
    const { callingAeTitle, calledAeTitle } = this.peer;
    const hard = new AbortController();
    let isOpen = false;
    const onStop = (): void => {
      if (isOpen) setTimeout(() => hard.abort(stopping.reason), graceMs).unref();
      else hard.abort(stopping.reason);
    };
    stopping.throwIfAborted();
    stopping.addEventListener("abort", onStop);
    try {
      const association = await dial(this.#dialled, {
        callingAeTitle,
        calledAeTitle,
        contexts,
        timeouts: { artimMs: closingMs, ...timeoutsOf(this.#given) },
        ...maximumPduOf(this.#given),
        ...this.#identity,
        ...this.#observe(),
        ...more,
        signal: hard.signal,
      });
      isOpen = true;
      void association.closed.then(() => stopping.removeEventListener("abort", onStop));
      return association;
    } catch (error) {
      stopping.removeEventListener("abort", onStop);
      throw error;
    }
  }

  /**
   * Works over an association, which is released at the end, also when the peer answered with a failure; anything else
   * that goes wrong aborts it.
   */
  async with<T>(
    contexts: readonly PresentationContextProposal[],
    use: (association: Association) => Promise<T>,
    more: MoreOptions = {},
  ): Promise<T> {
    const association = await this.connect(contexts, more);
    try {
      const result = await use(association);
      await association.release();
      return result;
    } catch (error) {
      const isAnswer = error instanceof DimseStatusError || error instanceof NoAcceptedContextError;
      if (isAnswer) await association.release();
      else association.abort();
      throw error;
    }
  }

  /** As the doctor wants it: with other titles, its own timers and its own signal. */
  examine(wanted: AssociateOptions): Promise<Association> {
    const watched = this.#observe();
    return dial(this.#dialled, {
      ...maximumPduOf(this.#given),
      ...this.#identity,
      ...wanted,
      ...(watched.recordDataSets === undefined ? {} : { recordDataSets: watched.recordDataSets }),
      onEvent: (event) => {
        wanted.onEvent?.(event);
        watched.onEvent?.(event);
      },
    });
  }

  /**
   * For `sendInstances`. A peer that has no room for another association beside one that is open is not asked again, and
   * not waited for as long as for the first.
   */
  forStorage(more: MoreOptions = {}): ConnectForStorage {
    let held = 0;
    let refusal: NetworkError | undefined;
    return async (contexts) => {
      const isExtra = held > 0;
      if (isExtra && refusal !== undefined) throw refusal;
      held++;
      try {
        const { associationMs = defaultTimeouts.associationMs, ...timeouts } = timeoutsOf(this.#given);
        const patience = isExtra ? Math.min(associationMs, extraAssociationMs) : associationMs;
        const options = { ...more, timeouts: { artimMs: closingMs, ...timeouts, associationMs: patience } };
        const association = await this.connect(contexts, options);
        void association.closed.then(() => held--);
        return association;
      } catch (error) {
        held--;
        if (isExtra && error instanceof NetworkError) refusal = error;
        throw error;
      }
    };
  }

  get #dialled(): Dialled {
    const { host, port } = this.peer;
    return { host, port, tls: this.tls };
  }

  #observe(): ObserveOptions {
    const number = ++this.#count;
    return observing(this.#io, this.#given, number === 1 ? undefined : `[${number}]`);
  }
}

/** What `-v` and `-d` ask for. */
export function observing(
  io: Io,
  {
    verbose,
    debug,
    showPhi,
  }: { readonly verbose: boolean; readonly debug: boolean; readonly showPhi: boolean },
  label?: string,
): ObserveOptions {
  if (!verbose && !debug) return {};
  return {
    onEvent: narrator({
      write: (text) => io.stderr.write(text),
      debug,
      showPhi,
      ...(label === undefined ? {} : { label }),
    }),
    ...(debug ? { recordDataSets: recordedBytes } : {}),
  };
}
