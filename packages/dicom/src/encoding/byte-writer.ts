/** A growing buffer for encoding, with places that are filled in later. */
export class ByteWriter {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #littleEndian: boolean;

  constructor(littleEndian: boolean, capacity = 1024) {
    this.#littleEndian = littleEndian;
    this.#buffer = new Uint8Array(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, a view. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
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

  /** Fills in a length that was left open at `at`. */
  patchUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, this.#littleEndian);
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
