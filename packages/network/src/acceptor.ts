/**
 * An association from the acceptor's side: negotiates, and answers requests with the services it was given (PS3.7, PS3.8
 * 7.1). What it answers is decided by `negotiation/accept.ts`, how it serves by `services/service-provider.ts`.
 */
import { deferred } from "./deferred.ts";
import { MessageExchange } from "./dimse/exchange.ts";
import { type NetworkError, RemoteProtocolError, TimeoutError } from "./errors.ts";
import { acceptanceOf } from "./negotiation/accept.ts";
import { checkMaximumPduLength } from "./negotiation/propose.ts";
import { type AcceptedAssociation, defaultMaximumPduLength } from "./negotiation/types.ts";
import {
  type AAssociateRj,
  type AAssociateRq,
  AbortReason,
  type AsynchronousOperations,
  applicationContextName,
  type UserIdentity,
} from "./pdu/types.ts";
import { ServiceProvider } from "./services/service-provider.ts";
import { ServiceUser } from "./services/service-user.ts";
import type { Services } from "./services/types.ts";
import type { ObserveOptions } from "./timeline.ts";
import { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
import type { Transport, TransportDescription } from "./transport.ts";
import { UpperLayerConnection } from "./upper-layer/connection.ts";

/** What becomes of a user identity; a response goes to a requestor that asked for one. */
export type IdentityVerdict = boolean | { readonly accept: boolean; readonly response?: Uint8Array };

export interface AcceptorOptions extends ObserveOptions {
  /** The titles we answer to; any other is rejected with "called AE title not recognized". Any when left out. */
  readonly aeTitle?: string | readonly string[];
  /** False rejects with "calling AE title not recognized". */
  readonly authorize?: (
    request: AAssociateRq,
    connection: TransportDescription,
  ) => boolean | Promise<boolean>;
  /**
   * Checks the user identity of a request (PS3.7 D.3.3.7); undefined is a request without one. When false, the
   * association is rejected. Without this, identities are let in unread.
   */
  readonly verifyIdentity?: (
    identity: UserIdentity | undefined,
    request: AAssociateRq,
  ) => IdentityVerdict | Promise<IdentityVerdict>;
  readonly services: Services;
  /** Bytes that the peer may send in one P-DATA-TF; 0 for no limit. Default 131,072. */
  readonly maximumPduLength?: number;
  /** The most that is agreed to; 0 for no limit. Default: 16 performed for the requestor, 16 invoked at it. */
  readonly asynchronousOperations?: AsynchronousOperations;
  readonly implementation?: { readonly classUid: string; readonly versionName?: string };
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  /** Rejects as "local limit exceeded": there are too many already. */
  readonly overLimit?: boolean;
  /** The association is up. */
  readonly onAccepted?: (accepted: AcceptedAssociation) => void;
}

const defaultWindow: AsynchronousOperations = { invoked: 16, performed: 16 };

/** Serves one association over a connected transport. @returns a promise of its end; it never rejects */
export function serveAssociation(transport: Transport, options: AcceptorOptions): ServedAssociation {
  return new ServedAssociation(transport, options);
}

export class ServedAssociation {
  /** Resolves at the end, with the error if it was not an orderly release. */
  readonly closed: Promise<NetworkError | undefined>;
  /** Both ends, and how the connection is secured. */
  readonly connection: TransportDescription;
  /** Operations towards the requestor, once the association is up. */
  readonly peer: ServiceUser;
  readonly #options: AcceptorOptions;
  readonly #connection: UpperLayerConnection;
  readonly #exchange: MessageExchange;
  readonly #provider: ServiceProvider;
  readonly #clock: Clock;
  readonly #timeouts: Required<Timeouts>;
  readonly #maximumPduLength: number;
  #accepted: AcceptedAssociation | undefined;
  #idleTimer: unknown;

  constructor(transport: Transport, options: AcceptorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#maximumPduLength = options.maximumPduLength ?? defaultMaximumPduLength;
    checkMaximumPduLength(this.#maximumPduLength);
    const { promise, resolve } = deferred<NetworkError | undefined>();
    this.closed = promise;
    this.connection = transport.description ?? {};
    this.#connection = new UpperLayerConnection(
      transport,
      {
        onAssociateRq: (request) => void this.#negotiate(request),
        onPData: () => this.#exchange.pData(),
        onFragment: (contextId, control, piece, isEnd) =>
          this.#exchange.fragment(contextId, control, piece, isEnd),
        onReleaseRq: () => {
          this.#exchange.releaseAsked();
          // What is being answered goes out first; then the release is confirmed.
          void this.#provider.idle().then(() => {
            if (this.#connection.state === "Sta8") this.#connection.confirmRelease();
          });
        },
        onDrain: () => this.#exchange.onDrain(),
        onEnd: (error) => {
          this.#clock.clearTimeout(this.#idleTimer);
          const reason =
            error ?? new RemoteProtocolError("The association was released.", AbortReason.NotSpecified);
          this.#exchange.end(reason);
          this.#provider.end(reason);
          resolve(error);
        },
      },
      {
        role: "acceptor",
        maximumPduLength: this.#maximumPduLength,
        artimMs: this.#timeouts.artimMs,
        clock: this.#clock,
        onEvent: options.onEvent,
      },
    );
    this.#exchange = new MessageExchange(
      this.#connection,
      {
        onRequest: (message) => this.#provider.handle(message),
        isServing: () => this.#provider.isBusy,
      },
      { ...options, clock: this.#clock, dimseMs: this.#timeouts.dimseMs },
    );
    const accepted = (): AcceptedAssociation => this.accepted;
    this.peer = new ServiceUser({ exchange: this.#exchange, accepted, setGetHandler: () => undefined });
    this.#provider = new ServiceProvider({
      exchange: this.#exchange,
      services: () => options.services,
      peer: this.peer,
      accepted,
      connection: this.connection,
      onFailure: (error) => {
        const why = error instanceof Error ? error.message : String(error);
        this.#connection.fail(new RemoteProtocolError(why, AbortReason.NotSpecified));
      },
    });
    this.#connection.startAsAcceptor();
  }

  /** @throws RemoteProtocolError before the association is up */
  get accepted(): AcceptedAssociation {
    if (this.#accepted !== undefined) return this.#accepted;
    throw new RemoteProtocolError("The association is not open.", AbortReason.UnexpectedPdu);
  }

  abort(): void {
    this.#connection.abort();
  }

  async #negotiate(request: AAssociateRq): Promise<void> {
    const { userIdentityResponse, rejection } = await this.#check(request);
    if (this.#connection.state !== "Sta3") return; // the peer went away while it was checked
    if (rejection !== undefined) return this.#connection.reject({ kind: "A-ASSOCIATE-RJ", ...rejection });
    const { services, implementation, asynchronousOperations = defaultWindow } = this.#options;
    const { answer, accepted } = acceptanceOf(request, {
      services,
      maximumPduLength: this.#maximumPduLength,
      asynchronousOperations,
      implementation,
      userIdentityResponse,
    });
    this.#accepted = accepted;
    this.#exchange.open(accepted.maximumPduLength, accepted.asynchronousOperations.invoked);
    this.#connection.accept(answer);
    this.#watchIdle(this.#timeouts.idleMs);
    this.#options.onAccepted?.(accepted);
  }

  async #check(request: AAssociateRq): Promise<{
    readonly rejection?: Omit<AAssociateRj, "kind">;
    readonly userIdentityResponse?: Uint8Array | undefined;
  }> {
    const { aeTitle, authorize, verifyIdentity, overLimit } = this.#options;
    if (overLimit === true) {
      return rejected("rejected-transient", "service-provider-presentation", "local-limit-exceeded");
    }
    if (request.applicationContextName !== applicationContextName) {
      return rejected("rejected-permanent", "service-user", "application-context-name-not-supported");
    }
    const titles = typeof aeTitle === "string" ? [aeTitle] : aeTitle;
    if (titles !== undefined && !titles.includes(request.calledAeTitle)) {
      return rejected("rejected-permanent", "service-user", "called-AE-title-not-recognized");
    }
    // Who cannot be checked is not let in.
    const isAllowed =
      authorize === undefined || (await settled(() => authorize(request, this.connection), false));
    if (!isAllowed) return rejected("rejected-permanent", "service-user", "calling-AE-title-not-recognized");
    if (verifyIdentity === undefined) return {};
    const { userIdentity } = request.userInformation;
    const verdict = await settled<IdentityVerdict>(() => verifyIdentity(userIdentity, request), false);
    const { accept, response } =
      typeof verdict === "boolean" ? { accept: verdict, response: undefined } : verdict;
    // PS3.7 D.3.3.7: refused by the ACSE related function.
    if (!accept) return rejected("rejected-permanent", "service-provider-acse", "no-reason-given");
    const isAsked = userIdentity?.positiveResponseRequested === true;
    return { userIdentityResponse: isAsked ? (response ?? new Uint8Array(0)) : undefined };
  }

  #watchIdle(ms: number): void {
    const { idleMs } = this.#timeouts;
    if (idleMs === 0 || this.#exchange.ended !== undefined) return;
    this.#idleTimer = this.#clock.setTimeout(() => {
      const left = this.#exchange.lastActivity + idleMs - this.#clock.now();
      if (left > 0 || this.#provider.isBusy) this.#watchIdle(left > 0 ? left : idleMs);
      else this.#connection.fail(new TimeoutError("idle", idleMs));
    }, ms);
  }
}

const rejected = (
  result: AAssociateRj["result"],
  source: AAssociateRj["source"],
  reason: string,
): { readonly rejection: Omit<AAssociateRj, "kind"> } => ({ rejection: { result, source, reason } });

async function settled<T>(check: () => T | Promise<T>, otherwise: T): Promise<T> {
  try {
    return await check();
  } catch {
    return otherwise; // a check that fails has not said yes
  }
}
