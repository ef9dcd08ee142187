/**
 * Memory that P-DATA-TF PDUs are laid out in: header and fragment behind each other, many PDUs in one piece, so that they
 * leave in one write and nothing is gathered.
 */
import { writePDataHeader } from "../pdu/encode.ts";

export const pDataHeaderLength = 12;

export class PduBuffer {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  hasRoomFor(fragment: number): boolean {
    return this.#length + pDataHeaderLength + fragment <= this.#bytes.byteLength;
  }

  /** The header of a PDU with one fragment. @returns where the fragment's bytes have to be put */
  add(contextId: number, control: number, length: number): Uint8Array {
    writePDataHeader(this.#bytes, this.#length, contextId, control, length);
    const start = this.#length + pDataHeaderLength;
    this.#length = start + length;
    return this.#bytes.subarray(start, this.#length);
  }

  /** What was laid out. The next PDU begins anew in the same memory. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}
