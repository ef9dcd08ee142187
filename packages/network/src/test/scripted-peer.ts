/**
 * The other side of a connection, played by a test byte by byte. Everything happens at once, inside the call that causes
 * it, so that a test sees each step and can step in between two.
 */
import type { Transport, TransportHandlers } from "../transport.ts";

export class ScriptedPeer {
  /** Hexadecimal, one entry a write, since the last {@link ScriptedPeer.takeReceived}. */
  #received: string[] = [];
  #handlers: TransportHandlers | undefined;
  /** What our side did to the transport, in order: `close`, `destroy`, `pause`, `resume`. */
  readonly calls: string[] = [];
  /** Called when our side starts to read: the connection is open, and nothing was said. */
  onStart: () => void = () => undefined;
  /** False: our side is told to wait with what it writes. */
  isReading = true;
  /** True: closing from our side is answered in kind. */
  closesBack = false;

  readonly transport: Transport = {
    start: (handlers) => {
      this.#handlers = handlers;
      this.onStart();
    },
    write: (chunks) => {
      this.#received.push(hex(...chunks));
      return this.isReading;
    },
    pause: () => void this.calls.push("pause"),
    resume: () => void this.calls.push("resume"),
    close: () => {
      this.calls.push("close");
      if (this.closesBack) this.close();
    },
    destroy: () => {
      this.calls.push("destroy");
      this.close();
    },
  };

  send(...parts: readonly Uint8Array[]): void {
    this.#handlers?.onData(Buffer.concat(parts));
  }

  close(error?: Error): void {
    const handlers = this.#handlers;
    this.#handlers = undefined; // said once
    handlers?.onClose(error);
  }

  drain(): void {
    this.isReading = true;
    this.#handlers?.onDrain();
  }

  takeReceived(): string[] {
    const taken = this.#received;
    this.#received = [];
    return taken;
  }
}

export function hex(...parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString("hex");
}
