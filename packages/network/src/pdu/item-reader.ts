/**
 * Reads the items of association PDUs (PS3.8 9.3.1: type, reserved, length in two bytes big endian) within bounds: a
 * length beyond the enclosing item is an error before anything is taken.
 */
import { RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "./types.ts";

export class ItemReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  *items(): Generator<readonly [type: number, body: ItemReader]> {
    while (this.left > 0) {
      const type = this.uint8();
      this.skip(1);
      const body = new ItemReader(this.#take(this.uint16()));
      yield [type, body];
    }
  }

  uint8(): number {
    return this.#take(1)[0] ?? 0;
  }

  uint16(): number {
    return this.uint8() * 0x100 + this.uint8();
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16();
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A value after its length in two bytes. */
  counted(): ItemReader {
    return new ItemReader(this.#take(this.uint16()));
  }

  rest(): Uint8Array {
    return this.#take(this.left).slice();
  }

  /** Leading and trailing spaces mean nothing; some peers fill up with NUL. Case stays as it is. */
  aeTitle(): string {
    return this.text(16);
  }

  /** UIDs are not padded here; a NUL or space that a peer added all the same is dropped. */
  text(length: number): string {
    const bytes = this.#take(length);
    let start = 0;
    let end = bytes.byteLength;
    while (start < end && isPadding(bytes[start])) start++;
    while (end > start && isPadding(bytes[end - 1])) end--;
    let text = "";
    for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] ?? 0);
    return text;
  }

  #take(count: number): Uint8Array {
    if (count > this.left) throw tooShort();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

const isPadding = (byte: number | undefined): boolean => byte === 0x20 || byte === 0;

export function invalidValue(message: string): RemoteProtocolError {
  return new RemoteProtocolError(message, AbortReason.InvalidPduParameterValue);
}

export function tooShort(): RemoteProtocolError {
  return invalidValue("The peer sent a PDU that is shorter than its content.");
}
