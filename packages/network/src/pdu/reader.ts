/**
 * Cuts the received bytes into PDUs. A P-DATA-TF is never collected: each piece of a fragment is handed on as a view of
 * the chunk it came in, so an object of any size passes through without a copy and without an object per PDU.
 */
import { RemoteProtocolError } from "../errors.ts";
import { decodePdu } from "./decode.ts";
import { AbortReason, type Pdu, PduType } from "./types.ts";

export interface PduHandler {
  /** Once per P-DATA-TF, before its fragments. */
  onPData(): void;
  /**
   * A piece of a fragment.
   * @param control PS3.8 Annex E: bit 0 command, bit 1 last fragment
   * @param isEnd the fragment ends with this piece
   */
  onFragment(contextId: number, control: number, piece: Uint8Array, isEnd: boolean): void;
  onPdu(pdu: Pdu): void;
}

/** An association request with 128 contexts of many syntaxes stays far below this. */
const maximumAssociateLength = 1 << 20;

export class PduReader {
  readonly #handler: PduHandler;
  readonly #maximumPduLength: number;
  /** Bytes of a header, or of a whole PDU that is not P-DATA-TF, that came in several chunks. */
  #partial: Uint8Array = new Uint8Array(0);
  #filled = 0;
  #wanted = 6;
  #phase: "pdu-header" | "pdu-body" | "pdv-header" | "pdv" = "pdu-header";
  #type = 0;
  /** Bytes left of the P-DATA-TF and of its current PDV. */
  #pduLeft = 0;
  #pdvLeft = 0;
  #contextId = 0;
  #control = 0;
  #stopped = false;

  /** @param maximumPduLength what we told the peer; a longer P-DATA-TF is an error */
  constructor(handler: PduHandler, maximumPduLength: number) {
    this.#handler = handler;
    this.#maximumPduLength = maximumPduLength;
    this.#want(6);
  }

  /** Nothing more is read: the association is over. */
  stop(): void {
    this.#stopped = true;
  }

  /** @throws RemoteProtocolError with the A-ABORT reason to answer */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength && !this.#stopped) {
      if (this.#phase === "pdv") {
        at += this.#fragment(chunk, at);
        continue;
      }
      // Usually the header is whole in this chunk and is read where it lies.
      if (this.#filled === 0 && chunk.byteLength - at >= this.#wanted) {
        const bytes = chunk.subarray(at, at + this.#wanted);
        at += this.#wanted;
        this.#step(bytes);
        continue;
      }
      const take = Math.min(this.#wanted - this.#filled, chunk.byteLength - at);
      this.#keep(chunk, at, take);
      at += take;
      if (this.#filled === this.#wanted) {
        const bytes = this.#partial.subarray(0, this.#wanted);
        this.#filled = 0;
        this.#step(bytes);
      }
    }
  }

  #keep(chunk: Uint8Array, at: number, count: number): void {
    const needed = this.#filled + count;
    if (this.#partial.byteLength < needed) {
      // Grows with what arrives, not with what is declared.
      const grown = new Uint8Array(Math.max(64, Math.min(this.#wanted, needed * 2)));
      grown.set(this.#partial.subarray(0, this.#filled));
      this.#partial = grown;
    }
    this.#partial.set(chunk.subarray(at, at + count), this.#filled);
    this.#filled = needed;
  }

  #want(count: number): void {
    this.#wanted = count;
    this.#filled = 0;
  }

  #step(bytes: Uint8Array): void {
    if (this.#phase === "pdu-header") this.#pduHeader(bytes);
    else if (this.#phase === "pdv-header") this.#pdvHeader(bytes);
    else this.#pduBody(bytes);
  }

  #pduHeader(bytes: Uint8Array): void {
    this.#type = bytes[0] ?? 0;
    const length = uint32(bytes, 2);
    if (this.#type === PduType.PDataTf) {
      if (length > this.#maximumPduLength && this.#maximumPduLength !== 0) {
        throw new RemoteProtocolError(
          `The peer sent a PDU of ${length} bytes; ${this.#maximumPduLength} were agreed.`,
          AbortReason.InvalidPduParameterValue,
        );
      }
      this.#handler.onPData();
      this.#pduLeft = length;
      this.#nextPdv();
      return;
    }
    if (this.#type < PduType.AAssociateRq || this.#type > PduType.AAbort) {
      throw new RemoteProtocolError(
        `The peer sent a PDU of unknown type ${this.#type.toString(16).toUpperCase().padStart(2, "0")}H.`,
        AbortReason.UnrecognizedPdu,
      );
    }
    if (length > maximumAssociateLength) {
      throw new RemoteProtocolError(
        `The peer announced a PDU of ${length} bytes.`,
        AbortReason.InvalidPduParameterValue,
      );
    }
    this.#phase = "pdu-body";
    this.#want(length);
    if (length === 0) this.#pduBody(new Uint8Array(0));
  }

  #pduBody(bytes: Uint8Array): void {
    const pdu = decodePdu(this.#type, bytes);
    this.#phase = "pdu-header";
    this.#want(6);
    this.#handler.onPdu(pdu);
  }

  #nextPdv(): void {
    if (this.#pduLeft === 0) {
      this.#phase = "pdu-header";
      this.#want(6);
    } else if (this.#pduLeft < 6) {
      throw new RemoteProtocolError(
        "The peer sent a P-DATA-TF that ends inside an item.",
        AbortReason.InvalidPduParameterValue,
      );
    } else {
      this.#phase = "pdv-header";
      this.#want(6);
    }
  }

  #pdvHeader(bytes: Uint8Array): void {
    const length = uint32(bytes, 0);
    this.#pduLeft -= 6;
    if (length < 2 || length - 2 > this.#pduLeft) {
      throw new RemoteProtocolError(
        "The peer sent a fragment longer than its P-DATA-TF.",
        AbortReason.InvalidPduParameterValue,
      );
    }
    this.#contextId = bytes[4] ?? 0;
    this.#control = bytes[5] ?? 0;
    this.#pdvLeft = length - 2;
    this.#pduLeft -= this.#pdvLeft;
    if (this.#pdvLeft === 0) {
      this.#handler.onFragment(this.#contextId, this.#control, empty, true);
      this.#nextPdv();
    } else {
      this.#phase = "pdv";
    }
  }

  #fragment(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#pdvLeft, chunk.byteLength - at);
    this.#pdvLeft -= count;
    const isEnd = this.#pdvLeft === 0;
    this.#handler.onFragment(this.#contextId, this.#control, chunk.subarray(at, at + count), isEnd);
    if (isEnd) this.#nextPdv();
    return count;
  }
}

const empty = new Uint8Array(0);

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    ((bytes[at + 1] ?? 0) << 16) +
    ((bytes[at + 2] ?? 0) << 8) +
    (bytes[at + 3] ?? 0)
  );
}
