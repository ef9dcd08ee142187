/**
 * Bytes to command sets, PS3.7 6.3. As for PDUs, only what cannot be understood is refused:
 *
 * - **Refused**: a length beyond the end, bytes that are no whole element, elements of another group before the Command
 *   Field, no Command Field; as "unrecognized PDU parameter" a Command Field that no standard has.
 * - **Put up with**: a group length that is wrong or missing (the fragments say where a command ends), odd lengths, any
 *   order of elements, unknown elements, values longer than their VR; no Data Set Type, which means that none follows;
 *   elements of another group behind the command's own (Orthanc ends a failed C-GET with the list of what failed).
 */
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
  const end = bytes.byteLength;
  const values: Record<string, unknown> = { kind: undefined, hasDataSet: false };
  let code: number | undefined;
  let at = 0;
  while (at + 8 <= end) {
    const element = view.getUint16(at + 2, true);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    const isForeign = view.getUint16(at, true) !== 0;
    if ((isForeign && code === undefined) || length > end - start) throw notACommand();
    at = start + length;
    if (isForeign || length === 0) continue;
    const number = length >= 2 ? view.getUint16(start, true) : undefined;
    if (element === 0x0100) code = number;
    else if (element === 0x0800) values["hasDataSet"] = number !== undefined && number !== 0x0101;
    const field = fields.get(element);
    if (field === undefined) continue;
    const [name, , vr] = field;
    if (vr === "AT") values[name] = tags(view, start, at);
    else if (vr !== "US") values[name] = text(bytes, start, at);
    else if (number !== undefined) values[name] = number;
  }
  if (at !== end || code === undefined) throw notACommand();
  values["kind"] = kindOf(code);
  return values as unknown as Command;
}

function kindOf(code: number): CommandKind {
  const kind = kinds.get(code);
  if (kind !== undefined) return kind;
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  throw new RemoteProtocolError(
    `The peer sent a message of unknown kind ${hex}H.`,
    AbortReason.UnrecognizedPduParameter,
  );
}

function tags(view: DataView, start: number, end: number): number[] {
  const found: number[] = [];
  for (let at = start; at + 4 <= end; at += 4) {
    found.push(view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true));
  }
  return found;
}

/** Without the spaces around it and the padding behind it. */
function text(bytes: Uint8Array, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && bytes[from] === 0x20) from++;
  while (to > from && (bytes[to - 1] === 0x20 || bytes[to - 1] === 0)) to--;
  let value = "";
  for (let at = from; at < to; at++) value += String.fromCharCode(bytes[at] ?? 0);
  return value;
}

function notACommand(): RemoteProtocolError {
  return new RemoteProtocolError(
    "The peer sent a message that is no DIMSE command.",
    AbortReason.InvalidPduParameterValue,
  );
}
