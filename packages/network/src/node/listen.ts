/** Accepting associations over TCP and TLS in Node. */
import {
  type AcceptorOptions,
  defaultTimeouts,
  type NetworkError,
  type ServedAssociation,
  serveAssociation,
  systemClock,
  type TransportDescription,
} from "@isocenter/network";
import { listenSockets, type SocketServer } from "./socket-server.ts";
import type { TlsServerOptions } from "./tls.ts";

export interface ListenOptions extends Omit<AcceptorOptions, "overLimit"> {
  /** Address to listen on. Default 127.0.0.1: this machine only. `::` listens on IPv6 and IPv4. */
  readonly host?: string;
  /** Takes TLS only. */
  readonly tls?: TlsServerOptions;
  /** More are rejected as "local limit exceeded". Default 200. */
  readonly maximumAssociations?: number;
  /**
   * A connection came, before its first byte is read. False closes it; options are for its association alone, such as an
   * `authorize` that knows the certificate it was opened with.
   */
  readonly onConnection?: (connection: TransportDescription) => false | Partial<AcceptorOptions> | void;
  /** An association ended otherwise than by a release, or a connection did not get that far. */
  readonly onError?: (error: NetworkError) => void;
}

export interface TcpServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Associations that are open or being opened. */
  readonly openAssociations: number;
  readonly closed: Promise<void>;
  /** Stops listening, gives open associations `drainMs` (default 2 s) to end, then aborts them. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
  /** Reads the TLS files anew, as happens by itself when they change. @throws LocalProtocolError for bad ones */
  reloadTls(): Promise<void>;
}

/** @throws the system's error when the address cannot be listened on; LocalProtocolError for TLS files */
export async function listenTcp(port: number, options: ListenOptions): Promise<TcpServer> {
  const { maximumAssociations = 200, clock = systemClock, onError } = options;
  const open = new Set<ServedAssociation>();
  const server = await listenSockets(port, {
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    clock,
    // Above the limit there is room for those who are told so.
    maximumConnections: maximumAssociations + roomToReject,
    handshakeMs: options.timeouts?.artimMs || defaultTimeouts.artimMs,
    ...(onError === undefined ? {} : { onRefused: onError }),
    onTransport(transport) {
      const own = options.onConnection?.(transport.description ?? {});
      if (own === false) return transport.destroy();
      const overLimit = open.size >= maximumAssociations;
      const association = serveAssociation(transport, { ...options, ...own, overLimit });
      open.add(association);
      void association.closed.then((error) => {
        open.delete(association);
        if (error !== undefined) onError?.(error);
      });
    },
  });
  const close = closing(server, open, (ms, work) => {
    const timer = clock.setTimeout(work, ms);
    return () => clock.clearTimeout(timer);
  });
  return {
    host: server.host,
    port: server.port,
    closed: server.closed,
    get openAssociations() {
      return open.size;
    },
    close,
    reloadTls: () => server.reloadTls(),
    [Symbol.asyncDispose]: () => close({ drainMs: 0 }),
  };
}

const roomToReject = 50;

function closing(
  server: SocketServer,
  open: ReadonlySet<ServedAssociation>,
  after: (ms: number, work: () => void) => () => void,
): TcpServer["close"] {
  const cut = (): void => {
    for (const association of open) association.abort();
    server.endConnections();
  };
  return async ({ drainMs = 2000 } = {}) => {
    server.stopListening();
    const cancel = drainMs === 0 ? cut() : after(drainMs, cut);
    await server.closed;
    cancel?.();
  };
}
