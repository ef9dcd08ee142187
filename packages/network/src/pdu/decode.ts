/**
 * Bytes to PDUs, PS3.8 9.3. Peers break rules, so only what cannot be understood is refused, and with it the
 * association:
 *
 * - **Refused** as "invalid PDU parameter value" (Table 9-26): a length beyond what encloses it, or too short for its
 *   fields; one context id given twice, as a message could not say which it means (9.3.2.2 asks for unique ids); a
 *   maximum length in which no fragment fits. Every length is compared before it is used.
 * - **Read over**: reserved bytes of any value (9.3.1), items of unknown types (9.3.1), bytes behind the known fields of
 *   an item, and an item that may occur once and comes again: the first one counts.
 * - **Left to the negotiation**: no application context, no presentation contexts, contexts without an abstract or
 *   transfer syntax, even context ids, UIDs that are empty, over-long or none. Each has an answer of its own in
 *   A-ASSOCIATE-RJ or among the results of A-ASSOCIATE-AC, which tells the peer more than an abort.
 */
import { RemoteProtocolError } from "../errors.ts";
import { invalidValue, ItemReader, tooShort } from "./item-reader.ts";
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
      return associate(type, new ItemReader(body));
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

function associate(type: number, reader: ItemReader): AAssociateRq | AAssociateAc {
  const protocolVersion = reader.uint16();
  reader.skip(2);
  const calledAeTitle = reader.aeTitle();
  const callingAeTitle = reader.aeTitle();
  reader.skip(32);
  let applicationContextName: string | undefined;
  let userInformation: UserInformation | undefined;
  const proposed: PresentationContextRq[] = [];
  const answered: PresentationContextResult[] = [];
  for (const [itemType, body] of reader.items()) {
    if (itemType === 0x10) applicationContextName ??= body.text(body.left);
    else if (itemType === 0x20 && type === PduType.AAssociateRq) add(proposed, contextRq(body));
    else if (itemType === 0x21 && type === PduType.AAssociateAc) add(answered, contextResult(body));
    else if (itemType === 0x50) userInformation ??= userInformationOf(body);
  }
  const common = {
    protocolVersion,
    calledAeTitle,
    callingAeTitle,
    applicationContextName: applicationContextName ?? "",
    userInformation: userInformation ?? {
      maximumPduLength: assumedMaximumLength,
      implementationClassUid: "",
    },
  };
  return type === PduType.AAssociateRq
    ? { kind: "A-ASSOCIATE-RQ", ...common, contexts: proposed }
    : { kind: "A-ASSOCIATE-AC", ...common, contexts: answered };
}

/** At most 256 of them, whatever the length of the PDU. */
function add<T extends { readonly id: number }>(contexts: T[], context: T): void {
  if (contexts.some(({ id }) => id === context.id)) {
    throw invalidValue(`The peer gave presentation context ${context.id} twice.`);
  }
  contexts.push(context);
}

function contextRq(reader: ItemReader): PresentationContextRq {
  const id = reader.uint8();
  reader.skip(3);
  let abstractSyntaxUid: string | undefined;
  const transferSyntaxUids: string[] = [];
  for (const [type, body] of reader.items()) {
    if (type === 0x30) abstractSyntaxUid ??= body.text(body.left);
    else if (type === 0x40) transferSyntaxUids.push(body.text(body.left));
  }
  return { id, abstractSyntaxUid: abstractSyntaxUid ?? "", transferSyntaxUids };
}

function contextResult(reader: ItemReader): PresentationContextResult {
  const id = reader.uint8();
  reader.skip(1);
  const result = contextResults[reader.uint8()] ?? "no-reason";
  reader.skip(1);
  let transferSyntaxUid: string | undefined;
  for (const [type, body] of reader.items()) if (type === 0x40) transferSyntaxUid ??= body.text(body.left);
  // Accepted in no syntax is not usable: as a context that was refused without a reason.
  if (result === "acceptance" && !transferSyntaxUid)
    return { id, result: "no-reason", transferSyntaxUid: "" };
  return { id, result, transferSyntaxUid: transferSyntaxUid ?? "" };
}

function userInformationOf(reader: ItemReader): UserInformation {
  const user: Mutable<Partial<UserInformation>> = {};
  const roleSelections: RoleSelection[] = [];
  const extended: ExtendedNegotiation[] = [];
  const common: CommonExtendedNegotiation[] = [];
  const others: OpaqueItem[] = [];
  for (const [type, body] of reader.items()) {
    switch (type) {
      case 0x51:
        user.maximumPduLength ??= maximumLength(body);
        break;
      case 0x52:
        user.implementationClassUid ??= body.text(body.left);
        break;
      case 0x53:
        user.asynchronousOperations ??= { invoked: body.uint16(), performed: body.uint16() };
        break;
      case 0x54:
        roleSelections.push({
          sopClassUid: body.text(body.uint16()),
          scuRole: body.uint8() !== 0,
          scpRole: body.uint8() !== 0,
        });
        break;
      case 0x55:
        user.implementationVersionName ??= body.text(body.left);
        break;
      case 0x56:
        extended.push({ sopClassUid: body.text(body.uint16()), information: body.rest() });
        break;
      case 0x57:
        common.push(commonExtended(body));
        break;
      case 0x58: {
        const identity = userIdentity(body);
        if (identity !== undefined) user.userIdentity ??= identity;
        break;
      }
      case 0x59:
        user.userIdentityResponse ??= body.counted().rest();
        break;
      default:
        others.push({ type, bytes: body.rest() });
    }
  }
  if (roleSelections.length > 0) user.roleSelections = roleSelections;
  if (extended.length > 0) user.extendedNegotiations = extended;
  if (common.length > 0) user.commonExtendedNegotiations = common;
  if (others.length > 0) user.others = others;
  return {
    ...user,
    maximumPduLength: user.maximumPduLength ?? assumedMaximumLength,
    implementationClassUid: user.implementationClassUid ?? "",
  };
}

/** PS3.8 D.1: 0 is no limit. */
function maximumLength(body: ItemReader): number {
  const length = body.uint32();
  if (length !== 0 && length < smallestMaximumLength) {
    throw invalidValue(`The peer takes P-DATA-TF of ${length} bytes only: no fragment fits in that.`);
  }
  return length;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function commonExtended(body: ItemReader): CommonExtendedNegotiation {
  const sopClassUid = body.text(body.uint16());
  const serviceClassUid = body.text(body.uint16());
  const related = body.counted();
  const relatedGeneralSopClassUids: string[] = [];
  while (related.left > 0) relatedGeneralSopClassUids.push(related.text(related.uint16()));
  return { sopClassUid, serviceClassUid, relatedGeneralSopClassUids };
}

/** Undefined for a type of a later standard: the peer is then served as one that gave no identity. */
function userIdentity(body: ItemReader): UserIdentity | undefined {
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

/** For a peer that does not say what it takes, though PS3.8 D.1 asks it to: every implementation takes this much. */
const assumedMaximumLength = 16_384;
/** A PDV's header of six bytes and a fragment of two: their lengths are even (PS3.8 Annex E.2). */
const smallestMaximumLength = 8;

const hex = (value: number): string => `${value.toString(16).toUpperCase().padStart(2, "0")}H`;
