/** PDUs to bytes, PS3.8 9.3: lengths big endian, UIDs without padding, AE titles in 16 bytes padded with spaces. */
import { LocalProtocolError } from "../errors.ts";
import {
  type AAssociateAc,
  type AAssociateRq,
  contextResults,
  type Pdu,
  PduType,
  rejectReasons,
  rejectResults,
  rejectSources,
  type UserInformation,
  userIdentityTypes,
} from "./types.ts";

/** @throws LocalProtocolError `argument-invalid` for a value that is longer than the PDU has room for */
export function encodePdu(pdu: Pdu): Uint8Array {
  switch (pdu.kind) {
    case "A-ASSOCIATE-RQ":
    case "A-ASSOCIATE-AC":
      return associate(pdu);
    case "A-ASSOCIATE-RJ": {
      const reason = rejectReasons[pdu.source].find(([, words]) => words === pdu.reason)?.[0] ?? 1;
      // PS3.8 9.3.4: reserved, result, source, reason
      return short(
        PduType.AAssociateRj,
        0,
        rejectResults.indexOf(pdu.result),
        rejectSources.indexOf(pdu.source),
        reason,
      );
    }
    case "A-RELEASE-RQ":
      return short(PduType.AReleaseRq, 0, 0, 0, 0);
    case "A-RELEASE-RP":
      return short(PduType.AReleaseRp, 0, 0, 0, 0);
    case "A-ABORT":
      return short(PduType.AAbort, 0, 0, pdu.source, pdu.reason);
  }
}

/** Type, length and PDV header of a P-DATA-TF with one PDV of `length` bytes, which follow (PS3.8 9.3.5). */
export function encodePDataHeader(contextId: number, control: number, length: number): Uint8Array {
  const bytes = new Uint8Array(12);
  writePDataHeader(bytes, 0, contextId, control, length);
  return bytes;
}

/** As {@link encodePDataHeader}, into memory that is there. */
export function writePDataHeader(
  bytes: Uint8Array,
  at: number,
  contextId: number,
  control: number,
  length: number,
): void {
  bytes[at] = PduType.PDataTf;
  bytes[at + 1] = 0;
  writeUint32(bytes, at + 2, length + 6);
  writeUint32(bytes, at + 6, length + 2);
  bytes[at + 10] = contextId;
  bytes[at + 11] = control;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function short(type: number, ...body: readonly [number, number, number, number]): Uint8Array {
  return Uint8Array.of(type, 0, 0, 0, 0, 4, ...body);
}

function associate(pdu: AAssociateRq | AAssociateAc): Uint8Array {
  const writer = new ByteWriter();
  writer.uint8(pdu.kind === "A-ASSOCIATE-RQ" ? PduType.AAssociateRq : PduType.AAssociateAc, 0);
  writer.counted(4, "An association PDU", () => {
    writer.uint16(pdu.protocolVersion);
    writer.uint8(0, 0);
    writer.aeTitle(pdu.calledAeTitle);
    writer.aeTitle(pdu.callingAeTitle);
    writer.bytes(new Uint8Array(32));
    writer.item(0x10, () => writer.text(pdu.applicationContextName));
    if (pdu.kind === "A-ASSOCIATE-RQ") {
      for (const { id, abstractSyntaxUid, transferSyntaxUids } of pdu.contexts) {
        writer.item(0x20, () => {
          writer.uint8(id, 0, 0, 0);
          writer.item(0x30, () => writer.text(abstractSyntaxUid));
          for (const uid of transferSyntaxUids) writer.item(0x40, () => writer.text(uid));
        });
      }
    } else {
      for (const { id, result, transferSyntaxUid } of pdu.contexts) {
        writer.item(0x21, () => {
          writer.uint8(id, 0, contextResults.indexOf(result), 0);
          writer.item(0x40, () => writer.text(transferSyntaxUid));
        });
      }
    }
    writer.item(0x50, () => userInformation(writer, pdu.userInformation));
  });
  return writer.take();
}

/** Sub-items in ascending order of their types, as PS3.7 D.3.3 lists them. */
function userInformation(writer: ByteWriter, user: UserInformation): void {
  const { asynchronousOperations, userIdentity, implementationVersionName, userIdentityResponse } = user;
  writer.item(0x51, () => writer.uint32(user.maximumPduLength));
  writer.item(0x52, () => writer.text(user.implementationClassUid));
  if (asynchronousOperations !== undefined) {
    writer.item(0x53, () => {
      writer.uint16(asynchronousOperations.invoked);
      writer.uint16(asynchronousOperations.performed);
    });
  }
  for (const role of user.roleSelections ?? []) {
    writer.item(0x54, () => {
      writer.countedText(role.sopClassUid);
      writer.uint8(Number(role.scuRole), Number(role.scpRole));
    });
  }
  if (implementationVersionName !== undefined)
    writer.item(0x55, () => writer.text(implementationVersionName));
  for (const { sopClassUid, information } of user.extendedNegotiations ?? []) {
    writer.item(0x56, () => {
      writer.countedText(sopClassUid);
      writer.bytes(information);
    });
  }
  for (const common of user.commonExtendedNegotiations ?? []) {
    writer.item(0x57, () => {
      writer.countedText(common.sopClassUid);
      writer.countedText(common.serviceClassUid);
      writer.counted(2, "The related SOP classes", () => {
        for (const uid of common.relatedGeneralSopClassUids) writer.countedText(uid);
      });
    });
  }
  if (userIdentity !== undefined) {
    writer.item(0x58, () => {
      writer.uint8(
        userIdentityTypes.indexOf(userIdentity.type),
        Number(userIdentity.positiveResponseRequested),
      );
      writer.countedBytes(userIdentity.primary);
      writer.countedBytes(userIdentity.secondary ?? new Uint8Array(0));
    });
  }
  if (userIdentityResponse !== undefined) writer.item(0x59, () => writer.countedBytes(userIdentityResponse));
  for (const other of user.others ?? []) writer.item(other.type, () => writer.bytes(other.bytes));
}

/** Bytes one after another; lengths are filled in when what they count is there. */
class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  uint8(...values: readonly number[]): void {
    this.bytes(values);
  }

  uint16(value: number): void {
    this.uint8(value >>> 8, value);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value);
  }

  bytes(bytes: ArrayLike<number>): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  text(text: string): void {
    const at = this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) this.#bytes[at + index] = text.charCodeAt(index);
  }

  aeTitle(title: string): void {
    if (title.length > 16) throw tooLong(`The AE title "${title}"`, title.length, 16);
    this.text(title.padEnd(16, " "));
  }

  /** PS3.8 9.3.1: type, reserved, length in two bytes, value. */
  item(type: number, write: () => void): void {
    this.uint8(type, 0);
    this.counted(2, `Item ${type.toString(16).toUpperCase()}H of the association PDU`, write);
  }

  countedText(text: string): void {
    this.counted(2, "A UID", () => this.text(text));
  }

  countedBytes(bytes: Uint8Array): void {
    this.counted(2, "A value of the user identity", () => this.bytes(bytes));
  }

  /** What `write` writes, after its length in so many bytes. */
  counted(size: 2 | 4, what: string, write: () => void): void {
    const at = this.#reserve(size);
    write();
    const length = this.#length - at - size;
    if (size === 2 && length > 0xffff) throw tooLong(what, length, 0xffff);
    const view = new DataView(this.#bytes.buffer);
    if (size === 2) view.setUint16(at, length);
    else view.setUint32(at, length);
  }

  #reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.byteLength * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }
}

function tooLong(what: string, length: number, possible: number): LocalProtocolError {
  return new LocalProtocolError(
    "argument-invalid",
    `${what} would have ${length} bytes; ${possible} are possible.`,
  );
}
