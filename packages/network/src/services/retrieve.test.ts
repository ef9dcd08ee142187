/** C-GET and C-MOVE in both roles, PS3.4 C.4.2 and C.4.3. */
import { type DataSet, TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { type ServedAssociation, serveAssociation } from "../acceptor.ts";
import { associateOver } from "../association.ts";
import { Status } from "../dimse/status.ts";
import { memoryPair } from "../memory/index.ts";
import type { PresentationContextProposal } from "../negotiation/types.ts";
import { bytesOf, instances, openPair } from "../test/pair.ts";
import { StudyRootGet, StudyRootMove } from "./models.ts";
import type { RetrieveProgress, StoreInstance } from "./service-user.ts";
import type { ConnectForStorage, RetrieveService, Services, StoreRequest, Transcode } from "./types.ts";

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit } = TransferSyntax;
const ct = "1.2.840.10008.5.1.4.1.1.2";
const mr = "1.2.840.10008.5.1.4.1.1.4";
const ofStudy = { QueryRetrieveLevel: "STUDY", StudyInstanceUID: "1.2.3" };

const get = { abstractSyntaxUid: StudyRootGet.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] };
const move = { abstractSyntaxUid: StudyRootMove.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] };
const taking = (sopClassUid: string, ...transferSyntaxUids: string[]): PresentationContextProposal => ({
  abstractSyntaxUid: sopClassUid,
  transferSyntaxUids: transferSyntaxUids.length === 0 ? [ExplicitVRLittleEndian] : transferSyntaxUids,
  role: "scp",
});

const giving = (found: readonly StoreInstance[], more: Partial<RetrieveService> = {}): Services => ({
  retrieve: {
    models: [StudyRootGet, StudyRootMove],
    onRetrieve: async () => ({ instances: found }),
    ...more,
  },
});

/** (0000,0100) Command Field of a C-STORE-RSP. */
const answerOfStore = Buffer.from("00000001020000000180", "hex");

/** A receiver that keeps what it gets. */
function receiver(answer: (request: StoreRequest) => number = () => 0) {
  const got: { uid: string; syntax: string; bytes: Uint8Array; request: StoreRequest }[] = [];
  return {
    got,
    onStore: async (bytes: AsyncIterable<Uint8Array>, request: StoreRequest) => {
      const uid = request.affectedSopInstanceUid;
      got.push({ uid, syntax: request.transferSyntaxUid, bytes: await bytesOf(bytes), request });
      return answer(request);
    },
  };
}

describe("C-GET", () => {
  it("brings the instances on the same association, byte for byte", async () => {
    const found = instances(5, { size: 300_000 });
    await using pair = await openPair({ services: giving(found) }, { contexts: [get, taking(ct)] });
    const { got, onStore } = receiver();
    const result = await pair.association.get(StudyRootGet, ofStudy, { onStore });
    expect(result).toMatchObject({ completed: 5, failed: 0, warning: 0, failedSopInstanceUids: [] });
    expect(result.status.category).toBe("success");
    expect(got.map(({ uid }) => uid)).toEqual(found.map(({ sopInstanceUid }) => sopInstanceUid));
    const sent = found.map(({ dataSet }) => dataSet as Uint8Array);
    expect(got.every(({ bytes }, index) => Buffer.compare(bytes, sent[index]!) === 0)).toBe(true);
  });

  it("tells how far it is when the receiver's answer is held back behind its own first bytes", async () => {
    const [ours, theirs] = memoryPair();
    let held: Uint8Array | undefined;
    const served = serveAssociation(theirs, { aeTitle: "SCP", services: giving(instances(2)) });
    // Header and body in two writes, the second when something was heard after the first: Nagle's algorithm.
    const nagling: typeof ours = {
      start: (handlers) =>
        ours.start({
          ...handlers,
          onData: (chunk) => {
            if (held !== undefined) ours.write([held]);
            held = undefined;
            handlers.onData(chunk);
          },
        }),
      write: (chunks) => {
        const all = Buffer.concat(chunks);
        if (!all.includes(answerOfStore)) return ours.write([all]);
        held = all.subarray(12);
        return ours.write([all.subarray(0, 12)]);
      },
      pause: () => ours.pause(),
      resume: () => ours.resume(),
      close: () => ours.close(),
      destroy: () => ours.destroy(),
    };
    const contexts = [get, taking(ct)];
    const association = await associateOver(nagling, {
      callingAeTitle: "SCU",
      calledAeTitle: "SCP",
      contexts,
    });
    const told: RetrieveProgress[] = [];
    const result = await association.get(StudyRootGet, ofStudy, {
      onStore: receiver().onStore,
      onProgress: (progress) => void told.push(progress),
    });
    expect(result).toMatchObject({ completed: 2, failed: 0 });
    expect(told[0]).toMatchObject({ remaining: 2, completed: 0 });
    await association.release();
    await served.closed;
  });

  it("hands the identifier to the service", async () => {
    let asked: DataSet | undefined;
    const services = giving([], {
      onRetrieve: async (identifier) => {
        asked = identifier;
        return { instances: [] };
      },
    });
    await using pair = await openPair({ services }, { contexts: [get] });
    await pair.association.get(StudyRootGet, ofStudy, { onStore: receiver().onStore });
    expect(asked?.string("QueryRetrieveLevel")).toBe("STUDY");
    expect(asked?.string("StudyInstanceUID")).toBe("1.2.3");
  });

  it("names what failed: refused by the receiver, or in a SOP class that was not offered", async () => {
    const found = [
      ...instances(3),
      ...instances(1, { sopClassUid: mr }).map((one) => ({ ...one, sopInstanceUid: "9" })),
    ];
    await using pair = await openPair({ services: giving(found) }, { contexts: [get, taking(ct)] });
    const { onStore } = receiver((request) =>
      request.affectedSopInstanceUid === "1.2.3.2" ? Status.OutOfResources : 0,
    );
    const result = await pair.association.get(StudyRootGet, ofStudy, { onStore });
    expect(result).toMatchObject({ completed: 2, failed: 2, failedSopInstanceUids: ["1.2.3.2", "9"] });
    expect(result.status).toMatchObject({ code: 0xb000, category: "warning" });
  });

  it("fails as a whole when nothing could be sent", async () => {
    await using pair = await openPair({ services: giving(instances(2)) }, { contexts: [get, taking(mr)] });
    await expect(
      pair.association.get(StudyRootGet, ofStudy, { onStore: receiver().onStore }),
    ).rejects.toMatchObject({ code: "dimse-status", status: { code: 0xa702 } });
    expect(
      await pair.association.get(StudyRootGet, ofStudy, { onStore: receiver().onStore }).catch(() => 1),
    ).toBe(1);
  });

  it("re-encodes what the receiver does not take as it is", async () => {
    const found = instances(2, { transferSyntaxUid: JPEGBaseline8Bit });
    const asked: (readonly string[])[] = [];
    const transcode: Transcode = async (instance, uids) => {
      asked.push(uids);
      return { ...instance, transferSyntaxUid: uids[0]!, dataSet: Uint8Array.of(1, 2) };
    };
    await using pair = await openPair(
      { services: giving(found, { transcode }) },
      { contexts: [get, taking(ct, ExplicitVRLittleEndian, ImplicitVRLittleEndian)] },
    );
    const { got, onStore } = receiver();
    expect(await pair.association.get(StudyRootGet, ofStudy, { onStore })).toMatchObject({ completed: 2 });
    expect(got.map(({ syntax }) => syntax)).toEqual([ExplicitVRLittleEndian, ExplicitVRLittleEndian]);
    expect(asked[0]).toEqual([ExplicitVRLittleEndian]);
  });

  it("is cancelled between two instances, and the association lives on", async () => {
    const cancel = new AbortController();
    async function* endless() {
      for (let index = 1; ; index++) yield { ...instances(1)[0]!, sopInstanceUid: `1.2.${index}` };
    }
    await using pair = await openPair(
      {
        services: {
          ...giving([], { onRetrieve: async () => ({ instances: endless() }) }),
          verification: true,
        },
      },
      {
        contexts: [
          get,
          taking(ct),
          { abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: [ImplicitVRLittleEndian] },
        ],
      },
    );
    let count = 0;
    const result = await pair.association.get(StudyRootGet, ofStudy, {
      cancel: cancel.signal,
      onStore: async (bytes) => {
        await bytesOf(bytes);
        if (++count === 3) cancel.abort();
        return 0;
      },
    });
    expect(result.status).toMatchObject({ code: 0xfe00, category: "cancel" });
    expect(result.completed).toBeGreaterThanOrEqual(3);
    expect((await pair.association.echo()).status.code).toBe(0);
  });

  it("reads no answer to the role selection as a yes, as some PACS need it", async () => {
    const [ours, theirs] = memoryPair();
    const served = serveAssociation(theirs, { services: giving(instances(1)) });
    // The answer on its way loses its role selection items.
    const strip = dropRoleSelection(ours);
    const association = await associateOver(strip, {
      callingAeTitle: "SCU",
      calledAeTitle: "SCP",
      contexts: [get, taking(ct)],
    });
    const result = await association.get(StudyRootGet, ofStudy, { onStore: receiver().onStore });
    expect(result.completed).toBe(1);
    await association.release();
    expect(await served.closed).toBeUndefined();
  });

  it("understands a requestor that takes instances and forgot to propose the role", async () => {
    const plain = { abstractSyntaxUid: ct, transferSyntaxUids: [ExplicitVRLittleEndian] };
    await using pair = await openPair({ services: giving(instances(2)) }, { contexts: [get, plain] });
    const { onStore } = receiver();
    expect(await pair.association.get(StudyRootGet, ofStudy, { onStore })).toMatchObject({ completed: 2 });
  });

  it("has several sub-operations under way when a window was negotiated", async () => {
    await using pair = await openPair(
      { services: giving(instances(40)) },
      { contexts: [get, taking(ct)], asynchronousOperations: { invoked: 1, performed: 4 } },
    );
    expect(pair.served.accepted.asynchronousOperations).toEqual({ invoked: 4, performed: 1 });
    let underWay = 0;
    let most = 0;
    const result = await pair.association.get(StudyRootGet, ofStudy, {
      onStore: async (bytes) => {
        most = Math.max(most, ++underWay);
        await bytesOf(bytes);
        await new Promise((resolve) => setTimeout(resolve, 1));
        underWay--;
        return 0;
      },
    });
    expect(result).toMatchObject({ completed: 40, failed: 0 });
    expect(most).toBe(4);
  });
});

describe("C-MOVE", () => {
  /** A destination that associates with a receiver in memory. */
  function destination(
    services: Services,
    log: PresentationContextProposal[][] = [],
    served: ServedAssociation[] = [],
  ) {
    const connect: ConnectForStorage = (contexts, signal) => {
      const [ours, theirs] = memoryPair();
      served.push(serveAssociation(theirs, { aeTitle: "DEST", services }));
      log.push([...contexts]);
      return associateOver(ours, {
        callingAeTitle: "SCP",
        calledAeTitle: "DEST",
        contexts,
        ...(signal === undefined ? {} : { signal }),
      });
    };
    return { connect };
  }

  it("sends to the destination, says who asked, and counts", async () => {
    const { got, onStore } = receiver();
    const to = destination({ storage: { sopClasses: "any", onStore } });
    const services = giving(instances(7), { destination: (title) => (title === "DEST" ? to : undefined) });
    await using pair = await openPair({ services }, { contexts: [move] });
    const seen: RetrieveProgress[] = [];
    const result = await pair.association.move(StudyRootMove, ofStudy, {
      destination: "DEST",
      onProgress: (progress) => void seen.push(progress),
    });
    expect(result).toMatchObject({ completed: 7, failed: 0, warning: 0 });
    expect(got).toHaveLength(7);
    expect(got[0]?.request).toMatchObject({ moveOriginatorAeTitle: "SCU", moveOriginatorMessageId: 1 });
    expect(seen[0]?.remaining).toBe(6);
  });

  it("answers A801H for a destination it does not know", async () => {
    await using pair = await openPair(
      { services: giving(instances(1), { destination: () => undefined }) },
      { contexts: [move] },
    );
    await expect(
      pair.association.move(StudyRootMove, ofStudy, { destination: "NOBODY" }),
    ).rejects.toMatchObject({ code: "dimse-status", status: { code: 0xa801 } });
  });

  it("tells when the destination cannot be reached", async () => {
    const services = giving(instances(3), {
      destination: () => ({
        connect: async () => {
          throw new Error("Nothing accepts connections at dest:104.");
        },
      }),
    });
    await using pair = await openPair({ services }, { contexts: [move] });
    await expect(
      pair.association.move(StudyRootMove, ofStudy, { destination: "DEST" }),
    ).rejects.toMatchObject({
      status: { category: "failure" },
      response: { errorComment: "Nothing accepts connections at dest:104." },
    });
  });

  it("opens another association where 128 contexts are not enough", async () => {
    const classes = Array.from({ length: 150 }, (_, index) => `1.2.840.10008.5.1.4.1.1.999.${index}`);
    const found = classes.map((sopClassUid, index) => ({
      ...instances(1, { sopClassUid })[0]!,
      sopInstanceUid: `1.${index}`,
    }));
    const { got, onStore } = receiver();
    const log: PresentationContextProposal[][] = [];
    const to = destination({ storage: { sopClasses: "any", onStore } }, log);
    await using pair = await openPair(
      { services: giving(found, { destination: () => to }) },
      { contexts: [move] },
    );
    const result = await pair.association.move(StudyRootMove, ofStudy, { destination: "DEST" });
    expect(result).toMatchObject({ completed: 150, failed: 0 });
    expect(got).toHaveLength(150);
    expect(log.length).toBeGreaterThan(1);
    for (const contexts of log) expect(contexts.length).toBeLessThanOrEqual(128);
  });

  it("goes on after the destination broke off on one instance", async () => {
    const broken: ServedAssociation[] = [];
    const to = destination(
      {
        storage: {
          sopClasses: "any",
          onStore: async (bytes, request) => {
            await bytesOf(bytes);
            if (request.affectedSopInstanceUid === "1.2.3.3") broken.at(-1)?.abort();
            return 0;
          },
        },
      },
      [],
      broken,
    );
    await using pair = await openPair(
      { services: giving(instances(6), { destination: () => to }) },
      { contexts: [move] },
    );
    const result = await pair.association.move(StudyRootMove, ofStudy, { destination: "DEST" });
    expect(result).toMatchObject({ completed: 5, failed: 1, failedSopInstanceUids: ["1.2.3.3"] });
    expect(broken).toHaveLength(2);
  });
});

/** A transport whose received A-ASSOCIATE-AC has no role selection sub-items (54H). */
function dropRoleSelection<T extends ReturnType<typeof memoryPair>[0]>(transport: T): T {
  const start = transport.start.bind(transport);
  transport.start = (handlers) =>
    start({
      ...handlers,
      onClose: (error) => handlers.onClose(error),
      onDrain: () => handlers.onDrain(),
      onData: (chunk) => {
        if (chunk[0] !== 0x02) return handlers.onData(chunk);
        const bytes = Uint8Array.from(chunk);
        for (let at = 74; at + 4 <= bytes.length; ) {
          const type = bytes[at];
          const length = (bytes[at + 2]! << 8) + bytes[at + 3]!;
          if (type === 0x54) bytes[at] = 0x7e; // a type that nobody knows is skipped
          at += type === 0x50 ? 4 : 4 + length;
        }
        handlers.onData(bytes);
      },
    });
  return transport;
}
