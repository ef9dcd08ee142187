/** Command sets to bytes, PS3.7 6.3: always Implicit VR Little Endian, ascending tags, group length first. */
import { LocalProtocolError } from "../errors.ts";
import { type Command, commandCodes, commandFields } from "./types.ts";

/** (0000,0800): any other value than 0101H says that a data set follows. */
const noDataSet = 0x0101;
const withDataSet = 0x0001;

/** Group length: tag, length of four, value. */
const groupLengthBytes = 12;
/** Where commands are put together: one at a time, and there is one for every message. */
let scratch = new Uint8Array(1024);
let view = new DataView(scratch.buffer);

/** @throws LocalProtocolError `argument-invalid` for an AE title of more than 16 characters */
export function encodeCommand(command: Command): Uint8Array {
  let at = groupLengthBytes;
  for (const { name, element, vr } of elements) {
    if (name === "kind") {
      at = uint16(at, element, commandCodes[command.kind]);
      continue;
    }
    if (name === "hasDataSet") {
      at = uint16(at, element, command.hasDataSet ? withDataSet : noDataSet);
      continue;
    }
    const value = command[name];
    if (value === undefined) continue;
    if (typeof value === "number") at = uint16(at, element, value);
    else if (typeof value === "string") at = text(at, element, vr, value);
    else at = tags(at, element, value);
  }
  header(0, 0x0000, 4);
  view.setUint32(8, at - groupLengthBytes, true);
  return scratch.slice(0, at);
}

/** Fields in the order of their tags; in between the two that {@link Command} has in other words. */
const elements = [
  ...commandFields.map(([name, element, vr]) => ({ name, element, vr })),
  { name: "kind", element: 0x0100, vr: "US" } as const,
  { name: "hasDataSet", element: 0x0800, vr: "US" } as const,
].sort((a, b) => a.element - b.element);

/** @returns where the value goes */
function header(at: number, element: number, length: number): number {
  const end = at + 8 + length;
  if (end > scratch.byteLength) {
    const grown = new Uint8Array(end * 2);
    grown.set(scratch.subarray(0, at));
    scratch = grown;
    view = new DataView(scratch.buffer);
  }
  view.setUint32(at, element << 16, true); // group 0000, element
  view.setUint32(at + 4, length, true);
  return at + 8;
}

function uint16(at: number, element: number, value: number): number {
  const start = header(at, element, 2);
  view.setUint16(start, value, true);
  return start + 2;
}

function tags(at: number, element: number, values: readonly number[]): number {
  let end = header(at, element, values.length * 4);
  for (const tag of values) {
    view.setUint16(end, tag >>> 16, true);
    view.setUint16(end + 2, tag, true);
    end += 4;
  }
  return end;
}

function text(at: number, element: number, vr: string, value: string): number {
  if (vr === "AE" && value.length > 16) {
    throw new LocalProtocolError(
      "argument-invalid",
      `The AE title "${value}" has more than the 16 characters that are possible.`,
    );
  }
  // Error comments may hold what LO cannot: it is a comment, so it is made to fit (PS3.7 C, 64 characters). A UID is
  // never shortened: it would be another one.
  const length = vr === "LO" ? Math.min(value.length, 64) : value.length;
  const start = header(at, element, length + (length % 2));
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index);
    scratch[start + index] = code >= 0x20 && code < 0x7f && code !== 0x5c ? code : 0x3f;
  }
  if (length % 2 === 0) return start + length;
  scratch[start + length] = vr === "UI" ? 0x00 : 0x20;
  return start + length + 1;
}
