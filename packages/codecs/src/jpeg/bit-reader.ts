/** Bits of an entropy-coded segment, ITU-T T.81 B.1.1.5: FF00 is FF, and any other marker ends the segment. */
import { invalidJpeg } from "./invalid.ts";

export class BitReader {
  readonly #bytes: Uint8Array;
  /** Next byte to take. */
  at: number;
  #bits = 0;
  #count = 0;
  /** Bits made up after the end; a few are normal at the end of a scan, many mean that it is cut short. */
  #missing = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Up to 16 bits, without taking them. */
  peek(count: number): number {
    while (this.#count < count) this.#fill();
    return (this.#bits >>> (this.#count - count)) & ((1 << count) - 1);
  }

  drop(count: number): void {
    this.#count -= count;
  }

  take(count: number): number {
    if (count === 0) return 0;
    const value = this.peek(count);
    this.#count -= count;
    return value;
  }

  /** A value of so many bits in the code of T.81 F.2.2.1: the lower half stands for negative numbers. */
  signed(count: number): number {
    if (count === 0) return 0;
    const value = this.take(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  /** The next marker should be RSTn: bits are thrown away up to it, and it is taken. */
  restart(): void {
    this.#bits = 0;
    this.#count = 0;
    const at = nextMarker(this.#bytes, this.at);
    const code = this.#bytes[at + 1] ?? 0;
    if (code < 0xd0 || code > 0xd7) throw invalidJpeg("a restart marker is missing");
    this.at = at + 2;
  }

  #fill(): void {
    const byte = this.#bytes[this.at];
    // Bits above the 32nd fall off by themselves; at most 16 + 7 are ever held.
    if (byte === undefined || (byte === 0xff && this.#bytes[this.at + 1] !== 0)) {
      if (++this.#missing > 8) throw invalidJpeg("the entropy-coded data ends early");
      this.#bits = this.#bits << 8;
    } else {
      this.#bits = (this.#bits << 8) | byte;
      this.at += byte === 0xff ? 2 : 1;
    }
    this.#count += 8;
  }
}

/** Offset of the next FF that is followed by neither 00 nor FF; the end where there is none. */
export function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] === 0xff && bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  }
  return bytes.length;
}
