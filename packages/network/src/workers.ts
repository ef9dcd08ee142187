/**
 * `@isocenter/network/workers`: associations over the TCP sockets of Cloudflare Workers. `connect` is handed in, so that
 * this compiles, bundles and is tested everywhere.
 *
 * @example
 * import { connect } from "cloudflare:sockets";
 * const association = await connectSocket(connect, "pacs.example", 2762, { ...titles, contexts, tls: true });
 */
import { type AssociateOptions, type Association, associateOver } from "./association.ts";
import { NetworkError, TimeoutError } from "./errors.ts";
import { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
import type { Transport } from "./transport.ts";
import { type ByteStreams, streamTransport } from "./web/stream-transport.ts";

/** What is used of a socket of `cloudflare:sockets`. */
export interface WorkerSocket extends ByteStreams {
  readonly opened: Promise<unknown>;
  readonly closed: Promise<unknown>;
  close(): Promise<unknown>;
}

/** `connect` of `cloudflare:sockets`. */
export type ConnectSocket = (
  address: { hostname: string; port: number },
  options: { secureTransport: "on" | "off"; allowHalfOpen: boolean },
) => WorkerSocket;

export interface SocketOptions {
  /**
   * TLS from the first byte. The runtime checks the peer against the public authorities; it has neither client certificates
   * nor authorities of one's own, for which a Worker needs a tunnel or a relay.
   */
  readonly tls?: boolean;
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Connects and associates.
 * @throws NetworkError `connection-failed`, `tls-failed`; TimeoutError `connect-timeout`; and whatever associating throws
 */
export async function connectSocket(
  connect: ConnectSocket,
  hostname: string,
  port: number,
  options: AssociateOptions & SocketOptions,
): Promise<Association> {
  return associateOver(await openWorkerSocket(connect, hostname, port, options), options);
}

/** Connects only. */
export async function openWorkerSocket(
  connect: ConnectSocket,
  hostname: string,
  port: number,
  options: SocketOptions = {},
): Promise<Transport> {
  const { tls = false, clock = systemClock, signal } = options;
  const connectMs = options.timeouts?.connectMs ?? defaultTimeouts.connectMs;
  const where = `${hostname}:${port}`;
  const explain = (cause: Error): NetworkError =>
    cause instanceof NetworkError ? cause : socketError(cause, where, tls);
  signal?.throwIfAborted();
  let socket: WorkerSocket;
  try {
    // Half-open: with false the runtime closes the writable side by itself, and what is still in it is lost.
    socket = connect({ hostname, port }, { secureTransport: tls ? "on" : "off", allowHalfOpen: true });
  } catch (error) {
    throw explain(error as Error); // an address that is not allowed
  }
  socket.closed.catch(() => undefined); // its streams tell the same
  let timer: unknown;
  let onAbort: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      socket.opened.then(
        () => resolve(),
        (error: Error) => reject(explain(error)),
      );
      if (connectMs !== 0) {
        timer = clock.setTimeout(() => reject(new TimeoutError("connect", connectMs)), connectMs);
      }
      onAbort = () => reject(signal?.reason as Error);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  } catch (error) {
    socket.close().catch(() => undefined);
    throw error;
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  return streamTransport(socket, {
    description: {
      remote: where,
      // The runtime does not tell what was agreed.
      ...(tls ? { security: { protocol: "TLS", cipher: "" } } : {}),
    },
    explain,
    end: () => void socket.close().catch(() => undefined),
  });
}

/** The runtime has no codes, and its words change: what was asked is told, and its words with it. */
function socketError(cause: Error, where: string, tls: boolean): NetworkError {
  const text = cause.message;
  if (/refused/i.test(text)) {
    return new NetworkError("connection-refused", `Nothing accepts connections at ${where}.`, { cause });
  }
  if (/tls|certificate|ssl/i.test(text)) {
    return new NetworkError("tls-failed", `TLS with ${where} failed: ${text}`, { cause });
  }
  // A certificate that it does not trust is "cannot connect" as well.
  const hint = tls
    ? ". The runtime does not say whether it is the connection or the certificate, which a public authority must have signed."
    : "";
  return new NetworkError("connection-failed", `The connection to ${where} failed: ${text}${hint}`, {
    cause,
  });
}
