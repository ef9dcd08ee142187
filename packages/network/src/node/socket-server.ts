/** Listening for transports: sockets that are connected and, with TLS, have shown who they are. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import { type Clock, NetworkError, systemClock, type Transport } from "@isocenter/network";
import { endpoint, socketTransport } from "./socket-transport.ts";
import { peerCertificateOf, readTls, type TlsServerOptions, watchFiles } from "./tls.ts";
import { tlsError } from "./tls-errors.ts";

export interface SocketServerOptions {
  /** Address to listen on. Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Takes TLS only. */
  readonly tls?: TlsServerOptions;
  /** More are closed without a word. */
  readonly maximumConnections: number;
  /** Until a TLS handshake is done. */
  readonly handshakeMs: number;
  readonly clock?: Clock;
  readonly onTransport: (transport: Transport) => void;
  /** A connection that came to nothing: no TLS, or not with this certificate. */
  readonly onRefused?: (error: NetworkError) => void;
}

export interface SocketServer {
  readonly host: string;
  readonly port: number;
  /** Resolves when it does not listen any more and every connection is over. */
  readonly closed: Promise<void>;
  stopListening(): void;
  /** What is still open is flushed, then cut. */
  endConnections(): void;
  /** Reads the TLS files anew; open connections stay. @throws LocalProtocolError */
  reloadTls(): Promise<void>;
}

/** @throws the system's error when the address cannot be listened on; LocalProtocolError for TLS files */
export async function listenSockets(port: number, options: SocketServerOptions): Promise<SocketServer> {
  const { host = "127.0.0.1", onTransport } = options;
  const sockets = new Set<Socket>();
  /** Those that something may still be on its way over. */
  const speaking = new Set<Socket>();
  const track = (set: Set<Socket>, socket: Socket): void => {
    set.add(socket);
    socket.once("close", () => set.delete(socket));
  };
  const onReady = (socket: Socket): void => {
    track(speaking, socket);
    onTransport(socketTransport(socket));
  };
  const tls = options.tls === undefined ? undefined : await TlsFront.open(options.tls, options, onReady);
  const server = createServer({ noDelay: true }, (socket) => {
    track(sockets, socket);
    if (tls === undefined) onReady(socket);
    else tls.take(socket);
  });
  server.maxConnections = options.maximumConnections;
  server.once("close", () => tls?.close());
  try {
    await listening(server, port, host);
  } catch (error) {
    tls?.close();
    throw error;
  }
  return {
    host,
    port: (server.address() as AddressInfo).port,
    closed: new Promise((resolve) => {
      server.once("close", () => resolve());
    }),
    stopListening: () => void server.close(),
    endConnections() {
      for (const socket of speaking) socket.destroySoon();
      // One that does not read what is left for it does not get the time to.
      setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, flushMs).unref();
    },
    reloadTls: () => tls?.reload() ?? Promise.resolve(),
  };
}

/**
 * Looks at the first byte before OpenSSL does: a peer without TLS is named in our log, and told by an alert in its own.
 */
class TlsFront {
  readonly #options: TlsServerOptions;
  readonly #server: TlsServer;
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #onRefused: (error: NetworkError) => void;
  #stopWatching: () => void = () => undefined;

  static async open(
    tls: TlsServerOptions,
    options: SocketServerOptions,
    onReady: (socket: TLSSocket) => void,
  ): Promise<TlsFront> {
    const context = (await readTls(tls)).options;
    const asksFor = tls.clientCertificates ?? (tls.ca === undefined ? "none" : "required");
    const server = createTlsServer({
      ...context,
      // Client certificates are checked by OpenSSL, so that one without gets the alert that says so.
      requestCert: asksFor !== "none",
      rejectUnauthorized: asksFor === "required",
      handshakeTimeout: options.handshakeMs,
    });
    return new TlsFront(tls, server, options, onReady);
  }

  private constructor(
    tls: TlsServerOptions,
    server: TlsServer,
    options: SocketServerOptions,
    onReady: (socket: TLSSocket) => void,
  ) {
    this.#options = tls;
    this.#server = server;
    this.#clock = options.clock ?? systemClock;
    this.#waitMs = options.handshakeMs;
    this.#onRefused = options.onRefused ?? (() => undefined);
    server.on("tlsClientError", (error, socket) => this.#refuse(error, socket));
    server.on("secureConnection", (socket) => {
      socket.disableRenegotiation(); // RFC 9325 3.5; TLS 1.3 has none
      // Asked for but not required: what is shown must be good all the same.
      if (!socket.authorized && peerCertificateOf(socket) !== undefined && tls.ca !== undefined) {
        return this.#refuse(new Error("not authorized"), socket);
      }
      onReady(socket);
    });
    this.#stopWatching = watchFiles(tls, () => {
      this.reload().then(
        () => tls.onReload?.(),
        (error: unknown) => tls.onReload?.(error as NetworkError),
      );
    });
  }

  take(socket: Socket): void {
    const ignore = (): void => undefined; // until OpenSSL has it, nobody waits for its errors
    socket.on("error", ignore);
    const timer = this.#clock.setTimeout(() => socket.destroy(), this.#waitMs);
    socket.once("close", () => this.#clock.clearTimeout(timer));
    socket.once("readable", () => {
      this.#clock.clearTimeout(timer);
      const first = socket.read() as Buffer | null;
      if (first === null) return; // it closed
      if (first[0] !== handshakeRecord) return this.#refusePlain(socket, first);
      socket.unshift(first);
      socket.off("error", ignore);
      this.#server.emit("connection", socket);
    });
  }

  async reload(): Promise<void> {
    this.#server.setSecureContext((await readTls(this.#options)).options);
  }

  close(): void {
    this.#stopWatching();
  }

  #refusePlain(socket: Socket, first: Buffer): void {
    const where = whereIs(socket);
    // An A-ASSOCIATE-RQ begins with 01H 00H (PS3.8 9.3.2).
    const spoken = first[0] === 1 && first[1] === 0 ? "plain DICOM" : "something else than TLS";
    this.#onRefused(
      new NetworkError(
        "wrong-protocol",
        `${where} speaks ${spoken}, and this port takes TLS only: turn on TLS there, or use the plain port.`,
      ),
    );
    socket.end(alert);
    socket.resume();
    setTimeout(() => socket.destroy(), flushMs).unref();
  }

  #refuse(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const where = whereIs(socket);
    // Refused by us rather than by OpenSSL: then only the socket knows why.
    const { authorizationError } = socket as { authorizationError?: Error | string };
    const verdict = typeof authorizationError === "string" ? authorizationError : undefined;
    const cause = verdict === undefined ? error : Object.assign(new Error(verdict), { code: verdict });
    socket.on("error", () => undefined);
    socket.destroy();
    this.#onRefused(tlsError(cause, { where, role: "server", hasCertificate: true }));
  }
}

/** RFC 8446 5.1: content type 22. */
const handshakeRecord = 0x16;
/** RFC 8446 6.2: a fatal alert, protocol_version, in a record of TLS 1.2. */
const alert = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70);
const flushMs = 1000;

const whereIs = (socket: Socket): string => endpoint(socket.remoteAddress, socket.remotePort) ?? "The peer";

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
