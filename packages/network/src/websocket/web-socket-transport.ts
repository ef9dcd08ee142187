/**
 * A WebSocket of a browser, of a Worker or of Node's `ws` as a {@link Transport}. With {@link flowProtocol} both
 * directions are bounded by credit; without it, sending looks at `bufferedAmount`, and receiving can only be held back
 * where the WebSocket has `pause` (as `ws` does).
 */
import { NetworkError } from "../errors.ts";
import { type Clock, systemClock } from "../timers.ts";
import type { Transport, TransportDescription, TransportHandlers } from "../transport.ts";
import { closeError, flowProtocol, flowWindow, RelayClose } from "./protocol.ts";

/** What is used of the standard's WebSocket, and of more where there is more. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly protocol?: string | null;
  readonly bufferedAmount?: number;
  binaryType?: string;
  send(data: Uint8Array<ArrayBuffer> | string): void;
  close(code?: number, reason?: string): void;
  /** With "message" and "close"; the runtimes' own types of it have nothing in common. */
  addEventListener(...args: never[]): void;
  /** `ws` only. */
  pause?(): void;
  resume?(): void;
  terminate?(): void;
}

export interface WebSocketTransportOptions {
  readonly description?: TransportDescription;
  readonly clock?: Clock;
}

/** @param webSocket open already; it belongs to the transport from here on */
export function webSocketTransport(
  webSocket: WebSocketLike,
  options: WebSocketTransportOptions = {},
): Transport {
  return new WebSocketTransport(webSocket, options);
}

export function listen<T>(socket: WebSocketLike, type: string, listener: (event: T) => void): void {
  (socket as { addEventListener(type: string, listener: (event: T) => void): void }).addEventListener(
    type,
    listener,
  );
}

class WebSocketTransport implements Transport {
  readonly description: TransportDescription;
  readonly #socket: WebSocketLike;
  readonly #clock: Clock;
  readonly #hasCredit: boolean;
  #handlers: TransportHandlers | undefined;
  /** What came while nobody took it. */
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #isPaused = true;
  /** Taken, and not yet told to the other side. */
  #untold = 0;
  /** Sent, and not yet taken by the other side. */
  #underWay = 0;
  #isWaiting = false;
  #end: { readonly error: Error | undefined } | undefined;
  #isOver = false;

  constructor(socket: WebSocketLike, { description = {}, clock = systemClock }: WebSocketTransportOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.description = description;
    this.#hasCredit = socket.protocol === flowProtocol;
    if (socket.binaryType === "blob") socket.binaryType = "arraybuffer";
    listen(socket, "message", (event: { data: unknown }) => this.#onMessage(event.data));
    listen(socket, "close", ({ code, reason }: { code: number; reason: string }) => {
      // A Worker answers the other side's close when it is told to; elsewhere it is answered, and this does nothing.
      if (socket.readyState !== closed) socket.close(1000);
      this.#ended(closeError(code, reason));
    });
    // A "close" follows, and says as much as there is to say.
    listen(socket, "error", () => undefined);
    if (socket.readyState > open) this.#ended(closeError(1006, ""));
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    queueMicrotask(() => this.resume());
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.readyState !== open) return true;
    const bytes = joined(chunks);
    for (let at = 0; at < bytes.byteLength; at += longestMessage)
      socket.send(bytes.subarray(at, at + longestMessage));
    this.#underWay += bytes.byteLength;
    if (this.#hasRoom(flowWindow)) return true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      if (!this.#hasCredit) this.#poll();
    }
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause?.();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume?.();
    this.#deliver();
  }

  close(): void {
    // What was sent before goes out before.
    if (this.#socket.readyState <= open) this.#socket.close(1000);
  }

  destroy(): void {
    if (this.#socket.terminate !== undefined) this.#socket.terminate();
    else this.close();
    this.#dropped(undefined);
  }

  #onMessage(data: unknown): void {
    if (this.#end !== undefined) return;
    if (typeof data === "string" && this.#hasCredit && /^\d{1,9}$/.test(data))
      return this.#credited(Number(data));
    const bytes =
      data instanceof Uint8Array ? data : data instanceof ArrayBuffer ? new Uint8Array(data) : undefined;
    if (bytes === undefined) return this.#break("a message that is not binary");
    this.#inbox.push(bytes);
    this.#inboxBytes += bytes.byteLength;
    const limit = this.#hasCredit ? flowWindow + longestMessage : longestQueue;
    if (this.#inboxBytes > limit) return this.#break("more bytes than there is room for");
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#isPaused && this.#inbox.length > 0) {
      const chunk = this.#inbox.shift();
      if (chunk === undefined) break;
      this.#inboxBytes -= chunk.byteLength;
      this.#handlers?.onData(chunk);
      this.#untold += chunk.byteLength;
    }
    if (this.#hasCredit && this.#untold >= flowWindow / 4 && this.#socket.readyState === open) {
      this.#socket.send(String(this.#untold));
      this.#untold = 0;
    }
    if (this.#end !== undefined && this.#inbox.length === 0 && !this.#isPaused && !this.#isOver) {
      this.#isOver = true;
      this.#handlers?.onClose(this.#end.error);
    }
  }

  #hasRoom(limit: number): boolean {
    return (this.#hasCredit ? this.#underWay : (this.#socket.bufferedAmount ?? 0)) < limit;
  }

  #credited(bytes: number): void {
    this.#underWay = Math.max(0, this.#underWay - bytes);
    if (this.#isWaiting && this.#hasRoom(flowWindow / 2)) this.#drained();
  }

  /** `bufferedAmount` has no event; it is looked at only while a writer waits. */
  #poll(): void {
    this.#clock.setTimeout(() => {
      if (this.#end !== undefined) return;
      if (this.#hasRoom(flowWindow / 2)) this.#drained();
      else this.#poll();
    }, pollMs);
  }

  #drained(): void {
    this.#isWaiting = false;
    this.#handlers?.onDrain();
  }

  #break(reason: string): void {
    this.#socket.close(RelayClose.Protocol, reason);
    this.#dropped(
      new NetworkError("connection-failed", `The WebSocket's other side broke its protocol: ${reason}.`),
    );
  }

  /** What came is not taken any more. */
  #dropped(error: Error | undefined): void {
    this.#inbox = [];
    this.#isPaused = false;
    this.#ended(error);
  }

  #ended(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    // What came before the end is taken before it.
    if (this.#handlers !== undefined) this.#deliver();
  }
}

const open = 1; // WebSocket.OPEN
const closed = 3; // WebSocket.CLOSED
const longestMessage = 1 << 20;
/** Without flow control: what a page may have to hold while it does not read. */
const longestQueue = 1 << 26;
const pollMs = 10;

/** One message, so that header and body of a PDU leave together. */
function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1 && only.buffer instanceof ArrayBuffer) {
    return only as Uint8Array<ArrayBuffer>;
  }
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
