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
  bytes[0] = PduType.PDataTf;
  const view = new DataView(bytes.buffer);
  view.setUint32(2, length + 6);
  view.setUint32(6, length + 2);
  bytes[10] = contextId;
  bytes[11] = control;
  return bytes;
}

function short(type: number, ...body: readonly [number, number, number, number]): Uint8Array {
  return Uint8Array.of(type, 0, 0, 0, 0, 4, ...body);
}

function associate(pdu: AAssociateRq | AAssociateAc): Uint8Array {
  const body: number[] = [];
  body.push(...uint16(pdu.protocolVersion), 0, 0);
  body.push(...aeTitle(pdu.calledAeTitle), ...aeTitle(pdu.callingAeTitle));
  for (let index = 0; index < 32; index++) body.push(0);
  body.push(...item(0x10, ascii(pdu.applicationContextName)));
  if (pdu.kind === "A-ASSOCIATE-RQ") {
    for (const context of pdu.contexts) {
      const syntaxes = context.transferSyntaxUids.flatMap((uid) => item(0x40, ascii(uid)));
      body.push(
        ...item(0x20, [context.id, 0, 0, 0, ...item(0x30, ascii(context.abstractSyntaxUid)), ...syntaxes]),
      );
    }
  } else {
    for (const context of pdu.contexts) {
      const result = contextResults.indexOf(context.result);
      body.push(...item(0x21, [context.id, 0, result, 0, ...item(0x40, ascii(context.transferSyntaxUid))]));
    }
  }
  body.push(...item(0x50, userInformation(pdu.userInformation)));
  const bytes = new Uint8Array(6 + body.length);
  bytes[0] = pdu.kind === "A-ASSOCIATE-RQ" ? PduType.AAssociateRq : PduType.AAssociateAc;
  new DataView(bytes.buffer).setUint32(2, body.length);
  bytes.set(body, 6);
  return bytes;
}

/** Sub-items in ascending order of their types, as PS3.7 D.3.3 lists them. */
function userInformation(user: UserInformation): number[] {
  const items = [
    ...item(0x51, uint32(user.maximumPduLength)),
    ...item(0x52, ascii(user.implementationClassUid)),
  ];
  if (user.asynchronousOperations !== undefined) {
    const { invoked, performed } = user.asynchronousOperations;
    items.push(...item(0x53, [...uint16(invoked), ...uint16(performed)]));
  }
  for (const role of user.roleSelections ?? []) {
    items.push(
      ...item(0x54, [...counted(ascii(role.sopClassUid)), Number(role.scuRole), Number(role.scpRole)]),
    );
  }
  if (user.implementationVersionName !== undefined)
    items.push(...item(0x55, ascii(user.implementationVersionName)));
  for (const { sopClassUid, information } of user.extendedNegotiations ?? []) {
    items.push(...item(0x56, [...counted(ascii(sopClassUid)), ...information]));
  }
  for (const common of user.commonExtendedNegotiations ?? []) {
    const related = common.relatedGeneralSopClassUids.flatMap((uid) => counted(ascii(uid)));
    items.push(
      ...item(0x57, [
        ...counted(ascii(common.sopClassUid)),
        ...counted(ascii(common.serviceClassUid)),
        ...counted(related),
      ]),
    );
  }
  if (user.userIdentity !== undefined) {
    const { type, positiveResponseRequested, primary, secondary } = user.userIdentity;
    items.push(
      ...item(0x58, [
        userIdentityTypes.indexOf(type),
        Number(positiveResponseRequested),
        ...counted(primary),
        ...counted(secondary ?? []),
      ]),
    );
  }
  if (user.userIdentityResponse !== undefined) items.push(...item(0x59, counted(user.userIdentityResponse)));
  for (const other of user.others ?? []) items.push(...item(other.type, [...other.bytes]));
  return items;
}

/** @throws LocalProtocolError when the value is longer than an item can say */
function item(type: number, body: readonly number[]): number[] {
  if (body.length > 0xffff) {
    throw new LocalProtocolError(
      "argument-invalid",
      `Item ${type.toString(16)}H of the association request would have ${body.length} bytes; 65,535 are possible.`,
    );
  }
  return [type, 0, ...uint16(body.length), ...body];
}

/** A value after its length in two bytes. */
const counted = (body: ArrayLike<number>): number[] => [...uint16(body.length), ...Array.from(body)];
const uint16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const uint32 = (value: number): number[] => [...uint16(value >>> 16), ...uint16(value & 0xffff)];
const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0) & 0xff);
const aeTitle = (title: string): number[] => ascii(title.padEnd(16, " ").slice(0, 16));
