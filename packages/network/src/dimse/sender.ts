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

  /** Resolves when the last PDU was handed to the transport. */
  send(contextId: number, command: Command, dataSet?: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const sent = this.#last.then(() => this.#send(contextId, command, dataSet));
    this.#last = sent.catch(() => undefined); // the caller gets the error; the next message must still go
    return sent;
  }

  async #send(
    contextId: number,
    command: Command,
    dataSet?: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const pdus: Uint8Array[] = [];
    this.#fragments(pdus, contextId, commandBit, encodeCommand(command), true);
    if (dataSet === undefined) return this.#write(pdus);
    if (dataSet instanceof Uint8Array) {
      await this.#body(pdus, contextId, dataSet, true);
      return this.#write(pdus);
    }
    // The last fragment is marked as such, so one chunk is held back; it also takes up an odd byte.
    let held: Uint8Array | undefined;
    for await (const chunk of dataSet) {
      if (chunk.byteLength === 0) continue;
      if (held !== undefined) {
        const even = held.byteLength - (held.byteLength % 2);
        await this.#body(pdus, contextId, held.subarray(0, even), false);
        held = even === held.byteLength ? chunk : withFirst(held[even] ?? 0, chunk);
      } else {
        held = chunk;
      }
    }
    await this.#body(pdus, contextId, held ?? new Uint8Array(0), true);
    return this.#write(pdus);
  }

  async #body(pdus: Uint8Array[], contextId: number, bytes: Uint8Array, isLast: boolean): Promise<void> {
    for (let at = 0; at < bytes.byteLength || (isLast && at === 0); at += batchBytes) {
      const end = Math.min(at + batchBytes, bytes.byteLength);
      this.#fragments(pdus, contextId, 0, bytes.subarray(at, end), isLast && end === bytes.byteLength);
      if (end < bytes.byteLength || !isLast) {
        await this.#write(pdus);
        pdus.length = 0;
      }
    }
  }

  #fragments(pdus: Uint8Array[], contextId: number, kind: number, bytes: Uint8Array, isLast: boolean): void {
    const step = this.#maximumFragment;
    for (let at = 0; at < bytes.byteLength || at === 0; at += step) {
      const piece = bytes.subarray(at, at + step);
      const end = at + piece.byteLength === bytes.byteLength;
      pdus.push(encodePDataHeader(contextId, kind | (isLast && end ? lastBit : 0), piece.byteLength), piece);
      if (end) break;
    }
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

function withFirst(byte: number, chunk: Uint8Array): Uint8Array {
  const joined = new Uint8Array(chunk.byteLength + 1);
  joined[0] = byte;
  joined.set(chunk, 1);
  return joined;
}
