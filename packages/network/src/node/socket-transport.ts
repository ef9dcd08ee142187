/**
 * A Node socket, plain or TLS, as a {@link Transport}: no delay, one write a PDU, backpressure both ways.
 *
 * A peer that closes its half is gone as far as PS3.8 knows (Evt17): nothing it said can be answered any more.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type {
  Transport,
  TransportDescription,
  TransportHandlers,
  TransportSecurity,
} from "@isocenter/network";
import { peerCertificateOf, plainHex } from "./tls.ts";
import { closedAfterHandshake, tlsError } from "./tls-errors.ts";

/** The socket belongs to the transport from here on. */
export function socketTransport(socket: Socket): Transport {
  return new SocketTransport(socket);
}

class SocketTransport implements Transport {
  readonly description: TransportDescription;
  /** Node drains when the system took the last byte. */
  readonly isDoneAtDrain = true;
  readonly #socket: Socket;
  #handlers: TransportHandlers | undefined;
  #failure: Error | undefined;
  #hasReceived = false;
  #isClosing = false;
  #isOver = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.description = descriptionOf(socket);
    // A DIMSE exchange is small messages back and forth: Nagle's algorithm would hold each for the peer's delayed ACK.
    socket.setNoDelay(true);
    // A peer that lost its power says nothing, and an association may be idle for long.
    socket.setKeepAlive(true, keepAliveMs);
    socket.on("error", (error) => {
      this.#failure ??= error;
    });
    socket.once("close", () => this.#over());
  }

  start(handlers: TransportHandlers): void {
    const socket = this.#socket;
    this.#handlers = handlers;
    if (this.#isOver || socket.destroyed) {
      this.#isOver = true;
      return queueMicrotask(() => handlers.onClose(this.#reason()));
    }
    socket.on("drain", () => handlers.onDrain());
    socket.once("end", () => {
      this.#over();
      this.close();
    });
    socket.on("data", (chunk) => {
      this.#hasReceived = true;
      if (!this.#isClosing) handlers.onData(chunk);
    });
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    // Corked, they go down in one writev (or in one TLS record): a header never travels alone.
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.uncork();
    return !socket.writableNeedDrain;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    const socket = this.#socket;
    if (socket.destroyed || this.#isClosing) return;
    this.#isClosing = true;
    socket.end();
    // Read on, or the peer's FIN would never be seen; and a peer that never sends one must not keep the socket.
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once("close", () => clearTimeout(timer));
  }

  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers?.onClose(this.#reason());
  }

  #reason(): Error | undefined {
    const { remote = "the peer", security } = this.description;
    if (security === undefined || this.#hasReceived) return this.#failure;
    const isClient = (this.#socket as TLSSocket & { isServer?: boolean }).isServer !== true;
    const code = (this.#failure as NodeJS.ErrnoException | undefined)?.code;
    if (code?.startsWith("ERR_SSL_") === true && this.#failure !== undefined) {
      return tlsError(this.#failure, {
        where: remote,
        role: isClient ? "client" : "server",
        hasCertificate: hasCertificate(this.#socket),
      });
    }
    const isUnchecked = isClient && !this.#isClosing && security.protocol === "TLSv1.3";
    return isUnchecked ? closedAfterHandshake(remote, this.#failure) : this.#failure;
  }
}

const keepAliveMs = 30_000;
const lingerMs = 5000;

function hasCertificate(socket: Socket): boolean {
  return socket instanceof TLSSocket && Object.keys(socket.getCertificate() ?? {}).length > 0;
}

function descriptionOf(socket: Socket): TransportDescription {
  const local = endpoint(socket.localAddress, socket.localPort);
  const remote = endpoint(socket.remoteAddress, socket.remotePort);
  return {
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    ...(socket instanceof TLSSocket ? { security: securityOf(socket) } : {}),
  };
}

function securityOf(socket: TLSSocket): TransportSecurity {
  const certificate = peerCertificateOf(socket);
  const security = { protocol: socket.getProtocol() ?? "", cipher: socket.getCipher().standardName };
  if (certificate === undefined) return security;
  return {
    ...security,
    peerCertificate: {
      subject: distinguishedName(certificate.subject),
      issuer: distinguishedName(certificate.issuer),
      isTrusted: socket.authorized,
      validFrom: new Date(certificate.validFrom),
      validTo: new Date(certificate.validTo),
      fingerprint256: plainHex(certificate.fingerprint256),
    },
  };
}

/** Node gives a line a part, escaped, the most general first; RFC 4514 has it the other way round. */
const distinguishedName = (lines: string | undefined): string =>
  (lines ?? "").split("\n").reverse().join(",");

/** `10.0.0.5:104`, `[::1]:104` */
export function endpoint(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
