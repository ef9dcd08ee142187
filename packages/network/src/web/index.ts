/**
 * `@isocenter/network/web`: associations over any pair of web streams of bytes: WebSocket streams, sockets of Workers
 * (with more comfort in `@isocenter/network/workers`), or two TransformStreams in a test.
 */
import { type AssociateOptions, type Association, associateOver } from "../association.ts";
import { type ByteStreams, streamTransport } from "./stream-transport.ts";

export { type ByteStreams, type StreamEnds, streamTransport } from "./stream-transport.ts";

/** Associates over streams that are connected already. @throws as `associateOver` */
export function associate(streams: ByteStreams, options: AssociateOptions): Promise<Association> {
  return associateOver(streamTransport(streams), options);
}
