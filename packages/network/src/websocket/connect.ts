/** Opening associations over WebSockets. */
import { type AssociateOptions, type Association, associateOver } from "../association.ts";
import { NetworkError, TimeoutError } from "../errors.ts";
import { type Clock, defaultTimeouts, systemClock, type Timeouts } from "../timers.ts";
import type { Transport } from "../transport.ts";
import { flowProtocol } from "./protocol.ts";
import { listen, type WebSocketLike, webSocketTransport } from "./web-socket-transport.ts";

export interface WebSocketOptions {
  /** Offered to the other side. Default: flow control; a server that knows none of them may refuse. */
  readonly protocols?: readonly string[];
  /** How WebSockets are made. Default: the runtime's own, which Node 20 lacks. */
  readonly createWebSocket?: (url: string, protocols: string[]) => WebSocketLike;
  /** Of these, `connectMs` counts here. */
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Opens a WebSocket and associates over it.
 * @param url of a relay, with `?peer=NAME` or `?host=…&port=…`, or of an acceptor
 * @throws NetworkError `connection-failed`, `connection-refused`, `host-unreachable`; TimeoutError `connect-timeout`; and
 * whatever associating throws
 * @example
 * await using association = await connectWebSocket("wss://pacs.example/dicom?peer=PACS", { ...titles, contexts });
 */
export async function connectWebSocket(
  url: string,
  options: AssociateOptions & WebSocketOptions,
): Promise<Association> {
  return associateOver(await openWebSocket(url, options), options);
}

/** Opens only. */
export async function openWebSocket(url: string, options: WebSocketOptions = {}): Promise<Transport> {
  const { signal, clock = systemClock, protocols = [flowProtocol] } = options;
  const connectMs = options.timeouts?.connectMs ?? defaultTimeouts.connectMs;
  signal?.throwIfAborted();
  const socket = options.createWebSocket?.(url, [...protocols]) ?? new WebSocket(url, [...protocols]);
  let timer: unknown;
  let onAbort: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      listen(socket, "open", () => resolve());
      listen(socket, "error", () => undefined); // "close" follows
      listen(socket, "close", () =>
        reject(new NetworkError("connection-failed", `No WebSocket could be opened at ${placeOf(url)}.`)),
      );
      onAbort = () => reject(signal?.reason as Error);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (connectMs !== 0) {
        timer = clock.setTimeout(() => reject(new TimeoutError("connect", connectMs)), connectMs);
      }
    });
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  return webSocketTransport(socket, { clock, description: { remote: placeOf(url) } });
}

/** Without the query, which may hold a token. */
const placeOf = (url: string): string => url.replace(/[?#].*$/s, "");
