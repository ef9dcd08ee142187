/** Bytes to command sets, PS3.7 6.3. */
import { RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";
import { type Command, type CommandKind, commandCodes, commandFields } from "./types.ts";

const kinds = new Map<number, CommandKind>(
  Object.entries(commandCodes).map(([kind, code]) => [code, kind as CommandKind]),
);
const fields = new Map<number, (typeof commandFields)[number]>(
  commandFields.map((field) => [field[1], field]),
);

/** @throws RemoteProtocolError when the bytes are no command set */
export function decodeCommand(bytes: Uint8Array): Command {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: Record<string, unknown> = {};
  let kind: CommandKind | undefined;
  let hasDataSet = false;
  let at = 0;
  while (at + 8 <= bytes.byteLength) {
    const group = view.getUint16(at, true);
    const tag = view.getUint16(at + 2, true);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (group !== 0 || length > bytes.byteLength - start) throw notACommand();
    at = start + length;
    if (tag === 0x0100 && length === 2) kind = kinds.get(view.getUint16(start, true));
    else if (tag === 0x0800 && length === 2) hasDataSet = view.getUint16(start, true) !== 0x0101;
    const field = fields.get(tag);
    if (field === undefined || length === 0) continue;
    const [name, , vr] = field;
    if (vr === "US") {
      if (length >= 2) values[name] = view.getUint16(start, true);
    } else if (vr === "AT") {
      const tags: number[] = [];
      for (let one = start; one + 4 <= at; one += 4) {
        tags.push(view.getUint16(one, true) * 0x10000 + view.getUint16(one + 2, true));
      }
      values[name] = tags;
    } else {
      values[name] = text(bytes.subarray(start, at));
    }
  }
  if (at !== bytes.byteLength || kind === undefined) throw notACommand();
  return { ...values, kind, hasDataSet };
}

function text(bytes: Uint8Array): string {
  let value = "";
  for (const byte of bytes) value += String.fromCharCode(byte);
  return value.replace(/^ +|[ \0]+$/g, "");
}

function notACommand(): RemoteProtocolError {
  return new RemoteProtocolError(
    "The peer sent a message that is no DIMSE command.",
    AbortReason.InvalidPduParameterValue,
  );
}
