/** `@isocenter/network/memory`: two joined transports in memory, for tests and for both ends in one process. */
import type { Transport, TransportHandlers } from "../transport.ts";

/** Bytes under way before a writer is asked to wait. */
const highWaterMark = 1 << 20;

/** What one writes the other gets, in order and asynchronously, as over a socket. */
export function memoryPair(): [Transport, Transport] {
  const a = new MemoryTransport();
  const b = new MemoryTransport();
  a.peer = b;
  b.peer = a;
  return [a, b];
}

class MemoryTransport implements Transport {
  peer: MemoryTransport | undefined;
  #handlers: TransportHandlers | undefined;
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #closing = false;
  #closed = false;
  #paused = false;
  #scheduled = false;
  #peerWaits = false;

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    this.#schedule();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const { peer } = this;
    if (peer === undefined || this.#closed || peer.#closed) return true;
    for (const chunk of chunks) {
      peer.#inbox.push(chunk);
      peer.#inboxBytes += chunk.byteLength;
    }
    peer.#schedule();
    if (peer.#inboxBytes < highWaterMark) return true;
    peer.#peerWaits = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.peer !== undefined) {
      this.peer.#closing = true;
      this.peer.#schedule();
    }
    queueMicrotask(() => this.#handlers?.onClose());
  }

  destroy(): void {
    this.close();
  }

  drained(): void {
    this.#handlers?.onDrain();
  }

  #schedule(): void {
    if (this.#scheduled || this.#handlers === undefined) return;
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.#deliver();
    }, 0);
  }

  #deliver(): void {
    while (!this.#paused && !this.#closed && this.#inbox.length > 0) {
      const chunk = this.#inbox.shift();
      if (chunk === undefined) break;
      this.#inboxBytes -= chunk.byteLength;
      this.#handlers?.onData(chunk);
    }
    if (this.#peerWaits && this.#inboxBytes < highWaterMark / 2) {
      this.#peerWaits = false;
      this.peer?.drained();
    }
    if (this.#closing && this.#inbox.length === 0 && !this.#closed) {
      this.#closed = true;
      this.#handlers?.onClose();
    }
  }
}
