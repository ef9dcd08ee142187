/**
 * An association from the requestor's side: open it over a transport, call services, release it (PS3.7, PS3.4). The
 * operations are those of `ServiceUser`; this adds how the association begins and ends.
 *
 * Operations go one after another, as the default asynchronous operations window of 1 asks (PS3.7 D.3.3.3), unless more
 * are negotiated. Disposal without a release sends A-ABORT.
 */
import { deferred } from "./deferred.ts";
import { MessageExchange } from "./dimse/exchange.ts";
import { LocalProtocolError, NetworkError, TimeoutError } from "./errors.ts";
import { agreementOf, associateRq, type ProposalOptions } from "./negotiation/propose.ts";
import { type AcceptedAssociation, defaultMaximumPduLength } from "./negotiation/types.ts";
import type { AAssociateRq } from "./pdu/types.ts";
import { ServiceProvider } from "./services/service-provider.ts";
import { ServiceUser, type ServiceUserHost } from "./services/service-user.ts";
import type { Services, StoreHandler } from "./services/types.ts";
import type { ObserveOptions } from "./timeline.ts";
import { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
import type { Transport, TransportDescription } from "./transport.ts";
import { UpperLayerConnection } from "./upper-layer/connection.ts";

export interface AssociateOptions extends ProposalOptions, ObserveOptions {
  /** Answers requests of the peer on this association, such as N-EVENT-REPORT; those of a C-GET are given to `get`. */
  readonly services?: Services;
  readonly timeouts?: Timeouts;
  /** Aborting it aborts the association. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Opens an association over a connected transport.
 * @throws AssociationRejectedError, AssociationAbortedError, TimeoutError, RemoteProtocolError, NetworkError; the
 * signal's reason when aborted
 */
export async function associateOver(transport: Transport, options: AssociateOptions): Promise<Association> {
  let association: Association;
  try {
    association = new Association(transport, options);
  } catch (error) {
    transport.destroy(); // it was handed over, and nobody else will
    throw error;
  }
  try {
    await association.opened;
    return association;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

export class Association extends ServiceUser implements AsyncDisposable {
  /** Both ends, and how the connection is secured. */
  readonly connection: TransportDescription;
  /** Resolves when the association is up. */
  readonly opened: Promise<void>;
  /** Resolves when it is over, however it ended. */
  readonly closed: Promise<void>;
  readonly #connection: UpperLayerConnection;
  readonly #exchange: MessageExchange;
  readonly #provider: ServiceProvider;
  readonly #clock: Clock;
  readonly #timeouts: Required<Timeouts>;
  #released: ((error: NetworkError | undefined) => void) | undefined;

  /** @internal use connectTcp or associate */
  constructor(transport: Transport, options: AssociateOptions) {
    const request = associateRq(options);
    const clock = options.clock ?? systemClock;
    const timeouts = { ...defaultTimeouts, ...options.timeouts };
    const opened = deferred<void>();
    const closed = deferred<void>();
    const state: RequestorState = { accepted: undefined, getHandler: undefined };
    const onTimeout = (): void => connection.fail(new TimeoutError("association", timeouts.associationMs));
    const timer =
      timeouts.associationMs === 0 ? undefined : clock.setTimeout(onTimeout, timeouts.associationMs);
    const onAbort = (): void => connection.abort();
    const connection: UpperLayerConnection = new UpperLayerConnection(
      transport,
      {
        onAssociateAc: (answer) => {
          clock.clearTimeout(timer);
          const accepted = agreementOf(request, options.contexts, answer);
          state.accepted = accepted;
          exchange.open(accepted.maximumPduLength, accepted.asynchronousOperations.invoked);
          opened.resolve();
        },
        onFragment: (contextId, control, piece, isEnd) => exchange.fragment(contextId, control, piece, isEnd),
        onReleaseRq: () => {
          exchange.releaseAsked();
          if (connection.state === "Sta8") connection.confirmRelease();
        },
        onDrain: () => exchange.onDrain(),
        onEnd: (error) => {
          clock.clearTimeout(timer);
          options.signal?.removeEventListener("abort", onAbort);
          const reason = error ?? new NetworkError("association-ended", "The association was released.");
          exchange.end(reason);
          provider.end(reason);
          this.#released?.(error);
          opened.reject(reason);
          closed.resolve();
        },
      },
      {
        role: "requestor",
        maximumPduLength: options.maximumPduLength ?? defaultMaximumPduLength,
        artimMs: timeouts.artimMs,
        clock,
        onEvent: options.onEvent,
      },
    );
    const exchange: MessageExchange = new MessageExchange(
      connection,
      { onRequest: (message) => provider.handle(message), isServing: () => provider.isBusy },
      { ...options, clock, dimseMs: timeouts.dimseMs },
    );
    const host: ServiceUserHost = {
      exchange,
      accepted: () => {
        if (state.accepted !== undefined) return state.accepted;
        throw new LocalProtocolError("association-ended", "The association is not open.");
      },
      setGetHandler: (handler) => {
        state.getHandler = handler;
      },
    };
    super(host);
    const provider = new ServiceProvider({
      exchange,
      services: () => servicesOf(options.services, state.getHandler),
      peer: this,
      accepted: host.accepted,
      connection: transport.description ?? {},
      onFailure: (error) => {
        const why = error instanceof Error ? error.message : String(error);
        connection.fail(new LocalProtocolError("association-ended", why));
      },
    });
    this.connection = transport.description ?? {};
    this.#connection = connection;
    this.#exchange = exchange;
    this.#provider = provider;
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.opened = opened.promise;
    this.closed = closed.promise;
    // Nobody may be waiting for it when the end comes first.
    this.opened.catch(() => undefined);
    if (options.signal?.aborted === true) {
      clock.clearTimeout(timer);
      transport.destroy();
      closed.resolve();
      opened.reject(new LocalProtocolError("association-ended", "Aborted before it began."));
      return;
    }
    options.signal?.addEventListener("abort", onAbort, { once: true });
    connection.startAsRequestor(request satisfies AAssociateRq);
  }

  /**
   * Releases in order, when what is under way has ended: A-RELEASE, then the connection is closed. Does nothing when the
   * association is over.
   * @returns why it did not end in order, such as a peer that closes instead of answering; what was done before stands
   */
  async release(): Promise<NetworkError | undefined> {
    if (this.#isOver()) return undefined;
    await this.#exchange.idle();
    await this.#provider.idle();
    if (this.#isOver()) return undefined;
    const ms = this.#timeouts.associationMs || defaultTimeouts.associationMs;
    const timer = this.#clock.setTimeout(
      () => this.#connection.fail(new TimeoutError("association", ms)),
      ms,
    );
    const ended = await new Promise<NetworkError | undefined>((resolve) => {
      this.#released = resolve;
      this.#connection.release();
    });
    this.#clock.clearTimeout(timer);
    return ended;
  }

  /** Sends A-ABORT and closes. What is under way fails. */
  abort(): void {
    if (this.#exchange.ended === undefined) this.#connection.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await Promise.resolve();
  }

  #isOver(): boolean {
    return this.#exchange.ended !== undefined;
  }
}

interface RequestorState {
  accepted: AcceptedAssociation | undefined;
  getHandler: StoreHandler | undefined;
}

/** While a C-GET runs, its handler takes the instances. */
function servicesOf(given: Services | undefined, getHandler: StoreHandler | undefined): Services {
  if (getHandler === undefined) return given ?? {};
  return { ...given, storage: { sopClasses: "any", onStore: getHandler } };
}
