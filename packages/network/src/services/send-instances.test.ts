/** Many instances to one receiver: associations, contexts, and what becomes of those that fail. */
import { TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { type AcceptorOptions, type ServedAssociation, serveAssociation } from "../acceptor.ts";
import { associateOver } from "../association.ts";
import { Status } from "../dimse/status.ts";
import { NetworkError } from "../errors.ts";
import { memoryPair } from "../memory/index.ts";
import type { AsynchronousOperations } from "../pdu/types.ts";
import { bytesOf, collect, instances } from "../test/pair.ts";
import { sendInstances } from "./send-instances.ts";
import type { StoreInstance } from "./service-user.ts";
import type { ConnectForStorage, StoreRequest } from "./types.ts";

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless } = TransferSyntax;

interface Receiver {
  readonly connect: ConnectForStorage;
  readonly served: ServedAssociation[];
  readonly got: string[];
  /** The most instances under way at a time. */
  most: number;
  /** Contexts that each association offered. */
  readonly offered: number[];
}

/** A receiver in memory. `refuse` says which associations it does not take, by their number from 1. */
function receiver(
  answer: (request: StoreRequest, at: Receiver) => number | Promise<number> = () => 0,
  {
    refuse = () => false,
    window,
    ...accept
  }: Partial<AcceptorOptions> & {
    readonly refuse?: (number: number) => boolean;
    readonly window?: AsynchronousOperations;
  } = {},
): Receiver {
  let underWay = 0;
  const at: Receiver = {
    served: [],
    got: [],
    offered: [],
    most: 0,
    connect: (contexts, signal) => {
      if (refuse(at.offered.length + 1)) {
        at.offered.push(0);
        throw new NetworkError("connection-refused", "Nothing accepts connections there.");
      }
      at.offered.push(contexts.length);
      const [ours, theirs] = memoryPair();
      at.served.push(
        serveAssociation(theirs, {
          services: {
            storage: {
              sopClasses: "any",
              async onStore(bytes, request) {
                at.most = Math.max(at.most, ++underWay);
                await bytesOf(bytes);
                const status = await answer(request, at);
                underWay--;
                if (status === 0) at.got.push(request.affectedSopInstanceUid);
                return status;
              },
              ...accept.services?.storage,
            },
          },
        }),
      );
      return associateOver(ours, {
        callingAeTitle: "SCU",
        calledAeTitle: "SCP",
        contexts,
        ...(window === undefined ? {} : { asynchronousOperations: window }),
        ...(signal === undefined ? {} : { signal }),
      });
    },
  };
  return at;
}

const uids = (sent: readonly StoreInstance[]): string[] => sent.map(({ sopInstanceUid }) => sopInstanceUid);
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("sending instances", () => {
  it("goes over one association, in order, and releases it", async () => {
    const to = receiver();
    const sent = instances(100);
    const outcomes = await collect(sendInstances(to.connect, sent));
    expect(outcomes.every(({ kind }) => kind === "stored")).toBe(true);
    expect(to.got).toEqual(uids(sent));
    expect(to.served).toHaveLength(1);
    expect(await to.served[0]?.closed).toBeUndefined();
  });

  it("goes over several at a time when asked to", async () => {
    const to = receiver(async () => {
      await soon();
      return 0;
    });
    const sent = instances(60);
    await collect(sendInstances(to.connect, sent, { parallel: 4 }));
    expect(to.served).toHaveLength(4);
    expect(to.most).toBe(4);
    expect(to.got.toSorted()).toEqual(uids(sent).toSorted());
    for (const one of to.served) expect(await one.closed).toBeUndefined();
  });

  it("has as many under way on one as its window allows", async () => {
    const to = receiver(
      async () => {
        await soon();
        return 0;
      },
      { window: { invoked: 5, performed: 1 } },
    );
    await collect(sendInstances(to.connect, instances(40)));
    expect(to.served).toHaveLength(1);
    expect(to.most).toBe(5);
  });

  it("goes on with fewer where the receiver has no room for more", async () => {
    const to = receiver(() => 0, { refuse: (number) => number > 2 });
    const outcomes = await collect(sendInstances(to.connect, instances(50), { parallel: 6 }));
    expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(50);
    expect(to.served).toHaveLength(2);
  });

  it("fails as a whole when the receiver cannot be reached at all", async () => {
    const to = receiver(() => 0, { refuse: () => true });
    await expect(collect(sendInstances(to.connect, instances(5), { parallel: 3 }))).rejects.toMatchObject({
      code: "connection-refused",
    });
  });

  it("tells of each that the receiver refuses or warns of, and sends the others", async () => {
    const to = receiver(({ affectedSopInstanceUid: uid }) =>
      uid === "1.2.3.2" ? Status.OutOfResources : uid === "1.2.3.3" ? Status.CoercionOfDataElements : 0,
    );
    const outcomes = await collect(sendInstances(to.connect, instances(4)));
    expect(outcomes.map(({ kind, status }) => [kind, status])).toEqual([
      ["stored", 0],
      ["failed", 0xa700],
      ["warning", 0xb000],
      ["stored", 0],
    ]);
    expect(outcomes[1]?.reason).toContain("A700H");
  });

  it("opens another association after one broke, which costs what was under way on it", async () => {
    const to = receiver(({ affectedSopInstanceUid: uid }, at) => {
      if (uid === "1.2.3.5") at.served.at(-1)?.abort();
      return 0;
    });
    const outcomes = await collect(sendInstances(to.connect, instances(10)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 10 }, (_, at) => (at === 4 ? "failed" : "stored")),
    );
    expect(to.served).toHaveLength(2);
  });

  it("gives a receiver up that breaks off again and again", async () => {
    const to = receiver((_request, at) => {
      at.served.at(-1)?.abort();
      return 0;
    });
    await expect(collect(sendInstances(to.connect, instances(10)))).rejects.toMatchObject({
      code: "association-aborted",
    });
    expect(to.served).toHaveLength(3);
  });

  it("fails one whose bytes break off, and goes on", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error("the disk is broken");
    }
    const to = receiver();
    const sent = instances(4).map((one, at) => (at === 1 ? { ...one, dataSet: broken } : one));
    const outcomes = await collect(sendInstances(to.connect, sent));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["stored", "failed", "stored", "stored"]);
    expect(outcomes[1]?.reason).toBe("the disk is broken");
    expect(to.got).toEqual(["1.2.3.1", "1.2.3.3", "1.2.3.4"]);
  });

  it("re-encodes what is not taken as it is, and names what cannot be", async () => {
    const onlyImplicit = receiver(() => 0, {
      services: {
        storage: { transferSyntaxUids: [ImplicitVRLittleEndian] } as never,
      },
    });
    const sent = [
      ...instances(2, { transferSyntaxUid: JPEG2000Lossless }),
      ...instances(1, { transferSyntaxUid: ImplicitVRLittleEndian }),
    ];
    const asked: string[] = [];
    const outcomes = await collect(
      sendInstances(onlyImplicit.connect, sent, {
        async transcode(instance, syntaxes) {
          asked.push(...syntaxes);
          if (asked.length > 1) throw new Error("not these pixels");
          return { ...instance, transferSyntaxUid: ImplicitVRLittleEndian, dataSet: Uint8Array.of(1, 2) };
        },
      }),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["stored", "failed", "stored"]);
    expect(outcomes[1]).toMatchObject({ status: 0x0122, reason: "not these pixels" });
    expect(new Set(asked)).toEqual(new Set([ImplicitVRLittleEndian]));
    const plain = receiver(() => 0, {
      services: { storage: { transferSyntaxUids: [ExplicitVRLittleEndian] } as never },
    });
    const [refused] = await collect(sendInstances(plain.connect, sent.slice(0, 1)));
    expect(refused).toMatchObject({ kind: "failed", status: 0x0122 });
    expect(refused?.reason).toContain("JPEG 2000");
  });

  it("keeps the association for what needs no other contexts", async () => {
    const to = receiver();
    await collect(sendInstances(to.connect, [...instances(300), ...instances(300)]));
    expect(to.offered).toEqual([1]);
  });

  it("asks a live source for the next only when the one before has gone", async () => {
    const to = receiver();
    const order: string[] = [];
    async function* live(): AsyncGenerator<StoreInstance> {
      for (const one of instances(5)) {
        order.push(`asked ${one.sopInstanceUid}`);
        yield one;
      }
    }
    for await (const { instance } of sendInstances(to.connect, live(), { isLive: true, parallel: 4 }))
      order.push(`sent ${instance.sopInstanceUid}`);
    expect(order).toEqual(instances(5).flatMap(({ sopInstanceUid: uid }) => [`asked ${uid}`, `sent ${uid}`]));
    expect(to.served).toHaveLength(1);
  });

  it("ends in order when told to stop, and at once when aborted", async () => {
    const stop = new AbortController();
    const to = receiver(({ affectedSopInstanceUid: uid }) => {
      if (uid === "1.2.3.3") stop.abort();
      return 0;
    });
    const outcomes = await collect(sendInstances(to.connect, instances(200), { stop: stop.signal }));
    expect(outcomes).toHaveLength(3);
    expect(await to.served[0]?.closed).toBeUndefined();

    const abort = new AbortController();
    const other = receiver(({ affectedSopInstanceUid: uid }) => {
      if (uid === "1.2.3.3") abort.abort(new Error("no more"));
      return 0;
    });
    await expect(
      collect(sendInstances(other.connect, instances(200), { signal: abort.signal })),
    ).rejects.toThrow("no more");
    expect(await other.served[0]?.closed).toMatchObject({ code: "association-aborted" });
  });
});
