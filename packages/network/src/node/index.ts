/** `@isocenter/network/node`: associations over TCP and TLS in Node. */
export { connectTcp, openTcp, type TcpOptions } from "./connect.ts";
export { type ListenOptions, listenTcp, type TcpServer } from "./listen.ts";
export { socketTransport } from "./socket-transport.ts";
export type { Pem, TlsClientOptions, TlsOptions, TlsServerOptions } from "./tls.ts";
export { type TlsProfile, type TlsProfileName, tlsProfiles } from "./tls-profiles.ts";
