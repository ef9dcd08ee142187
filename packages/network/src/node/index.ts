/** `@isocenter/network/node`: associations over TCP in Node. */
export { connectTcp } from "./connect.ts";
export { type ListenOptions, listenTcp, type TcpServer } from "./listen.ts";
export { socketTransport } from "./socket-transport.ts";
