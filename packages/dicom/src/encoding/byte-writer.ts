/**
 * A growing buffer for encoding, with places that are filled in later, and with values that are written from elsewhere:
 * they count in lengths, and their bytes never come here.
 */

/** Bytes that are streamed into their place. */
export interface ExternalPart {
  readonly length: number;
  readonly stream: () => AsyncIterable<Uint8Array>;
}
export type Part = Uint8Array | ExternalPart;

/** Where a value is handed on rather than copied. */
const copyLimit = 64 * 1024;

export class ByteWriter {
  #buffer: Uint8Array;
  #view: DataView;
  /** Bytes in {@link #buffer}. */
  #length = 0;
  /** What went before the buffer: parts, with the offset of each. */
  #parts: { readonly start: number; readonly part: Part }[] = [];
  /** Offset of `buffer[0]`. */
  #base = 0;
  readonly #littleEndian: boolean;

  constructor(littleEndian: boolean, capacity = 1024) {
    this.#littleEndian = littleEndian;
    this.#buffer = new Uint8Array(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  get length(): number {
    return this.#base + this.#length;
  }

  /** What was written, a view; only where nothing external is in it. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Everything in order. */
  parts(): Part[] {
    return [...this.#parts.map(({ part }) => part), this.bytes()];
  }

  tag(tag: number): void {
    this.#room(4);
    this.#view.setUint16(this.#length, tag >>> 16, this.#littleEndian);
    this.#view.setUint16(this.#length + 2, tag & 0xffff, this.#littleEndian);
    this.#length += 4;
  }

  ascii(text: string): void {
    this.#room(text.length);
    for (let index = 0; index < text.length; index++) this.#buffer[this.#length++] = text.charCodeAt(index);
  }

  uint8(value: number): void {
    this.#room(1);
    this.#buffer[this.#length++] = value;
  }

  uint16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#length, value, this.#littleEndian);
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#length, value, this.#littleEndian);
    this.#length += 4;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.byteLength);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  /** As {@link raw}, without copying what is long; {@link parts} gives it, {@link bytes} does not. */
  view(bytes: Uint8Array): void {
    if (bytes.byteLength < copyLimit) this.raw(bytes);
    else this.#insert(bytes, bytes.byteLength);
  }

  external(part: ExternalPart): void {
    this.#insert(part, part.length);
  }

  /** Fills in a length that was left open at `at`. */
  patchUint32(at: number, value: number): void {
    if (at >= this.#base) return this.#view.setUint32(at - this.#base, value, this.#littleEndian);
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      const found = this.#parts[index];
      if (found === undefined || found.start > at) continue;
      if (found.part instanceof Uint8Array) {
        const { buffer, byteOffset, byteLength } = found.part;
        new DataView(buffer, byteOffset, byteLength).setUint32(at - found.start, value, this.#littleEndian);
      }
      return;
    }
  }

  #insert(part: Part, length: number): void {
    if (this.#length > 0) this.#parts.push({ start: this.#base, part: this.#buffer.slice(0, this.#length) });
    this.#base += this.#length;
    this.#length = 0;
    this.#parts.push({ start: this.#base, part });
    this.#base += length;
  }

  #room(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.byteLength * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
