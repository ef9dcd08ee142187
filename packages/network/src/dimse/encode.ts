/** Command sets to bytes, PS3.7 6.3: always Implicit VR Little Endian, ascending tags, group length first. */
import { type Command, commandCodes, commandFields } from "./types.ts";

/** (0000,0800): any other value than 0101H says that a data set follows. */
const noDataSet = 0x0101;
const withDataSet = 0x0001;

export function encodeCommand(command: Command): Uint8Array {
  const body: number[] = [];
  let hasKind = false;
  let hasType = false;
  const special = (before: number): void => {
    if (!hasKind && before > 0x0100) {
      body.push(...element(0x0100, uint16(commandCodes[command.kind])));
      hasKind = true;
    }
    if (!hasType && before > 0x0800) {
      body.push(...element(0x0800, uint16(command.hasDataSet ? withDataSet : noDataSet)));
      hasType = true;
    }
  };
  for (const [name, tag, vr] of commandFields) {
    special(tag);
    const value = command[name];
    if (value === undefined) continue;
    if (vr === "US") body.push(...element(tag, uint16(value as number)));
    else if (vr === "AT")
      body.push(
        ...element(
          tag,
          (value as readonly number[]).flatMap((one) => [...uint16(one >>> 16), ...uint16(one)]),
        ),
      );
    else body.push(...element(tag, padded(value as string, vr === "UI" ? 0x00 : 0x20)));
  }
  special(0xffff);
  return Uint8Array.from([...element(0x0000, uint32(body.length)), ...body]);
}

const element = (tag: number, value: readonly number[]): number[] => [
  0,
  0,
  ...uint16(tag),
  ...uint32(value.length),
  ...value,
];
const uint16 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];
const uint32 = (value: number): number[] => [...uint16(value & 0xffff), ...uint16(value >>> 16)];

function padded(text: string, padding: number): number[] {
  // Error comments may hold what LO cannot: it is a comment, so it is made to fit (PS3.7 C, 64 characters).
  const bytes = Array.from(text.slice(0, 64), (character) => {
    const code = character.charCodeAt(0);
    return code >= 0x20 && code < 0x7f && code !== 0x5c ? code : 0x3f;
  });
  if (bytes.length % 2 === 1) bytes.push(padding);
  return bytes;
}
