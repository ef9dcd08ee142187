/** Accepting associations over TCP in Node. */
import { type AddressInfo, createServer, type Server } from "node:net";
import {
  type AcceptorOptions,
  type NetworkError,
  type ServedAssociation,
  serveAssociation,
} from "@isocenter/network";
import { socketTransport } from "./socket-transport.ts";

export interface ListenOptions extends Omit<AcceptorOptions, "overLimit"> {
  /** Address to listen on. Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** More are rejected as "local limit exceeded". Default 200. */
  readonly maximumAssociations?: number;
  /** An association ended otherwise than by a release. */
  readonly onError?: (error: NetworkError) => void;
}

export interface TcpServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly closed: Promise<void>;
  /** Stops listening, gives open associations `drainMs` (default 2 s) to end, then aborts them. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/** @throws the system's error when the address cannot be listened on */
export async function listenTcp(port: number, options: ListenOptions): Promise<TcpServer> {
  const { host = "127.0.0.1", maximumAssociations = 200 } = options;
  const open = new Set<ServedAssociation>();
  const server = createServer((socket) => {
    const association = serveAssociation(socketTransport(socket), {
      ...options,
      overLimit: open.size >= maximumAssociations,
    });
    open.add(association);
    void association.closed.then((error) => {
      open.delete(association);
      if (error !== undefined) options.onError?.(error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return running(server, host, open);
}

function running(server: Server, host: string, open: ReadonlySet<ServedAssociation>): TcpServer {
  const closed = new Promise<void>((resolve) => {
    server.once("close", () => resolve());
  });
  const close = async ({ drainMs = 2000 }: { readonly drainMs?: number } = {}): Promise<void> => {
    server.close();
    const timer = setTimeout(() => {
      for (const association of open) association.abort();
    }, drainMs);
    await closed;
    clearTimeout(timer);
  };
  return {
    host,
    port: (server.address() as AddressInfo).port,
    closed,
    close,
    [Symbol.asyncDispose]: () => close({ drainMs: 0 }),
  };
}
