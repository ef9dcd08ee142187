/** `@isocenter/network/node`: associations over TCP, TLS and WebSockets in Node. */
export { connectTcp, openTcp, type TcpOptions } from "./connect.ts";
export { type ListenOptions, listenTcp, type TcpServer } from "./listen.ts";
export { acceptWebSocket, type WebSocketAcceptorOptions } from "./accept-web-socket.ts";
export { type RelayOptions, type RelayTarget, relayWebSocket } from "./relay.ts";
export { socketTransport } from "./socket-transport.ts";
export type { Pem, TlsClientOptions, TlsOptions, TlsServerOptions } from "./tls.ts";
export { type TlsProfile, type TlsProfileName, tlsProfiles } from "./tls-profiles.ts";
export type { UpgradeOptions, WebSocketUpgrade } from "./web-socket-upgrade.ts";
