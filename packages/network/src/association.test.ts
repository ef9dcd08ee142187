/** Both ends of an association over a pair in memory, and against bytes written by hand. */
import { DataSet, decodeDataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { type AcceptorOptions, serveAssociation } from "./acceptor.ts";
import { type AssociateOptions, associateOver } from "./association.ts";
import { encodeCommand } from "./dimse/encode.ts";
import type { Command } from "./dimse/types.ts";
import { memoryPair } from "./memory/index.ts";
import { encodePDataHeader, encodePdu } from "./pdu/encode.ts";
import { PduReader } from "./pdu/reader.ts";
import { type AAssociateRq, applicationContextName, type Pdu } from "./pdu/types.ts";
import { StudyRootFind, Verification } from "./services/models.ts";
import type { Services } from "./services/types.ts";
import type { Transport } from "./transport.ts";

const { ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian } = TransferSyntax;
const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const contexts = [
  { abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: [ImplicitVRLittleEndian] },
  { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] },
  { abstractSyntaxUid: ctImage, transferSyntaxUids: [ExplicitVRLittleEndian] },
];
const titles = { callingAeTitle: "scu", calledAeTitle: "Scp" };

function pair(
  services: Services,
  options: Partial<AssociateOptions> = {},
  accept: Partial<AcceptorOptions> = {},
) {
  const [ours, theirs] = memoryPair();
  const served = serveAssociation(theirs, { aeTitle: "Scp", services, ...accept });
  return { served, opened: associateOver(ours, { ...titles, contexts, ...options }) };
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const one of source) got.push(one);
  return got;
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(source));
}

describe("an association in memory", () => {
  it("echoes and releases", async () => {
    const { served, opened } = pair({ verification: true });
    const association = await opened;
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
    expect(await served.closed).toBeUndefined();
  });

  it("compares AE titles with their case", async () => {
    const { opened } = pair({ verification: true }, { calledAeTitle: "SCP" });
    await expect(opened).rejects.toMatchObject({
      code: "association-rejected",
      reason: "called-AE-title-not-recognized",
    });
  });

  it.each([2, 7, 16_384, 131_072])("stores with PDUs of at most %i bytes of payload", async (payload) => {
    const dataSet = Uint8Array.from(
      { length: payload < 100 ? 200 : 300_000 },
      (_, index) => (index * 7919) >> 3,
    );
    const got: Buffer[] = [];
    const { opened } = pair(
      {
        storage: {
          sopClasses: "any",
          onStore: async (bytes) => {
            got.push(await bytesOf(bytes));
            return 0;
          },
        },
      },
      {},
      { maximumPduLength: payload + 6 },
    );
    const association = await opened;
    const instance = {
      sopClassUid: ctImage,
      sopInstanceUid: "1.2.3",
      transferSyntaxUid: ExplicitVRLittleEndian,
    };
    await association.store({ ...instance, dataSet });
    await association.store({
      ...instance,
      dataSet: (async function* () {
        for (let at = 0; at < dataSet.length; at += 7777) yield dataSet.subarray(at, at + 7777);
      })(),
    });
    await association.release();
    expect(got).toHaveLength(2);
    for (const bytes of got) expect(bytes.equals(dataSet)).toBe(true);
  });

  it("sends the identifier in the accepted syntax, keys ascending, text padded with a space", async () => {
    for (const syntax of [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]) {
      const [ours, theirs] = memoryPair();
      const sent: Buffer[] = [];
      const peer = scriptedPeer(theirs, syntax, (command, dataSet) => {
        if (dataSet !== undefined) sent.push(dataSet);
        return command.kind === "C-FIND-RQ" ? [response(command, "C-FIND-RSP", 0)] : [];
      });
      const association = await associateOver(ours, {
        ...titles,
        contexts: [{ abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [syntax] }],
      });
      // Given out of order on purpose.
      await all(
        association.find(StudyRootFind, {
          StudyInstanceUID: "",
          PatientID: "ABC",
          QueryRetrieveLevel: "STUDY",
        }),
      );
      association.abort();
      await peer;
      const [bytes = Buffer.alloc(0)] = sent;
      expect(bytes.equals(encodeDataSet(decodeDataSet(bytes, syntax), syntax))).toBe(true);
      const tags = Array.from(decodeDataSet(bytes, syntax), ({ tag }) => tag);
      expect(tags).toEqual([0x00080005, 0x00080052, 0x00100020, 0x0020000d]);
      expect(bytes.includes("ABC ")).toBe(true);
      expect(bytes.includes("ABC\0")).toBe(false);
    }
  });

  it("gives matches as they come, and a failure status as an error", async () => {
    const { opened } = pair({
      query: {
        models: [StudyRootFind],
        onFind: async function* (identifier) {
          yield DataSet.of({
            PatientID: "1",
            StudyDescription: identifier.string("StudyDescription") ?? "none",
          });
          if (identifier.string("PatientID") === "FAIL") throw new Error("no index");
          yield DataSet.of({ PatientID: "2" });
        },
      },
    });
    const association = await opened;
    const found = await all(
      association.find(StudyRootFind, {
        PatientID: "",
        StudyDescription: "Ä",
        SpecificCharacterSet: "ISO_IR 192",
      }),
    );
    expect(found.map((one) => one.string("PatientID"))).toEqual(["1", "2"]);
    expect(found[0]?.string("StudyDescription")).toBe("Ä");
    await expect(all(association.find(StudyRootFind, { PatientID: "FAIL" }))).rejects.toMatchObject({
      code: "dimse-status",
      operation: "C-FIND",
    });
    // The association lives on after a failed query.
    expect(await all(association.find(StudyRootFind, { PatientID: "" }))).toHaveLength(2);
    await association.release();
  });

  it("cancels a query whose loop is left, and can be used again", async () => {
    let cancelled = false;
    const { opened } = pair({
      verification: true,
      query: {
        models: [StudyRootFind],
        onFind: async function* (_identifier, { signal }) {
          for (let index = 0; !signal.aborted; index++) {
            yield DataSet.of({ PatientID: String(index) });
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          cancelled = true;
        },
      },
    });
    const association = await opened;
    for await (const match of association.find(StudyRootFind, { PatientID: "" })) {
      if (match.string("PatientID") === "3") break;
    }
    expect(cancelled).toBe(true);
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
  });

  it("cancels a query that waits for its first match, and ends it without an error", async () => {
    const cancel = new AbortController();
    const { opened } = pair({
      verification: true,
      query: {
        models: [StudyRootFind],
        // oxlint-disable-next-line require-yield -- nothing matches
        onFind: async function* (_identifier, { signal }) {
          cancel.abort();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
    });
    const association = await opened;
    const found = all(association.find(StudyRootFind, { PatientID: "" }, { cancel: cancel.signal }));
    expect(await found).toEqual([]);
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
  });

  it("ends a query that was cancelled before it was sent", async () => {
    const { opened } = pair({
      query: {
        models: [StudyRootFind],
        onFind: async function* (_identifier, { signal }) {
          for (let index = 0; !signal.aborted; index++) {
            yield DataSet.of({ PatientID: String(index) });
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        },
      },
    });
    const association = await opened;
    const matches = association.find(StudyRootFind, { PatientID: "" }, { cancel: AbortSignal.abort() });
    for await (const match of matches) expect(match.string("PatientID")).toMatch(/^\d+$/);
    await association.release();
  });
});

describe("a peer's bytes", () => {
  const answer = (command: Command): { command: Command; dataSet?: DataSet }[] => [
    {
      command: response(command, "C-FIND-RSP", 0xff00).command,
      dataSet: DataSet.of({ PatientID: "A1", PatientName: "Å", SpecificCharacterSet: "ISO_IR 100" }),
    },
    response(command, "C-FIND-RSP", 0),
  ];

  it("mean the same with command and data set cut into PDUs at every byte", async () => {
    const whole = fragmentsOf(answer({ kind: "C-FIND-RQ", messageId: 1, hasDataSet: true }));
    const longest = Math.max(...whole.map(({ bytes }) => bytes.length));
    for (let cut = 1; cut < longest; cut++) {
      expect(await findWith((command) => answer(command), cut), `cut at ${cut}`).toEqual(["A1 Å"]);
    }
  });

  it("mean the same arriving one at a time, and all in one P-DATA-TF", async () => {
    expect(await findWith(answer, undefined, 1)).toEqual(["A1 Å"]);
    expect(await findWith(answer, undefined, undefined, true)).toEqual(["A1 Å"]);
  });

  it("of an abort in the middle of a query are an error, never a short result", async () => {
    await expect(findWith((command) => [...answer(command).slice(0, 1), "abort"])).rejects.toMatchObject({
      code: "association-aborted",
      source: "service-user",
    });
  });

  it("that end in the middle of a query are an error too", async () => {
    await expect(findWith((command) => [...answer(command).slice(0, 1), "close"])).rejects.toMatchObject({
      code: "connection-closed",
    });
  });

  it("of a web server are named as such", async () => {
    const [ours, theirs] = memoryPair();
    theirs.start({
      onData: () => void theirs.write([Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]),
      onDrain: () => undefined,
      onClose: () => undefined,
    });
    await expect(associateOver(ours, { ...titles, contexts })).rejects.toMatchObject({
      code: "wrong-protocol",
    });
  });
});

type Scripted = { command: Command; dataSet?: DataSet } | "abort" | "close";

function response(request: Command, kind: Command["kind"], status: number): { command: Command } {
  const hasDataSet = status === 0xff00;
  return {
    command: {
      kind,
      messageIdBeingRespondedTo: request.messageId ?? 0,
      affectedSopClassUid: StudyRootFind.sopClassUid,
      status,
      hasDataSet,
    },
  };
}

function fragmentsOf(messages: readonly Scripted[]): { control: number; bytes: Uint8Array }[] {
  return messages.flatMap((message) => {
    if (typeof message === "string") return [];
    const command = { control: 3, bytes: encodeCommand(message.command) };
    if (message.dataSet === undefined) return [command];
    return [command, { control: 2, bytes: encodeDataSet(message.dataSet, ExplicitVRLittleEndian) }];
  });
}

/** Asks a scripted peer, which cuts what it says at `cut`, and sends chunks of `chunk` bytes. */
async function findWith(
  script: (command: Command) => Scripted[],
  cut?: number,
  chunk?: number,
  onePdu = false,
): Promise<string[]> {
  const [ours, theirs] = memoryPair();
  const peer = scriptedPeer(theirs, ExplicitVRLittleEndian, script, { cut, chunk, onePdu });
  const association = await associateOver(ours, { ...titles, contexts: contexts.slice(1, 2) });
  try {
    const found = await all(association.find(StudyRootFind, { PatientID: "" }));
    return found.map((one) => `${one.string("PatientID")} ${one.string("PatientName")}`);
  } finally {
    association.abort();
    await peer;
  }
}

/** An acceptor of its own, without the library's association code. Resolves when the connection is over. */
function scriptedPeer(
  transport: Transport,
  syntax: string,
  script: (command: Command, dataSet?: Buffer) => Scripted[],
  {
    cut,
    chunk,
    onePdu = false,
  }: { cut?: number | undefined; chunk?: number | undefined; onePdu?: boolean } = {},
): Promise<void> {
  const write = (bytes: Uint8Array): void => {
    const step = chunk ?? bytes.length;
    for (let at = 0; at < bytes.length; at += step) transport.write([bytes.subarray(at, at + step)]);
  };
  const parts: { isCommand: boolean; pieces: Buffer[] } = { isCommand: true, pieces: [] };
  let findRq: Command | undefined;
  const say = (command: Command, dataSet: Buffer): void => {
    const messages = script(command, dataSet);
    const pdvs = fragmentsOf(messages).flatMap(({ control, bytes }) => {
      if (cut === undefined || cut >= bytes.length) return [{ control, bytes }];
      return [
        { control: control & 1, bytes: bytes.subarray(0, cut) },
        { control, bytes: bytes.subarray(cut) },
      ];
    });
    if (onePdu) write(inOnePdu(pdvs));
    else
      for (const { control, bytes } of pdvs)
        write(Buffer.concat([encodePDataHeader(1, control, bytes.length), bytes]));
    for (const message of messages) {
      if (message === "abort") write(encodePdu({ kind: "A-ABORT", source: 0, reason: 0 }));
      if (message === "close") transport.close();
    }
  };
  return new Promise((resolve) => {
    const reader = new PduReader(
      {
        onPData: () => undefined,
        onPdu: (pdu: Pdu) => {
          if (pdu.kind === "A-ASSOCIATE-RQ") write(encodePdu(acceptanceOf(pdu, syntax)));
          else transport.close();
        },
        onFragment: (_id, control, piece, isEnd) => {
          parts.pieces.push(Buffer.from(piece));
          if (!isEnd || (control & 2) === 0) return;
          const bytes = Buffer.concat(parts.pieces.splice(0));
          if ((control & 1) === 1)
            findRq = { kind: "C-FIND-RQ", messageId: messageIdIn(bytes), hasDataSet: true };
          else if (findRq !== undefined) say(findRq, bytes);
        },
      },
      0,
    );
    transport.start({
      onData: (bytes) => reader.push(bytes),
      onDrain: () => undefined,
      onClose: () => resolve(),
    });
  });
}

function acceptanceOf(request: AAssociateRq, syntax: string): Pdu {
  const { calledAeTitle, callingAeTitle } = request;
  return {
    kind: "A-ASSOCIATE-AC",
    protocolVersion: 1,
    calledAeTitle,
    callingAeTitle,
    applicationContextName,
    contexts: [{ id: 1, result: "acceptance", transferSyntaxUid: syntax }],
    userInformation: { maximumPduLength: 16_384, implementationClassUid: "2.25.7" },
  };
}

/** (0000,0110), found in the bytes rather than with the decoder. */
function messageIdIn(command: Buffer): number {
  return command.readUInt16LE(command.indexOf(Buffer.from("0000100102000000", "hex")) + 8);
}

function inOnePdu(pdvs: readonly { control: number; bytes: Uint8Array }[]): Buffer {
  const items = pdvs.map(({ control, bytes }) => {
    const head = Buffer.alloc(6);
    head.writeUInt32BE(bytes.length + 2);
    head[4] = 1;
    head[5] = control;
    return Buffer.concat([head, bytes]);
  });
  const body = Buffer.concat(items);
  const head = Buffer.from([4, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}
