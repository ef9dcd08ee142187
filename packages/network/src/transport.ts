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

/** The two ends of a transport, for logs, for the timeline and for deciding who may come in. */
export interface TransportDescription {
  /** This end, as `address:port`. */
  readonly local?: string;
  /** The other end. */
  readonly remote?: string;
  /** Absent on a plain connection. */
  readonly security?: TransportSecurity;
}

/** What TLS agreed (PS3.15 Annex B). */
export interface TransportSecurity {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher suite by its IANA name. */
  readonly cipher: string;
  /** Absent where the peer showed none, or the runtime does not tell. */
  readonly peerCertificate?: PeerCertificate;
}

export interface PeerCertificate {
  /** As RFC 4514 writes it: `CN=ct1.example,O=Hospital`. */
  readonly subject: string;
  readonly issuer: string;
  /** Whether a trusted authority signed it and it is in date; a pinned one is trusted by itself. */
  readonly isTrusted: boolean;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** SHA-256 of the certificate, hexadecimal in lower case without colons. */
  readonly fingerprint256: string;
}

export interface Transport {
  /** Where it leads, as far as the runtime tells. */
  readonly description?: TransportDescription;
  /**
   * Whether chunks belong to the writer again once {@link write} answered false and `onDrain` came. Otherwise they are
   * given away for good.
   */
  readonly isDoneAtDrain?: boolean;
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
