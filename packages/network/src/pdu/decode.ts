/**
 * Bytes to PDUs, PS3.8 9.3. Every length is compared with what encloses it before it is used; items of an unknown type
 * are skipped, as 9.3.1 asks.
 */
import { RemoteProtocolError } from "../errors.ts";
import {
  type AAssociateAc,
  type AAssociateRq,
  AbortReason,
  type CommonExtendedNegotiation,
  contextResults,
  type ExtendedNegotiation,
  type OpaqueItem,
  type Pdu,
  PduType,
  type PresentationContextResult,
  type PresentationContextRq,
  type RoleSelection,
  rejectReasons,
  rejectResults,
  rejectSources,
  type UserIdentity,
  type UserInformation,
  userIdentityTypes,
} from "./types.ts";

/**
 * @param body what follows the six bytes of type and length
 * @throws RemoteProtocolError with the A-ABORT reason to answer
 */
export function decodePdu(type: number, body: Uint8Array): Pdu {
  switch (type) {
    case PduType.AAssociateRq:
    case PduType.AAssociateAc:
      return associate(type, new Reader(body));
    case PduType.AAssociateRj:
      return reject(body);
    case PduType.AReleaseRq:
      need(body, 4);
      return { kind: "A-RELEASE-RQ" };
    case PduType.AReleaseRp:
      need(body, 4);
      return { kind: "A-RELEASE-RP" };
    case PduType.AAbort:
      need(body, 4);
      return { kind: "A-ABORT", source: body[2] ?? 0, reason: body[3] ?? 0 };
    default:
      throw new RemoteProtocolError(
        `The peer sent a PDU of unknown type ${hex(type)}.`,
        AbortReason.UnrecognizedPdu,
      );
  }
}

function reject(body: Uint8Array): Pdu {
  need(body, 4);
  // An unknown number is read as the plainest meaning: it is a rejection all the same.
  const source = rejectSources[body[2] ?? 0] ?? "service-user";
  const reason = rejectReasons[source].find(([code]) => code === body[3])?.[1] ?? `reason-${body[3] ?? 0}`;
  return {
    kind: "A-ASSOCIATE-RJ",
    result: rejectResults[body[1] ?? 0] ?? "rejected-permanent",
    source,
    reason,
  };
}

function associate(type: number, reader: Reader): AAssociateRq | AAssociateAc {
  const protocolVersion = reader.uint16();
  reader.skip(2);
  const calledAeTitle = reader.aeTitle();
  const callingAeTitle = reader.aeTitle();
  reader.skip(32);
  let applicationContextName = "";
  let userInformation: UserInformation = { maximumPduLength: 0, implementationClassUid: "" };
  const proposed: PresentationContextRq[] = [];
  const answered: PresentationContextResult[] = [];
  for (const [itemType, body] of reader.items()) {
    if (itemType === 0x10) applicationContextName = body.text(body.left);
    else if (itemType === 0x20 && type === PduType.AAssociateRq) proposed.push(contextRq(body));
    else if (itemType === 0x21 && type === PduType.AAssociateAc) answered.push(contextResult(body));
    else if (itemType === 0x50) userInformation = userInformationOf(body);
  }
  const common = { protocolVersion, calledAeTitle, callingAeTitle, applicationContextName, userInformation };
  return type === PduType.AAssociateRq
    ? { kind: "A-ASSOCIATE-RQ", ...common, contexts: proposed }
    : { kind: "A-ASSOCIATE-AC", ...common, contexts: answered };
}

function contextRq(reader: Reader): PresentationContextRq {
  const id = reader.uint8();
  reader.skip(3);
  let abstractSyntaxUid = "";
  const transferSyntaxUids: string[] = [];
  for (const [type, body] of reader.items()) {
    if (type === 0x30) abstractSyntaxUid = body.uid(body.left);
    else if (type === 0x40) transferSyntaxUids.push(body.uid(body.left));
  }
  return { id, abstractSyntaxUid, transferSyntaxUids };
}

function contextResult(reader: Reader): PresentationContextResult {
  const id = reader.uint8();
  reader.skip(1);
  const result = contextResults[reader.uint8()] ?? "no-reason";
  reader.skip(1);
  let transferSyntaxUid = "";
  for (const [type, body] of reader.items()) if (type === 0x40) transferSyntaxUid = body.uid(body.left);
  return { id, result, transferSyntaxUid };
}

function userInformationOf(reader: Reader): UserInformation {
  const user: Mutable<UserInformation> = { maximumPduLength: 0, implementationClassUid: "" };
  const roleSelections: RoleSelection[] = [];
  const extended: ExtendedNegotiation[] = [];
  const common: CommonExtendedNegotiation[] = [];
  const others: OpaqueItem[] = [];
  for (const [type, body] of reader.items()) {
    switch (type) {
      case 0x51:
        user.maximumPduLength = body.uint32();
        break;
      case 0x52:
        user.implementationClassUid = body.uid(body.left);
        break;
      case 0x53:
        user.asynchronousOperations = { invoked: body.uint16(), performed: body.uint16() };
        break;
      case 0x54:
        roleSelections.push({
          sopClassUid: body.uid(body.uint16()),
          scuRole: body.uint8() !== 0,
          scpRole: body.uint8() !== 0,
        });
        break;
      case 0x55:
        user.implementationVersionName = body.text(body.left);
        break;
      case 0x56:
        extended.push({ sopClassUid: body.uid(body.uint16()), information: body.rest() });
        break;
      case 0x57:
        common.push(commonExtended(body));
        break;
      case 0x58: {
        const identity = userIdentity(body);
        if (identity !== undefined) user.userIdentity = identity;
        break;
      }
      case 0x59:
        user.userIdentityResponse = body.counted().rest();
        break;
      default:
        others.push({ type, bytes: body.rest() });
    }
  }
  if (roleSelections.length > 0) user.roleSelections = roleSelections;
  if (extended.length > 0) user.extendedNegotiations = extended;
  if (common.length > 0) user.commonExtendedNegotiations = common;
  if (others.length > 0) user.others = others;
  return user;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function commonExtended(body: Reader): CommonExtendedNegotiation {
  const sopClassUid = body.uid(body.uint16());
  const serviceClassUid = body.uid(body.uint16());
  const related = body.counted();
  const relatedGeneralSopClassUids: string[] = [];
  while (related.left > 0) relatedGeneralSopClassUids.push(related.uid(related.uint16()));
  return { sopClassUid, serviceClassUid, relatedGeneralSopClassUids };
}

/** Undefined for a type of a later standard: the peer is then served as one that gave no identity. */
function userIdentity(body: Reader): UserIdentity | undefined {
  const type = userIdentityTypes[body.uint8()];
  const positiveResponseRequested = body.uint8() !== 0;
  const primary = body.counted().rest();
  const secondary = body.left === 0 ? new Uint8Array(0) : body.counted().rest();
  if (type === undefined) return undefined;
  return { type, positiveResponseRequested, primary, ...(secondary.byteLength === 0 ? {} : { secondary }) };
}

function need(body: Uint8Array, length: number): void {
  if (body.byteLength < length) throw tooShort();
}

function tooShort(): RemoteProtocolError {
  return new RemoteProtocolError(
    "The peer sent a PDU that is shorter than its content.",
    AbortReason.InvalidPduParameterValue,
  );
}

const hex = (value: number): string => `${value.toString(16).toUpperCase().padStart(2, "0")}H`;

/** Reads within bounds: a length beyond the enclosing item is an error before anything is taken. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  *items(): Generator<readonly [type: number, body: Reader]> {
    while (this.left > 0) {
      const type = this.uint8();
      this.skip(1);
      const body = new Reader(this.#take(this.uint16()));
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
  counted(): Reader {
    return new Reader(this.#take(this.uint16()));
  }

  rest(): Uint8Array {
    return this.#take(this.left).slice();
  }

  /** Leading and trailing spaces mean nothing; some peers fill up with NUL. Case stays as it is. */
  aeTitle(): string {
    return this.text(16);
  }

  /** UIDs are not padded here; a NUL that a peer added all the same is dropped. */
  uid(length: number): string {
    return this.text(length);
  }

  text(length: number): string {
    let text = "";
    for (const byte of this.#take(length)) text += String.fromCharCode(byte);
    return text.replace(/^[ \0]+|[ \0]+$/g, "");
  }

  #take(count: number): Uint8Array {
    if (count > this.left) throw tooShort();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}
