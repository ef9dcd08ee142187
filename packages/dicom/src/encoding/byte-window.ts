/**
 * The bytes a parser was given and has not consumed: usually a view of the chunk that came last, without a copy.
 *
 * Only what is left over of a chunk is copied when the next one comes, into a buffer with room to grow, so the work stays
 * linear whatever the chunking. Bytes that were handed out are never written to again.
 */
export class ByteWindow {
  buffer: Uint8Array = new Uint8Array(0);
  /** Index of the next byte in {@link buffer}. */
  at = 0;
  #end = 0;
  /** Offset in the source of `buffer[0]`. */
  #base: number;
  #view: DataView = new DataView(this.buffer.buffer);
  /** The buffer is ours, and may be filled beyond the end. */
  #own = false;

  constructor(baseOffset: number) {
    this.#base = baseOffset;
  }

  /** Offset in the source of the next byte. */
  get position(): number {
    return this.#base + this.at;
  }

  get available(): number {
    return this.#end - this.at;
  }

  append(chunk: Uint8Array): void {
    const left = this.#end - this.at;
    if (left === 0) {
      this.#base += this.at;
      this.#use(chunk, chunk.byteLength, false);
      return;
    }
    const needed = left + chunk.byteLength;
    if (!this.#own || this.#end + chunk.byteLength > this.buffer.byteLength) {
      // Growing by doubles what has really arrived, never by what is only declared.
      const grown = new Uint8Array(Math.max(256, needed * 2));
      grown.set(this.buffer.subarray(this.at, this.#end));
      this.#base += this.at;
      this.#use(grown, left, true);
    }
    this.buffer.set(chunk, this.#end);
    this.#end += chunk.byteLength;
  }

  advance(count: number): void {
    this.at += count;
  }

  /** Drops up to `count` bytes. @returns how many */
  skip(count: number): number {
    const dropped = Math.min(count, this.#end - this.at);
    this.at += dropped;
    return dropped;
  }

  /** Moves on over bytes that were never given; nothing may be available then. */
  skipUnseen(count: number): void {
    this.#base += count;
  }

  rest(): Uint8Array {
    return this.buffer.subarray(this.at, this.#end);
  }

  tag(ahead: number, littleEndian: boolean): number {
    const at = this.at + ahead;
    return this.#view.getUint16(at, littleEndian) * 0x10000 + this.#view.getUint16(at + 2, littleEndian);
  }

  /** Two bytes as they stand, the first in the high byte. */
  code(ahead: number): number {
    return this.#view.getUint16(this.at + ahead, false);
  }

  uint16(ahead: number, littleEndian: boolean): number {
    return this.#view.getUint16(this.at + ahead, littleEndian);
  }

  uint32(ahead: number, littleEndian: boolean): number {
    return this.#view.getUint32(this.at + ahead, littleEndian);
  }

  #use(buffer: Uint8Array, end: number, own: boolean): void {
    this.buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.at = 0;
    this.#end = end;
    this.#own = own;
  }
}
