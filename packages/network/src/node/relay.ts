/**
 * A relay from WebSockets to DICOM peers: how a browser, or a Worker outside, holds an association with a PACS. It reads
 * nothing of what passes; where it leads is the operator's list, never the caller's wish.
 */
import type { IncomingMessage } from "node:http";
import { type Clock, NetworkError, systemClock, type Timeouts, type Transport } from "@isocenter/network";
import { closeReason, joinTransports, RelayClose, webSocketTransport } from "@isocenter/network/websocket";
import type { WebSocket } from "ws";
import { openTcp } from "./connect.ts";
import { endpoint } from "./socket-transport.ts";
import type { TlsClientOptions } from "./tls.ts";
import { type UpgradeOptions, type WebSocketUpgrade, webSocketUpgrade } from "./web-socket-upgrade.ts";

export interface RelayTarget {
  /** Asked for as `?peer=NAME`; without one, as `?host=…&port=…`. */
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsClientOptions;
}

export interface RelayOptions extends UpgradeOptions {
  /** The only targets there are. */
  readonly allow: readonly RelayTarget[];
  /** Default 50. */
  readonly maximumConnections?: number;
  /** Without a byte either way, the line is cut. Default 10 min: longer than a peer's own. 0 means never. */
  readonly idleMs?: number;
  /** Of these, `connectMs` counts here. */
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  /** A line came to nothing, or broke. */
  readonly onError?: (error: NetworkError, target: RelayTarget | undefined) => void;
}

/**
 * @example
 * const relay = relayWebSocket({ allow: [{ name: "PACS", host: "10.0.0.5", port: 104 }] });
 * httpServer.on("upgrade", relay.handle);
 */
export function relayWebSocket(options: RelayOptions): WebSocketUpgrade {
  const { maximumConnections = 50 } = options;
  return webSocketUpgrade(options, (webSocket, request, number) => {
    const target = targetOf(request, options.allow);
    const refuse = (code: number, error: NetworkError): void => {
      options.onError?.(error, target);
      webSocket.on("error", () => webSocket.terminate());
      webSocket.close(code, closeReason(error.message));
    };
    if (number > maximumConnections) {
      const message = `The relay has ${maximumConnections} connections open, and takes no more.`;
      return refuse(RelayClose.TooMany, new NetworkError("connection-refused", message));
    }
    if (target === undefined) {
      const message = "The relay leads to no such peer.";
      return refuse(RelayClose.NotAllowed, new NetworkError("connection-refused", message));
    }
    void relay(webSocket, request, target, options, refuse);
  });
}

async function relay(
  webSocket: WebSocket,
  request: IncomingMessage,
  target: RelayTarget,
  options: RelayOptions,
  refuse: (code: number, error: NetworkError) => void,
): Promise<void> {
  const { clock = systemClock, timeouts } = options;
  const remote = endpoint(request.socket.remoteAddress, request.socket.remotePort);
  const outside = webSocketTransport(webSocket, {
    clock,
    description: remote === undefined ? {} : { remote },
  });
  // A caller that goes away while we connect must not leave a connection behind.
  const left = new AbortController();
  const onLeave = (): void => left.abort();
  webSocket.once("close", onLeave);
  let inside: Transport;
  try {
    inside = await openTcp(target.host, target.port, {
      clock,
      signal: left.signal,
      ...(timeouts === undefined ? {} : { timeouts }),
      ...(target.tls === undefined ? {} : { tls: target.tls }),
    });
  } catch (error) {
    if (left.signal.aborted) return;
    return refuse(RelayClose.Unreachable, asNetworkError(error));
  }
  webSocket.off("close", onLeave);
  const idle = watchIdle(clock, options.idleMs ?? 600_000, () => {
    refuse(RelayClose.Idle, new NetworkError("connection-closed", "Nothing passed for too long."));
  });
  joinTransports(outside, inside, {
    onBytes: () => idle.touch(),
    onEnd(by, other, error) {
      idle.stop();
      if (error !== undefined && by === inside) return refuse(RelayClose.Broken, asNetworkError(error));
      if (error !== undefined) options.onError?.(asNetworkError(error), target);
      other.close();
    },
  });
}

function targetOf({ url = "/" }: IncomingMessage, allow: readonly RelayTarget[]): RelayTarget | undefined {
  const query = new URL(url, "http://relay").searchParams;
  const [peer, host, port] = [query.get("peer"), query.get("host")?.toLowerCase(), Number(query.get("port"))];
  return allow.find((target) =>
    peer !== null
      ? target.name === peer
      : target.name === undefined && target.host.toLowerCase() === host && target.port === port,
  );
}

/** One timer, which what passes does not touch. */
function watchIdle(clock: Clock, ms: number, onIdle: () => void): { touch(): void; stop(): void } {
  let last = clock.now();
  let timer: unknown;
  const arm = (wait: number): void => {
    timer = clock.setTimeout(() => {
      const left = last + ms - clock.now();
      if (left > 0) arm(left);
      else onIdle();
    }, wait);
  };
  if (ms !== 0) arm(ms);
  return {
    touch: () => {
      last = clock.now();
    },
    stop: () => clock.clearTimeout(timer),
  };
}

function asNetworkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new NetworkError("connection-failed", `The connection to the peer broke: ${words}`, {
    cause: error,
  });
}
