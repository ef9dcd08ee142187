/**
 * Messages to P-DATA-TF PDUs: one PDV a PDU, as long as the peer takes, header and body in one gathered write. Waits only
 * when the transport asks for it.
 */
import { encodePDataHeader } from "../pdu/encode.ts";
import type { UpperLayerConnection } from "../upper-layer/connection.ts";
import { encodeCommand } from "./encode.ts";
import type { Command } from "./types.ts";

const commandBit = 1;
const lastBit = 2;
/** A fragment where the peer set no limit. */
const unlimitedFragment = 1 << 18;
/** Bytes given to the transport at a time. */
const batchBytes = 1 << 18;

export class MessageSender {
  readonly #connection: UpperLayerConnection;
  readonly #maximumFragment: number;
  #drained: (() => void) | undefined;
  #ended: Error | undefined;
  /** Whether the transport takes no more at the moment. */
  get isWaiting(): boolean {
    return this.#drained !== undefined;
  }

  /** Messages go out one after another: their fragments must not mix. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param peerMaximum the peer's maximum PDU length; 0 means no limit */
  constructor(connection: UpperLayerConnection, peerMaximum: number) {
    this.#connection = connection;
    // 6 bytes of PDV header; fragments have even lengths (PS3.8 Annex E).
    const limit = peerMaximum === 0 ? unlimitedFragment : Math.min(peerMaximum - 6, unlimitedFragment);
    this.#maximumFragment = Math.max(2, limit - (limit % 2));
  }

  onDrain(): void {
    const resolve = this.#drained;
    this.#drained = undefined;
    resolve?.();
  }

  end(error: Error): void {
    this.#ended = error;
    this.onDrain();
  }

  /** Resolves when the last PDU was handed to the transport. @returns the fragments of the data set */
  send(
    contextId: number,
    command: Command,
    dataSet?: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const sent = this.#last.then(() => this.#send(contextId, command, dataSet));
    this.#last = sent.catch(() => undefined); // the caller gets the error; the next message must still go
    return sent;
  }

  async #send(
    contextId: number,
    command: Command,
    dataSet?: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const message = new Fragmenter(contextId, this.#maximumFragment);
    message.add(commandBit, encodeCommand(command));
    message.end(commandBit);
    if (dataSet instanceof Uint8Array) {
      for (let at = 0; at < dataSet.byteLength; at += batchBytes) {
        message.add(0, dataSet.subarray(at, at + batchBytes));
        if (message.bytes >= batchBytes) await this.#write(message.take());
      }
    } else if (dataSet !== undefined) {
      for await (const chunk of dataSet) {
        message.add(0, chunk);
        if (message.bytes >= batchBytes) await this.#write(message.take());
      }
    }
    if (dataSet !== undefined) message.end(0);
    await this.#write(message.take());
    return message.fragments - 1; // the command is one
  }

  async #write(pdus: readonly Uint8Array[]): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (pdus.length === 0 || this.#connection.sendData(pdus)) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    if (this.#ended !== undefined) throw this.#ended;
  }
}

/**
 * Cuts a message into PDUs without copying it: each is a header and the views that fill it. A full fragment is held back
 * until more comes, because the last one is marked as such.
 */
class Fragmenter {
  readonly #contextId: number;
  readonly #maximum: number;
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #open: Uint8Array[] = [];
  #openBytes = 0;
  fragments = 0;

  constructor(contextId: number, maximum: number) {
    this.#contextId = contextId;
    this.#maximum = maximum;
  }

  /** Bytes of complete PDUs waiting for {@link take}. */
  get bytes(): number {
    return this.#readyBytes;
  }

  add(kind: number, chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.#openBytes === this.#maximum) this.#close(kind);
      const count = Math.min(this.#maximum - this.#openBytes, chunk.byteLength - at);
      this.#open.push(chunk.subarray(at, at + count));
      this.#openBytes += count;
      at += count;
    }
  }

  /** The command or data set is complete. */
  end(kind: number): void {
    this.#close(kind | lastBit);
  }

  take(): Uint8Array[] {
    const taken = this.#ready;
    this.#ready = [];
    this.#readyBytes = 0;
    return taken;
  }

  #close(control: number): void {
    this.fragments++;
    this.#ready.push(encodePDataHeader(this.#contextId, control, this.#openBytes), ...this.#open);
    this.#readyBytes += this.#openBytes;
    this.#open = [];
    this.#openBytes = 0;
  }
}
