/**
 * Cuts the received bytes into PDUs. A P-DATA-TF is never collected: each piece of a fragment is handed on as a view of
 * the chunk it came in, so an object of any size passes through without a copy. That view is the only object made per
 * P-DATA-TF; headers are read where they lie.
 *
 * A PDU's length (PS3.8 9.3.1) is believed even where its content is refused: the next PDU begins behind it. So one bad
 * PDU is one event of the state machine, and what follows it (A-ABORT, usually) is still understood.
 */
import { RemoteProtocolError } from "../errors.ts";
import { decodePdu } from "./decode.ts";
import { invalidValue } from "./item-reader.ts";
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
  /** A PDU that cannot be read; reading goes on behind it. Without this method {@link PduReader.push} throws instead. */
  onInvalid?(error: RemoteProtocolError): void;
}

/** An association request with 128 contexts of many syntaxes stays far below this. */
const maximumAssociateLength = 1 << 20;
/** The other PDUs have four bytes (PS3.8 9.3.4, 9.3.6–9.3.8); what a peer appends is read over up to this. */
const maximumShortLength = 1 << 10;
/** PDU type, reserved, length (PS3.8 9.3.1); and a PDV's length, context id and message control header (9.3.5.1). */
const headerLength = 6;

export class PduReader {
  readonly #handler: PduHandler;
  readonly #maximumPduLength: number;
  /** Bytes of a header, or of a whole PDU that is not P-DATA-TF, that came in several chunks. */
  #partial: Uint8Array = empty;
  #filled = 0;
  #wanted = headerLength;
  #phase: "pdu-header" | "pdu-body" | "pdv-header" | "pdv" | "skip" = "pdu-header";
  #type = 0;
  /** Bytes left of the P-DATA-TF behind the current PDV, or of a PDU that is skipped. */
  #pduLeft = 0;
  #pdvLeft = 0;
  #contextId = 0;
  #control = 0;
  #stopped = false;

  /** @param maximumPduLength what we told the peer; a longer P-DATA-TF is an error */
  constructor(handler: PduHandler, maximumPduLength: number) {
    this.#handler = handler;
    this.#maximumPduLength = maximumPduLength;
  }

  /** Nothing more is read: the association is over. */
  stop(): void {
    this.#stopped = true;
  }

  /** Drops what is left of the P-DATA-TF being read. */
  skip(): void {
    if (this.#phase === "pdv") this.#skipOver(this.#pduLeft + this.#pdvLeft);
    else if (this.#phase === "pdv-header") this.#skipOver(this.#pduLeft - this.#filled);
  }

  /** @throws RemoteProtocolError with the A-ABORT reason to answer, when the handler has no `onInvalid` */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength && !this.#stopped) {
      const available = chunk.byteLength - at;
      if (this.#phase === "pdv") {
        at += this.#fragment(chunk, at);
      } else if (this.#phase === "skip") {
        const count = Math.min(this.#pduLeft, available);
        at += count;
        this.#skipOver(this.#pduLeft - count);
      } else if (this.#filled === 0 && available >= this.#wanted) {
        // Usually the header is whole in this chunk and is read where it lies.
        const start = at;
        at += this.#wanted;
        this.#step(chunk, start);
      } else {
        const count = Math.min(this.#wanted - this.#filled, available);
        this.#keep(chunk, at, count);
        at += count;
        if (this.#filled === this.#wanted) {
          this.#filled = 0;
          this.#step(this.#partial, 0);
        }
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

  #want(phase: "pdu-header" | "pdu-body" | "pdv-header", count: number): void {
    this.#phase = phase;
    this.#wanted = count;
    this.#filled = 0;
  }

  #skipOver(count: number): void {
    if (count === 0) return this.#want("pdu-header", headerLength);
    this.#phase = "skip";
    this.#pduLeft = count;
    this.#filled = 0;
  }

  /** @param left bytes of the invalid PDU that are still to come */
  #invalid(error: RemoteProtocolError, left: number): void {
    this.#skipOver(left);
    if (this.#handler.onInvalid === undefined) throw error;
    this.#handler.onInvalid(error);
  }

  #step(bytes: Uint8Array, at: number): void {
    if (this.#phase === "pdv-header") this.#pdvHeader(bytes, at);
    else if (this.#phase === "pdu-header") this.#pduHeader(bytes, at);
    else this.#pduBody(bytes.subarray(at, at + this.#wanted));
  }

  #pduHeader(bytes: Uint8Array, at: number): void {
    this.#type = bytes[at] ?? 0;
    const length = uint32(bytes, at + 2);
    if (this.#type === PduType.PDataTf) return this.#pDataHeader(length);
    if (this.#type < PduType.AAssociateRq || this.#type > PduType.AAbort) {
      const type = this.#type.toString(16).toUpperCase().padStart(2, "0");
      return this.#invalid(
        new RemoteProtocolError(`The peer sent a PDU of unknown type ${type}H.`, AbortReason.UnrecognizedPdu),
        length,
      );
    }
    const isAssociate = this.#type === PduType.AAssociateRq || this.#type === PduType.AAssociateAc;
    if (length > (isAssociate ? maximumAssociateLength : maximumShortLength)) {
      return this.#invalid(invalidValue(`The peer announced a PDU of ${length} bytes.`), length);
    }
    this.#want("pdu-body", length);
    if (length === 0) this.#pduBody(empty);
  }

  #pduBody(bytes: Uint8Array): void {
    this.#want("pdu-header", headerLength);
    let pdu: Pdu;
    try {
      pdu = decodePdu(this.#type, bytes);
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      return this.#invalid(error, 0);
    } finally {
      this.#partial = empty; // it may have grown to the length of a long request
    }
    this.#handler.onPdu(pdu);
  }

  #pDataHeader(length: number): void {
    if (length > this.#maximumPduLength && this.#maximumPduLength !== 0) {
      return this.#invalid(
        invalidValue(`The peer sent a PDU of ${length} bytes; ${this.#maximumPduLength} were agreed.`),
        length,
      );
    }
    if (length > 0 && length < headerLength) return this.#invalid(endsInsideAnItem(), length);
    this.#pduLeft = length;
    this.#nextPdv();
    this.#handler.onPData();
  }

  #nextPdv(): void {
    if (this.#pduLeft === 0) this.#want("pdu-header", headerLength);
    else if (this.#pduLeft >= headerLength) this.#want("pdv-header", headerLength);
    else this.#invalid(endsInsideAnItem(), this.#pduLeft);
  }

  #pdvHeader(bytes: Uint8Array, at: number): void {
    // PS3.8 9.3.5.1: the length counts the context id and the message control header, but not itself.
    const length = uint32(bytes, at);
    this.#pduLeft -= headerLength;
    if (length < 2 || length - 2 > this.#pduLeft) {
      return this.#invalid(
        invalidValue("The peer sent a fragment longer than its P-DATA-TF, or shorter than its header."),
        this.#pduLeft,
      );
    }
    this.#contextId = bytes[at + 4] ?? 0;
    this.#control = bytes[at + 5] ?? 0;
    this.#pdvLeft = length - 2;
    this.#pduLeft -= this.#pdvLeft;
    this.#phase = "pdv";
    if (this.#pdvLeft === 0) this.#fragment(empty, 0);
  }

  /** @returns bytes taken */
  #fragment(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#pdvLeft, chunk.byteLength - at);
    this.#pdvLeft -= count;
    const isEnd = this.#pdvLeft === 0;
    this.#handler.onFragment(this.#contextId, this.#control, chunk.subarray(at, at + count), isEnd);
    // Not when the handler said skip().
    if (isEnd && this.#phase === "pdv") this.#nextPdv();
    return count;
  }
}

const empty = new Uint8Array(0);

function endsInsideAnItem(): RemoteProtocolError {
  return invalidValue("The peer sent a P-DATA-TF that ends inside an item.");
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    ((bytes[at + 1] ?? 0) << 16) +
    ((bytes[at + 2] ?? 0) << 8) +
    (bytes[at + 3] ?? 0)
  );
}
