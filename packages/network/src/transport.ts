/**
 * What an association needs of a byte stream: a pump of some fifty lines per runtime (Node sockets, web streams, a pair
 * in memory). Writes are gathered, so that header and body of a PDU leave together.
 */
export interface TransportHandlers {
  /** The chunk may be kept; the transport does not write to it again. */
  onData(chunk: Uint8Array): void;
  /** There is room again after {@link Transport.write} answered false. */
  onDrain(): void;
  /** Once, however it ended. `error` when it was not in order. */
  onClose(error?: Error): void;
}

export interface Transport {
  /** Begins to deliver; nothing is delivered before. */
  start(handlers: TransportHandlers): void;
  /** @returns false when the caller should wait for `onDrain` before it writes more */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Stops and goes on with `onData`: backpressure down to the peer. */
  pause(): void;
  resume(): void;
  /** Closes in order, after what was written. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}
