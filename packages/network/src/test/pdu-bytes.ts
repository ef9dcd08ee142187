/**
 * PDUs put together by hand from the tables of PS3.8 9.3, so that a test does not believe the library's own encoder.
 * Anything may be wrong in them on purpose.
 */

export const verification = "1.2.840.10008.1.1";
export const implicitLittleEndian = "1.2.840.10008.1.2";
export const explicitLittleEndian = "1.2.840.10008.1.2.1";

type Part = Uint8Array | readonly number[] | string;

/** Text as ASCII, numbers as bytes. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(
    Buffer.concat(
      parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
    ),
  );
}

export const uint16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const uint32 = (value: number): number[] => [...uint16(value >>> 16), ...uint16(value & 0xffff)];

/** PS3.8 9.3.1: type, reserved, length in four bytes. */
export function pdu(type: number, body: Uint8Array, length = body.byteLength): Uint8Array {
  return bytes([type, 0, ...uint32(length)], body);
}

/** Items of an association PDU: type, reserved, length in two bytes. */
export function item(type: number, body: Part, length = bytes(body).byteLength): Uint8Array {
  return bytes([type, 0, ...uint16(length)], body);
}

/** PS3.8 Table 9-13. */
export function contextRq(
  id: number,
  abstractSyntax: string | undefined = verification,
  transferSyntaxes: readonly string[] = [implicitLittleEndian],
): Uint8Array {
  return item(
    0x20,
    bytes(
      [id, 0, 0, 0],
      abstractSyntax === undefined ? [] : item(0x30, abstractSyntax),
      ...transferSyntaxes.map((uid) => item(0x40, uid)),
    ),
  );
}

/** PS3.8 Table 9-18. */
export function contextAc(id: number, result = 0, transferSyntax: string = implicitLittleEndian): Uint8Array {
  return item(0x21, bytes([id, 0, result, 0], item(0x40, transferSyntax)));
}

export const applicationContext = item(0x10, "1.2.840.10008.3.1.1.1");
export const maximumLength = (length: number): Uint8Array => item(0x51, uint32(length));
export const implementationClass = item(0x52, "2.25.7");
export const userInformation = (...subItems: readonly Uint8Array[]): Uint8Array =>
  item(0x50, bytes(...subItems));
export const plainUser = userInformation(maximumLength(16_384), implementationClass);

/** PS3.8 Tables 9-11 and 9-17: the fixed 68 bytes, then items. */
export function associate(
  type: 1 | 2,
  items: readonly Uint8Array[],
  { protocolVersion = 1, called = "SCP", calling = "SCU" } = {},
): Uint8Array {
  return pdu(
    type,
    bytes(
      uint16(protocolVersion),
      [0, 0],
      called.padEnd(16),
      calling.padEnd(16),
      Array.from({ length: 32 }, () => 0),
      ...items,
    ),
  );
}

export const associateRq = associate(1, [applicationContext, contextRq(1), plainUser]);
export const associateAc = associate(2, [applicationContext, contextAc(1), plainUser]);
/** PS3.8 Table 9-21: reserved, result, source, reason. */
export const associateRj = pdu(3, bytes([0, 1, 1, 7]));
export const releaseRq = pdu(5, bytes([0, 0, 0, 0]));
export const releaseRp = pdu(6, bytes([0, 0, 0, 0]));
/** PS3.8 Table 9-26: two reserved bytes, source, reason. */
export const abort = (source: number, reason: number): Uint8Array => pdu(7, bytes([0, 0, source, reason]));

/** PS3.8 Table 9-23 and Annex E: length, context id, message control header. */
export function pdv(contextId: number, control: number, data: Uint8Array): Uint8Array {
  return bytes([...uint32(data.byteLength + 2), contextId, control], data);
}
export const pData = (...pdvs: readonly Uint8Array[]): Uint8Array => pdu(4, bytes(...pdvs));

/** PS3.7 6.3: elements of group 0000 in Implicit VR Little Endian, in front of them the length of all others. */
export function commandSet(
  elements: readonly (readonly [element: number, value: number | string])[],
): Uint8Array {
  const body = Buffer.concat(elements.map(([element, value]) => commandElement(element, value)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return bytes(commandElement(0, length), body);
}

/** @param length another one than the value has */
export function commandElement(
  element: number,
  value: number | string | Uint8Array,
  length?: number,
): Uint8Array {
  const data = typeof value === "number" ? Buffer.from([value & 0xff, value >>> 8]) : padded(value);
  const head = Buffer.alloc(8);
  head.writeUInt16LE(element, 2);
  head.writeUInt32LE(length ?? data.length, 4);
  return bytes(head, data);
}

function padded(value: string | Uint8Array): Buffer {
  const data = Buffer.from(typeof value === "string" ? bytes(value) : value);
  return data.length % 2 === 0 ? data : Buffer.concat([data, Buffer.from([0])]);
}

export const echoRq = (messageId = 1): Uint8Array =>
  commandSet([
    [0x0002, verification],
    [0x0100, 0x0030],
    [0x0110, messageId],
    [0x0800, 0x0101],
  ]);

export const storeRq = (messageId = 1, sopClass = "1.2.840.10008.5.1.4.1.1.2"): Uint8Array =>
  commandSet([
    [0x0002, sopClass],
    [0x0100, 0x0001],
    [0x0110, messageId],
    [0x0700, 0],
    [0x0800, 0x0001],
    [0x1000, "1.2.3.4"],
  ]);
