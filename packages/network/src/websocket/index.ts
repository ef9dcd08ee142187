/**
 * `@isocenter/network/websocket`: associations over WebSockets, for browsers and Workers: to an acceptor
 * (`acceptWebSocket`) and through `relayWebSocket` (both in `@isocenter/network/node`) to any DICOM peer.
 */
export { connectWebSocket, openWebSocket, type WebSocketOptions } from "./connect.ts";
export { type JoinHandlers, joinTransports } from "./join.ts";
export { closeReason, flowProtocol, RelayClose } from "./protocol.ts";
export {
  type WebSocketLike,
  type WebSocketTransportOptions,
  webSocketTransport,
} from "./web-socket-transport.ts";
