/**
 * Messages to P-DATA-TF PDUs: one PDV a PDU, as long as the peer takes. Waits only when the transport asks for it.
 *
 * Three ways, by where the data set is. Small ones are laid out with their command in one piece of memory and leave in one
 * write. Files are read into PDUs where they lie, in memory that is used again where the transport says when it is done
 * with it. Other data is not copied: headers and views of it leave in one gathered write.
 */
import { encodePDataHeader } from "../pdu/encode.ts";
import type { UpperLayerConnection } from "../upper-layer/connection.ts";
import { encodeCommand } from "./encode.ts";
import { type ByteSource, isByteSource, type Outgoing } from "./outgoing.ts";
import { pDataHeaderLength, PduBuffer } from "./pdu-buffer.ts";
import type { Command } from "./types.ts";

const commandBit = 1;
const lastBit = 2;
/** A fragment where the peer set no limit. */
const unlimitedFragment = 1 << 18;
/** Bytes given to the transport at a time. */
const batchBytes = 1 << 18;
/** A data set up to this size is copied: cheaper than gathering it. */
const copiedBytes = 1 << 14;
/** Memory that a file is read into. */
const fileBufferBytes = 1 << 20;

export class MessageSender {
  readonly #connection: UpperLayerConnection;
  readonly #maximumFragment: number;
  /** Memory that the transport is done with. */
  #free: PduBuffer[] = [];
  /** Memory that it will be done with at its next drain. */
  #lent: PduBuffer[] = [];
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

  /** Whether the transport takes no more at the moment. */
  get isWaiting(): boolean {
    return this.#drained !== undefined;
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
  send(contextId: number, command: Command, dataSet?: Outgoing): Promise<number> {
    const sent = this.#last.then(() => this.#send(contextId, command, dataSet));
    this.#last = sent.catch(() => undefined); // the caller gets the error; the next message must still go
    return sent;
  }

  async #send(contextId: number, command: Command, dataSet?: Outgoing): Promise<number> {
    if (dataSet === undefined) return this.#sendCopied(contextId, command);
    if (dataSet instanceof Uint8Array) {
      return dataSet.byteLength <= copiedBytes
        ? this.#sendCopied(contextId, command, dataSet)
        : this.#sendViews(contextId, command, [dataSet]);
    }
    if (!isByteSource(dataSet)) return this.#sendViews(contextId, command, dataSet);
    try {
      return await this.#sendFile(contextId, command, dataSet);
    } finally {
      await dataSet.close();
    }
  }

  async #sendCopied(contextId: number, command: Command, dataSet?: Uint8Array): Promise<number> {
    const encoded = encodeCommand(command);
    const pdus = (length: number): number => Math.max(1, Math.ceil(length / this.#maximumFragment));
    const size = (bytes: Uint8Array): number => bytes.byteLength + pdus(bytes.byteLength) * pDataHeaderLength;
    const buffer = new PduBuffer(size(encoded) + (dataSet === undefined ? 0 : size(dataSet)));
    this.#lay(buffer, contextId, commandBit, encoded);
    if (dataSet !== undefined) this.#lay(buffer, contextId, 0, dataSet);
    await this.#write([buffer.take()]);
    return dataSet === undefined ? 0 : pdus(dataSet.byteLength);
  }

  #lay(buffer: PduBuffer, contextId: number, control: number, bytes: Uint8Array): void {
    let at = 0;
    do {
      const length = Math.min(this.#maximumFragment, bytes.byteLength - at);
      const isLast = at + length === bytes.byteLength;
      buffer.add(contextId, control | (isLast ? lastBit : 0), length).set(bytes.subarray(at, at + length));
      at += length;
    } while (at < bytes.byteLength);
  }

  /** Each buffer is filled with PDUs, read into in one go, and written in one piece. */
  async #sendFile(contextId: number, command: Command, source: ByteSource): Promise<number> {
    const encoded = encodeCommand(command);
    const isOneFragment = encoded.byteLength <= this.#maximumFragment;
    // A peer that takes tiny PDUs gets its command in several, by themselves.
    if (!isOneFragment) await this.#sendCopied(contextId, command);
    let buffer = this.#buffer();
    if (isOneFragment) this.#lay(buffer, contextId, commandBit, encoded);
    let fragments = 0;
    let views: Uint8Array[] = [];
    let from = 0;
    let at = 0;
    do {
      const length = Math.min(this.#maximumFragment, source.size - at);
      if (!buffer.hasRoomFor(length)) {
        await this.#readInto(source, views, from, at - from);
        await this.#writeBuffer(buffer);
        buffer = this.#buffer();
        views = [];
        from = at;
      }
      const isLast = at + length === source.size;
      views.push(buffer.add(contextId, isLast ? lastBit : 0, length));
      at += length;
      fragments++;
    } while (at < source.size);
    await this.#readInto(source, views, from, at - from);
    await this.#writeBuffer(buffer);
    return fragments;
  }

  async #readInto(
    source: ByteSource,
    views: readonly Uint8Array[],
    position: number,
    length: number,
  ): Promise<void> {
    if (length === 0) return;
    const count = source.read(views, position);
    const got = typeof count === "number" ? count : await count;
    if (got !== length)
      throw new Error(`The data set ended after ${position + got} of ${source.size} bytes.`);
  }

  #buffer(): PduBuffer {
    return this.#free.pop() ?? new PduBuffer(Math.max(fileBufferBytes, this.#maximumFragment + 4096));
  }

  async #writeBuffer(buffer: PduBuffer): Promise<void> {
    const wasHeldUp = await this.#write([buffer.take()]);
    if (!this.#connection.isDoneAtDrain) return; // somebody may still read it: it is theirs
    this.#lent.push(buffer);
    // What was taken without holding us up may be on its way for a while, but not longer than what came after it.
    if (wasHeldUp) this.#free.push(...this.#lent.splice(0));
    if (this.#lent.length > 2) this.#lent.shift();
  }

  async #sendViews(
    contextId: number,
    command: Command,
    dataSet: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  ): Promise<number> {
    const message = new Fragmenter(contextId, this.#maximumFragment);
    message.add(commandBit, encodeCommand(command));
    message.end(commandBit);
    for await (const chunk of dataSet) {
      for (let at = 0; at < chunk.byteLength; at += batchBytes) {
        message.add(0, chunk.subarray(at, at + batchBytes));
        if (message.bytes >= batchBytes) await this.#write(message.take());
      }
    }
    message.end(0);
    await this.#write(message.take());
    return message.fragments - 1; // the command is one
  }

  /** @returns whether the transport held us up, and drained after that */
  async #write(pdus: readonly Uint8Array[]): Promise<boolean> {
    if (this.#ended !== undefined) throw this.#ended;
    if (pdus.length === 0 || this.#connection.sendData(pdus)) return false;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    if (this.#ended !== undefined) throw this.#ended;
    return true;
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
