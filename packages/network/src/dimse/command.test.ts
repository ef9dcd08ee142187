/** Command sets, PS3.7 6.3: written to the byte, read back, hostile ones refused. */
import { describe, expect, it } from "vitest";
import { RemoteProtocolError } from "../errors.ts";
import { decodeCommand } from "./decode.ts";
import { encodeCommand } from "./encode.ts";
import { type Command, commandCodes, type CommandKind } from "./types.ts";

const echo: Command = {
  kind: "C-ECHO-RQ",
  affectedSopClassUid: "1.2.840.10008.1.1",
  messageId: 7,
  hasDataSet: false,
};
const full: Command = {
  kind: "C-MOVE-RSP",
  affectedSopClassUid: "1.2.3",
  messageIdBeingRespondedTo: 65535,
  moveDestination: "Dest",
  status: 0xb000,
  offendingElements: [0x00100020, 0xfffee00d],
  errorComment: "odd",
  numberOfRemainingSuboperations: 1,
  numberOfCompletedSuboperations: 2,
  numberOfFailedSuboperations: 3,
  numberOfWarningSuboperations: 4,
  moveOriginatorAeTitle: "ORIG",
  moveOriginatorMessageId: 9,
  hasDataSet: true,
};

function tagsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer);
  const tags: number[] = [];
  for (let at = 0; at < bytes.length; at += 8 + view.getUint32(at + 4, true))
    tags.push(view.getUint16(at + 2, true));
  return tags;
}

describe("command sets", () => {
  it("are written as PS3.7 9.3.5 has a C-ECHO-RQ, to the byte", () => {
    expect(Buffer.from(encodeCommand(echo)).toString("hex")).toBe(
      [
        "00000000" + "04000000" + "38000000",
        "00000200" + "12000000" + Buffer.from("1.2.840.10008.1.1\0").toString("hex"),
        "00000001" + "02000000" + "3000",
        "00001001" + "02000000" + "0700",
        "00000008" + "02000000" + "0101",
      ].join(""),
    );
  });

  it.each([echo, full])(
    "carry a group length that counts every byte after it, and none besides ($kind)",
    (command) => {
      const bytes = encodeCommand(command);
      expect(new DataView(bytes.buffer).getUint32(8, true)).toBe(bytes.length - 12);
      expect(bytes.length % 2).toBe(0);
    },
  );

  it("have ascending tags", () => {
    const tags = tagsOf(encodeCommand(full));
    expect(tags).toEqual([...tags].sort((a, b) => a - b));
    expect(tags[0]).toBe(0);
    expect(tags).toContain(0x0100);
    expect(tags).toContain(0x0800);
  });

  it("read back as they were written", () => {
    expect(decodeCommand(encodeCommand(full))).toEqual(full);
    for (const kind of Object.keys(commandCodes) as CommandKind[]) {
      expect(decodeCommand(encodeCommand({ kind, hasDataSet: false }))).toEqual({ kind, hasDataSet: false });
    }
  });

  it("cut at any byte are refused", () => {
    const bytes = encodeCommand(full);
    const cuts: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      try {
        // Cut at an element's end it may still be a command; it is never the same one.
        expect(decodeCommand(bytes.slice(0, at))).not.toEqual(full);
      } catch (error) {
        expect(error).toBeInstanceOf(RemoteProtocolError);
        cuts.push(at);
      }
    }
    expect(cuts.length).toBeGreaterThan(bytes.length / 2);
  });

  it("with an element of another group, or a length beyond the end, are refused", () => {
    const other = encodeCommand(echo);
    other[12] = 8;
    expect(() => decodeCommand(other)).toThrow(RemoteProtocolError);
    const long = encodeCommand(echo);
    new DataView(long.buffer).setUint32(16, 0xffffffff, true);
    expect(() => decodeCommand(long)).toThrow(RemoteProtocolError);
  });

  it("make an error comment fit its VR: 64 characters of ASCII, padded with a space", () => {
    const bytes = encodeCommand({
      kind: "C-ECHO-RSP",
      hasDataSet: false,
      errorComment: `a\\é${"x".repeat(100)}`,
    });
    expect(decodeCommand(bytes).errorComment).toBe(`a??${"x".repeat(61)}`);
    expect(
      Buffer.from(encodeCommand({ kind: "C-ECHO-RSP", hasDataSet: false, errorComment: "abc" })).includes(
        "abc ",
      ),
    ).toBe(true);
  });

  it("never shorten a UID, and refuse an AE title that is too long", () => {
    const uid = `1.2.${"3".repeat(70)}`;
    const command: Command = { kind: "C-STORE-RQ", hasDataSet: true, affectedSopInstanceUid: uid };
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
    expect(() => encodeCommand({ ...command, moveDestination: "x".repeat(17) })).toThrowError(
      expect.objectContaining({ code: "argument-invalid" }),
    );
  });

  it("may be long: thousands of tags, and a short one after it is itself", () => {
    const attributeIdentifierList = Array.from({ length: 4000 }, (_, index) => 0x00100000 + index);
    const long: Command = { kind: "N-GET-RQ", messageId: 1, attributeIdentifierList, hasDataSet: false };
    const first = encodeCommand(echo);
    expect(decodeCommand(encodeCommand(long))).toEqual(long);
    expect(encodeCommand(echo)).toEqual(first);
  });

  it("are bytes of their own, not of the next one", () => {
    const first = encodeCommand(echo);
    const copy = first.slice();
    encodeCommand(full);
    expect(first).toEqual(copy);
    expect(first.buffer.byteLength).toBe(first.byteLength);
  });
});
