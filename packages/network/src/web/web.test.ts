/** Both ends of an association over web streams. */
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { type ServedAssociation, serveAssociation } from "../acceptor.ts";
import { StudyRootFind, Verification } from "../services/models.ts";
import type { Services } from "../services/types.ts";
import { associate, type ByteStreams, streamTransport } from "./index.ts";

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian } = TransferSyntax;
const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const options = {
  callingAeTitle: "WEB",
  calledAeTitle: "SCP",
  contexts: [
    { abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: [ImplicitVRLittleEndian] },
    { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] },
    { abstractSyntaxUid: ctImage, transferSyntaxUids: [ExplicitVRLittleEndian] },
  ],
};

function streamPair(): [ByteStreams, ByteStreams] {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}

function serve(services: Services): { streams: ByteStreams; served: ServedAssociation } {
  const [ours, theirs] = streamPair();
  return { streams: ours, served: serveAssociation(streamTransport(theirs), { aeTitle: "SCP", services }) };
}

describe("over web streams", () => {
  it("echoes, finds and releases", async () => {
    const { streams, served } = serve({
      verification: true,
      query: {
        models: [StudyRootFind],
        onFind: async function* () {
          for (let index = 0; index < 50; index++) yield DataSet.of({ PatientID: String(index) });
        },
      },
    });
    const association = await associate(streams, options);
    expect((await association.echo()).status.code).toBe(0);
    let found = 0;
    for await (const _match of association.find(StudyRootFind, { PatientID: "" })) found++;
    expect(found).toBe(50);
    await association.release();
    expect(await served.closed).toBeUndefined();
  });

  it("stores what is larger than any queue, to a slow reader", async () => {
    const received: number[] = [];
    const { streams } = serve({
      storage: {
        sopClasses: "any",
        onStore: async (bytes) => {
          let length = 0;
          for await (const chunk of bytes) {
            length += chunk.byteLength;
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          received.push(length);
          return 0;
        },
      },
    });
    const association = await associate(streams, options);
    const dataSet = new Uint8Array(3_000_000);
    await association.store({
      sopClassUid: ctImage,
      sopInstanceUid: "1.2.3",
      transferSyntaxUid: ExplicitVRLittleEndian,
      dataSet,
    });
    await association.release();
    expect(received).toEqual([3_000_000]);
  });

  it("a stream that breaks is an error of the query", async () => {
    const [ours, theirs] = streamPair();
    serveAssociation(streamTransport(theirs), {
      aeTitle: "SCP",
      services: {
        query: {
          models: [StudyRootFind],
          onFind: async function* () {
            yield DataSet.of({ PatientID: "1" });
            await new Promise(() => undefined);
          },
        },
      },
    });
    const broken = new TransformStream<Uint8Array, Uint8Array>();
    const writer = broken.writable.getWriter();
    // The acceptance and the first match pass; then the line is cut.
    const cut = async (): Promise<void> => {
      const reader = ours.readable.getReader();
      for (let count = 0; count < 2; count++) {
        const { value } = await reader.read();
        if (value !== undefined) await writer.write(value);
      }
      await writer.abort(new Error("cable pulled"));
    };
    const cutting = cut();
    const association = await associate({ readable: broken.readable, writable: ours.writable }, options);
    const all = async (): Promise<number> => {
      let found = 0;
      for await (const _match of association.find(StudyRootFind, { PatientID: "" })) found++;
      return found;
    };
    await expect(all()).rejects.toMatchObject({ code: "connection-failed" });
    await cutting;
  });
});
