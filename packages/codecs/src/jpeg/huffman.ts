/** Huffman tables, ITU-T T.81 Annex C and F.2.2.3. */
import type { BitReader } from "./bit-reader.ts";
import { invalidJpeg } from "./invalid.ts";

const quickBits = 8;

export class HuffmanTable {
  /** For the next 8 bits: length << 8 | symbol, or 0 where the code is longer. */
  readonly #quick = new Uint16Array(1 << quickBits);
  /** By length: the largest code, and what to add to a code to find its symbol. */
  readonly #largest = new Int32Array(17).fill(-1);
  readonly #offset = new Int32Array(17);
  readonly #symbols: Uint8Array;

  /** @param counts of codes with 1 to 16 bits */
  constructor(counts: Uint8Array, symbols: Uint8Array) {
    this.#symbols = symbols;
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length++) {
      const count = counts[length - 1] ?? 0;
      this.#offset[length] = index - code;
      for (let each = 0; each < count; each++, code++, index++) {
        if (length > quickBits) continue;
        const first = code << (quickBits - length);
        this.#quick.fill((length << 8) | (symbols[index] ?? 0), first, first + (1 << (quickBits - length)));
      }
      if (count > 0) this.#largest[length] = code - 1;
      if (code > 1 << length) throw invalidJpeg("a Huffman table has too many codes");
      code <<= 1;
    }
  }

  read(bits: BitReader): number {
    const quick = this.#quick[bits.peek(quickBits)] ?? 0;
    if (quick !== 0) {
      bits.drop(quick >>> 8);
      return quick & 0xff;
    }
    const window = bits.peek(16);
    for (let length = quickBits + 1; length <= 16; length++) {
      const code = window >>> (16 - length);
      if (code <= (this.#largest[length] ?? -1)) {
        bits.drop(length);
        return this.#symbols[code + (this.#offset[length] ?? 0)] ?? 0;
      }
    }
    throw invalidJpeg("a Huffman code is none");
  }
}
