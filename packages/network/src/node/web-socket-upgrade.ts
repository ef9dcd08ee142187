/** From an HTTP upgrade to a WebSocket, for the relay and for the acceptor: who may, and how many. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { flowProtocol } from "@isocenter/network/websocket";
import { type WebSocket, WebSocketServer } from "ws";

export interface UpgradeOptions {
  /**
   * Origins of pages that may open one, such as `https://viewer.example`. Default: pages of the same host. A program that
   * is no browser has no origin, and is let in; `admit` is the place for a token.
   */
  readonly allowedOrigins?: readonly string[];
  /** False, or a throw, answers 403. */
  readonly admit?: (request: IncomingMessage) => boolean | Promise<boolean>;
}

/** `httpServer.on("upgrade", upgrade.handle)` */
export interface WebSocketUpgrade extends AsyncDisposable {
  /** Takes over the request's socket. Requests for other paths are not to be handed here. */
  readonly handle: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly openConnections: number;
  /** Ends what is open, and takes no more. */
  close(): Promise<void>;
}

/** @param onWebSocket what to do with one that is open; `number` of them are, with this one */
export function webSocketUpgrade(
  options: UpgradeOptions,
  onWebSocket: (webSocket: WebSocket, request: IncomingMessage, number: number) => void,
): WebSocketUpgrade {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: 4 << 20, // our side sends 1 MiB at most; other clients may cut otherwise
    // Pixel data is compressed, or the network is faster than a deflate in between.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(flowProtocol) ? flowProtocol : false),
  });
  let isClosed = false;
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    socket.on("error", () => socket.destroy()); // until it is a WebSocket, nobody waits for its errors
    if (isClosed) return refuse(socket, "503 Service Unavailable");
    if (!originIsAllowed(request, options.allowedOrigins)) return refuse(socket, "403 Forbidden");
    const isAdmitted = await Promise.resolve(options.admit?.(request) ?? true);
    if (!isAdmitted) return refuse(socket, "403 Forbidden");
    server.handleUpgrade(request, socket, head, (webSocket) => {
      onWebSocket(webSocket, request, server.clients.size);
    });
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    for (const client of server.clients) client.close(1001, "The server is stopping.");
    // One that does not answer is not waited for.
    const timer = setTimeout(() => {
      for (const client of server.clients) client.terminate();
    }, closeMs).unref();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearTimeout(timer);
  };
  return {
    handle(request, socket, head) {
      // Who cannot be checked is not let in.
      upgrade(request, socket, head).catch(() => refuse(socket, "403 Forbidden"));
    },
    get openConnections() {
      return server.clients.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Any page can open a WebSocket to any host, with the user's cookies: only the origin tells whose page it is. */
function originIsAllowed({ headers }: IncomingMessage, allowed: readonly string[] | undefined): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (allowed !== undefined) return allowed.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === host;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const closeMs = 2000;
