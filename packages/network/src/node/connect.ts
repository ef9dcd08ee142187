/** Opening associations over TCP and TLS from Node. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecurely, type TLSSocket } from "node:tls";
import {
  type AssociateOptions,
  type Association,
  associateOver,
  type Clock,
  defaultTimeouts,
  NetworkError,
  systemClock,
  type Timeouts,
  TimeoutError,
  type Transport,
} from "@isocenter/network";
import { socketTransport } from "./socket-transport.ts";
import { checkFingerprint, readTls, type TlsClientOptions } from "./tls.ts";
import { tlsError } from "./tls-errors.ts";

export interface TcpOptions {
  /** Address of this machine to connect from, where it has several. */
  readonly localAddress?: string;
  /** Connects with TLS; there is no falling back to a plain connection. */
  readonly tls?: TlsClientOptions;
  /** Of these, `connectMs` counts here: for the name, the connection and the TLS handshake together. */
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Connects and associates.
 * @param host name or address, IPv4 or IPv6; where a name has both, the one that answers first
 * @param port 104 and 11112 are registered for DICOM, 2762 for DICOM with TLS
 * @throws NetworkError `connection-refused`, `host-not-found`, `host-unreachable`, `wrong-protocol`, `tls-failed`,
 * `certificate-…`, `client-certificate-required`; TimeoutError `connect-timeout`; and whatever associating throws
 * @example
 * await using association = await connectTcp("pacs.local", 2762, { ...titles, contexts, tls: { ca: { file: "ca.pem" } } });
 */
export async function connectTcp(
  host: string,
  port: number,
  options: AssociateOptions & TcpOptions,
): Promise<Association> {
  return associateOver(await openTcp(host, port, options), options);
}

/** Connects only: for a relay, or for looking at a port. @throws as {@link connectTcp} before it associates */
export async function openTcp(host: string, port: number, options: TcpOptions = {}): Promise<Transport> {
  options.signal?.throwIfAborted();
  const where = `${host}:${port}`;
  const { tls, clock = systemClock } = options;
  // Read anew for each connection: files that were exchanged are used at once.
  const secureContext = tls === undefined ? undefined : (await readTls(tls)).context;
  options.signal?.throwIfAborted();
  const deadline = new Deadline(options, clock);
  try {
    const socket = await deadline.within(openSocket(host, port, options.localAddress), (error) =>
      connectError(error, host, where),
    );
    if (tls === undefined || secureContext === undefined) return socketTransport(socket);
    const secure = connectSecurely({
      secureContext,
      socket,
      host,
      servername: tls.serverName ?? (isIP(host) === 0 ? host : ""),
      minDHSize: 2048,
      rejectUnauthorized: tls.fingerprints === undefined,
    });
    await deadline.within(handshake(secure), (cause) =>
      tlsError(cause, { where, role: "client", hasCertificate: tls.certificate !== undefined }),
    );
    // From here on the transport hears of errors.
    const transport = socketTransport(secure);
    if (tls.fingerprints !== undefined) {
      try {
        checkFingerprint(secure, tls.fingerprints, where);
      } catch (error) {
        transport.destroy();
        throw error;
      }
    }
    return transport;
  } finally {
    deadline.clear();
  }
}

/** One timer and one signal over the steps of connecting. */
class Deadline {
  readonly #options: TcpOptions;
  readonly #clock: Clock;
  readonly #timer: unknown;
  readonly #onAbort = (): void => this.#fail(this.#options.signal?.reason as Error);
  #failed: Error | undefined;
  #socket: Socket | undefined;

  constructor(options: TcpOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const connectMs = options.timeouts?.connectMs ?? defaultTimeouts.connectMs;
    if (connectMs !== 0) {
      this.#timer = clock.setTimeout(() => this.#fail(new TimeoutError("connect", connectMs)), connectMs);
    }
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Waits for a socket to be ready; destroys it when that fails or takes too long. */
  within<S extends Socket>(
    step: { readonly socket: S; readonly event: string },
    explain: (error: NodeJS.ErrnoException) => Error,
  ): Promise<S> {
    const { socket, event } = step;
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      const onReady = (): void => {
        socket.off("close", onClose);
        resolve(socket);
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        socket.off(event, onReady);
        socket.destroy();
        reject(this.#failed ?? explain(error));
      };
      const onClose = (): void => {
        socket.off(event, onReady);
        reject(this.#failed ?? explain(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
      };
      socket.once(event, onReady);
      socket.on("error", onError); // stays: an error that nobody listens for would end the program
      socket.once("close", onClose);
    });
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #fail(error: Error): void {
    this.#failed = error;
    this.#socket?.destroy();
  }
}

const openSocket = (host: string, port: number, localAddress: string | undefined) => ({
  socket: connect({ host, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) }),
  event: "connect",
});

const handshake = (socket: TLSSocket) => ({ socket, event: "secureConnect" });

function connectError(cause: NodeJS.ErrnoException, host: string, where: string): NetworkError {
  const as = (code: ConstructorParameters<typeof NetworkError>[0], message: string): NetworkError =>
    new NetworkError(code, message, { cause });
  switch (cause.code) {
    case "ECONNREFUSED":
      return as("connection-refused", `Nothing accepts connections at ${where}.`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return as("host-not-found", `The host name ${host} is not known.`);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return as("host-unreachable", `There is no way to ${where} from here.`);
    case "EADDRNOTAVAIL":
      return as("connection-failed", `The local address to connect to ${where} from is not this machine's.`);
    default:
      return as("connection-failed", `The connection to ${where} failed: ${cause.message}`);
  }
}
