/** Accepting associations over WebSockets, beside whatever else an HTTP server does. */
import {
  type AcceptorOptions,
  type NetworkError,
  type ServedAssociation,
  serveAssociation,
  type TransportDescription,
} from "@isocenter/network";
import { webSocketTransport } from "@isocenter/network/websocket";
import { endpoint } from "./socket-transport.ts";
import { type UpgradeOptions, type WebSocketUpgrade, webSocketUpgrade } from "./web-socket-upgrade.ts";

export interface WebSocketAcceptorOptions extends Omit<AcceptorOptions, "overLimit">, UpgradeOptions {
  /** More are rejected as "local limit exceeded". Default 200. */
  readonly maximumAssociations?: number;
  /** As in `listenTcp`. */
  readonly onConnection?: (connection: TransportDescription) => false | Partial<AcceptorOptions> | void;
  readonly onError?: (error: NetworkError) => void;
}

/**
 * @example
 * const dicom = acceptWebSocket({ aeTitle: "ISO", services: { verification: true } });
 * httpServer.on("upgrade", dicom.handle);
 */
export function acceptWebSocket(options: WebSocketAcceptorOptions): WebSocketUpgrade {
  const { maximumAssociations = 200, onError } = options;
  const open = new Set<ServedAssociation>();
  return webSocketUpgrade(options, (webSocket, request) => {
    const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
    const [remote, local] = [endpoint(remoteAddress, remotePort), endpoint(localAddress, localPort)];
    const description = {
      ...(local === undefined ? {} : { local }),
      ...(remote === undefined ? {} : { remote }),
    };
    const transport = webSocketTransport(webSocket, {
      description,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    const own = options.onConnection?.(description);
    if (own === false) return transport.destroy();
    const overLimit = open.size >= maximumAssociations;
    const association = serveAssociation(transport, { ...options, ...own, overLimit });
    open.add(association);
    void association.closed.then((error) => {
      open.delete(association);
      if (error !== undefined) onError?.(error);
    });
  });
}
