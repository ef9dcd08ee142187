/** Messages from fragments, PS3.7 6.3.1 and PS3.8 Annex E: cut anywhere, mixed up, unfinished, too long, none at all. */
import { describe, expect, it } from "vitest";
import { RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";
import { bytes, commandElement, commandSet, echoRq, storeRq } from "../test/pdu-bytes.ts";
import { hex } from "../test/scripted-peer.ts";
import { type Message, MessageAssembler } from "./assembler.ts";

/** Message control headers, PS3.8 Table E.2-1. */
const [data, command, lastData, lastCommand] = [0, 1, 2, 3];
const dataSet = Uint8Array.of(8, 0, 5, 0, 0, 0, 0, 0, 0xaa, 0xbb);

const none = new Uint8Array(0);
const rq = storeRq();

function assembler(): { messages: Message[]; at: MessageAssembler } {
  const messages: Message[] = [];
  const flow = { pause: () => undefined, resume: () => undefined };
  return { messages, at: new MessageAssembler((message) => void messages.push(message), flow) };
}

function expectReason(work: () => void, reason: number): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RemoteProtocolError);
    expect((error as RemoteProtocolError).abortReason).toBe(reason);
    return;
  }
  expect.unreachable("it was taken");
}

describe("messages", () => {
  it("are the same with command and data set cut at every pair of bytes, with and without PDV ends there", async () => {
    const whole = storeRq(7);
    for (const isEnd of [true, false]) {
      for (let cut = 0; cut <= whole.length; cut++) {
        const { at, messages } = assembler();
        // A piece is a whole fragment, or the beginning of one that a chunk's end cut.
        at.fragment(5, isEnd ? command : lastCommand, whole.subarray(0, cut), isEnd);
        at.fragment(5, lastCommand, whole.subarray(cut), true);
        const middle = cut % (dataSet.length + 1);
        at.fragment(5, isEnd ? data : lastData, dataSet.subarray(0, middle), isEnd);
        at.fragment(5, lastData, dataSet.subarray(middle), true);
        expect(messages, `cut at ${cut}`).toHaveLength(1);
        expect(messages[0]?.command).toMatchObject({ kind: "C-STORE-RQ", messageId: 7, hasDataSet: true });
        expect(messages[0]?.contextId).toBe(5);
        expect(hex((await messages[0]?.dataSet?.bytes()) ?? bytes())).toBe(hex(dataSet));
        expect(at.isOpen).toBe(false);
      }
    }
  });

  it("of one byte a fragment, with empty ones in between, are the same", async () => {
    const { at, messages } = assembler();
    const send = (open: number, last: number, all: Uint8Array): void => {
      for (let index = 0; index < all.length; index++) {
        at.fragment(1, open, bytes(), true);
        at.fragment(1, open, all.subarray(index, index + 1), true);
      }
      at.fragment(1, last, bytes(), true); // the last one is empty
    };
    send(command, lastCommand, storeRq());
    send(data, lastData, dataSet);
    send(command, lastCommand, echoRq(9));
    expect(messages.map((message) => message.command.kind)).toEqual(["C-STORE-RQ", "C-ECHO-RQ"]);
    expect(hex((await messages[0]?.dataSet?.bytes()) ?? bytes())).toBe(hex(dataSet));
  });

  it("give a data set of single bytes in few chunks, and one of any pieces in its order", async () => {
    const whole = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7919) >> 5);
    for (const sizes of [[1], [1, 1023], [1, 1024, 0, 5000, 3], [700], [16_384, 1], [40_000, 2]]) {
      const { at, messages } = assembler();
      at.fragment(1, lastCommand, rq, true);
      let pieces = 0;
      for (let from = 0; from < whole.length; pieces++) {
        const piece = whole.subarray(from, from + (sizes[pieces % sizes.length] ?? 1));
        from += piece.length;
        at.fragment(1, from < whole.length ? data : lastData, piece, true);
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of messages[0]?.dataSet ?? []) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(whole), String(sizes)).toBe(true);
      const isAllSmall = sizes.every((size) => size < 1024);
      expect(chunks.length, String(sizes)).toBeLessThanOrEqual(isAllSmall ? 7 : pieces);
    }
  });

  it("hand the large pieces of a data set on as views, without a copy", async () => {
    const { at, messages } = assembler();
    const large = new Uint8Array(4096);
    at.fragment(1, lastCommand, rq, true);
    at.fragment(1, lastData, large, true);
    expect(await messages[0]?.dataSet?.bytes()).toBe(large);
  });

  it("keep nothing of the chunk their command came in", () => {
    const { at, messages } = assembler();
    const chunk = echoRq(3).slice();
    at.fragment(1, lastCommand, chunk, true);
    chunk.fill(0xff);
    expect(messages[0]?.command).toMatchObject({ messageId: 3, affectedSopClassUid: "1.2.840.10008.1.1" });
  });

  it("read over the reserved bits of the message control header", () => {
    const { at, messages } = assembler();
    at.fragment(1, 0xfc | lastCommand, echoRq(), true);
    expect(messages).toHaveLength(1);
  });

  it("do not grow with empty fragments", () => {
    const { at } = assembler();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 300_000; index++) at.fragment(1, command, none, true);
    // 300,000 kept views would be tens of megabytes.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(12_000_000);
    expect(at.isOpen).toBe(true);
  });

  const begun = (...fragments: readonly (readonly [number, number, Uint8Array])[]) => {
    const { at } = assembler();
    for (const [context, control, piece] of fragments) at.fragment(context, control, piece, true);
    return at;
  };
  it.each([
    ["a data set without a command", begun(), 1, data, dataSet],
    ["a data set after its end", begun([1, lastCommand, rq], [1, lastData, dataSet]), 1, lastData, dataSet],
    ["a data set that its command did not announce", begun([1, lastCommand, echoRq()]), 1, lastData, dataSet],
    ["a data set while the command is open", begun([1, command, rq]), 1, lastData, dataSet],
    ["a command while its data set is due", begun([1, lastCommand, rq]), 1, lastCommand, echoRq()],
    ["a command inside its data set", begun([1, lastCommand, rq], [1, data, dataSet]), 1, command, rq],
    [
      "another context inside a command",
      begun([1, command, rq.subarray(0, 9)]),
      3,
      lastCommand,
      rq.subarray(9),
    ],
    ["another context after an empty beginning", begun([1, command, none]), 3, lastCommand, rq],
    [
      "another context inside a data set",
      begun([1, lastCommand, rq], [1, data, dataSet]),
      3,
      lastData,
      dataSet,
    ],
    ["a data set on another context", begun([1, lastCommand, rq]), 3, lastData, dataSet],
    ["another context without a byte", begun([1, lastCommand, rq]), 3, data, none],
  ])("refuse %s as an unexpected parameter", (_what, at, context, control, piece) => {
    expectReason(() => at.fragment(context, control, piece, true), AbortReason.UnexpectedPduParameter);
  });

  it("refuse a command of more than 64 KiB before it is complete, in large and in small pieces", () => {
    for (const size of [1, 255, 65_536, 100_000]) {
      const { at, messages } = assembler();
      const piece = new Uint8Array(size);
      let sent = 0;
      expectReason(() => {
        for (; sent <= 200_000; sent += size) at.fragment(1, command, piece, true);
      }, AbortReason.InvalidPduParameterValue);
      expect(sent).toBeLessThanOrEqual(65_536);
      expect(messages).toEqual([]);
    }
  });

  it("refuse a release in their middle, and only there", () => {
    expect(() => begun().release()).not.toThrow();
    expect(() => begun([1, lastCommand, echoRq()]).release()).not.toThrow();
    expect(() => begun([1, lastCommand, rq], [1, lastData, none]).release()).not.toThrow();
    for (const at of [
      begun([1, command, none]),
      begun([1, command, rq.subarray(0, 20)]),
      begun([1, lastCommand, rq]),
      begun([1, lastCommand, rq], [1, data, dataSet]),
    ]) {
      expectReason(() => at.release(), AbortReason.UnexpectedPdu);
    }
  });

  it("end with the association: the data set under way fails, the next message is a new one", async () => {
    const { at, messages } = assembler();
    at.fragment(1, lastCommand, rq, true);
    at.fragment(1, data, dataSet, true);
    at.end(new Error("it broke"));
    await expect(messages[0]?.dataSet?.bytes()).rejects.toThrow("it broke");
    expect(at.isOpen).toBe(false);
  });
});

describe("a command set", () => {
  const read = (command: Uint8Array): Message["command"] | undefined => {
    const { at, messages } = assembler();
    at.fragment(1, lastCommand, command, true);
    return messages[0]?.command;
  };
  const echo = {
    kind: "C-ECHO-RQ",
    messageId: 1,
    hasDataSet: false,
    affectedSopClassUid: "1.2.840.10008.1.1",
  };
  /** Without its group length of twelve bytes. */
  const bare = echoRq().subarray(12);

  it.each([
    ["without a group length", bare],
    ["with a group length that is wrong", bytes(commandElement(0, bytes([9, 9, 9, 9])), bare)],
    ["with a group length at its end", bytes(bare, commandElement(0, bytes([0, 0, 0, 0])))],
    ["with elements nobody knows", bytes(bare, commandElement(0x7777, "what"))],
    ["with an element of another group at its end", bytes(bare, [8, 0, 0x58, 0, 2, 0, 0, 0, 0x31, 0])],
    ["with a value longer than its VR", bytes(bare, commandElement(0x0110, bytes([1, 0, 9, 9])))],
    ["with a value shorter than its VR", bytes(bare, bytes([0, 0, 0x10, 1, 1, 0, 0, 0, 9]))],
    [
      "with UIDs of odd length",
      bytes(bare.subarray(26), bytes([0, 0, 2, 0, 17, 0, 0, 0], "1.2.840.10008.1.1")),
    ],
  ])("%s is read", (_what, command) => expect(read(command)).toEqual(echo));

  it("without a data set type has no data set", () => {
    expect(read(commandSet([[0x0100, 0x0030]]))).toEqual({ kind: "C-ECHO-RQ", hasDataSet: false });
  });

  it.each([
    ["that is empty", bytes()],
    ["without a command field", commandSet([[0x0110, 1]])],
    ["with a command field of one byte", bytes([0, 0, 0, 1, 1, 0, 0, 0, 0x30])],
    ["with bytes behind its last element", bytes(echoRq(), [0, 0, 0])],
    ["with an element longer than the rest", bytes(bare, commandElement(0x0902, "ab", 3))],
    ["with an element of four gigabytes", bytes(bare, commandElement(0x0902, "ab", 0xffffffff))],
    ["with an element of another group first", bytes([8, 0, 0, 0, 0, 0, 0, 0], bare)],
    ["that is text", bytes("GET / HTTP/1.1\r\n\r\n")],
  ])("%s is refused as an invalid value", (_what, command) => {
    expectReason(() => read(command), AbortReason.InvalidPduParameterValue);
  });

  it.each([0x0000, 0x0002, 0x0031, 0x8fff, 0xffff])(
    "of the unknown kind %i is refused as unrecognized",
    (kind) => {
      expectReason(
        () =>
          read(
            commandSet([
              [0x0100, kind],
              [0x0110, 1],
              [0x0800, 0x0101],
            ]),
          ),
        AbortReason.UnrecognizedPduParameter,
      );
    },
  );

  it("of 64 KiB is read in no time", () => {
    const comment = `x${" ".repeat(65_000)}x`;
    const begin = performance.now();
    expect(read(bytes(bare, commandElement(0x0902, comment)))?.errorComment).toBe(comment);
    expect(performance.now() - begin).toBeLessThan(500);
  });
});
