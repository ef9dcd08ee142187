/**
 * The association's timers, over a pair in memory whose time passes when it is told to: PS3.8 9.1.5 (ARTIM), and those that
 * the standard leaves to the implementation. The connect timer is where the connecting is.
 */
import { DataSet } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { type AcceptorOptions, serveAssociation } from "./acceptor.ts";
import { type AssociateOptions, associateOver } from "./association.ts";
import { memoryPair } from "./memory/index.ts";
import { encodePdu } from "./pdu/encode.ts";
import { PduReader } from "./pdu/reader.ts";
import type { Pdu } from "./pdu/types.ts";
import { StudyRootFind, Verification } from "./services/models.ts";
import { FakeClock } from "./test/fake-clock.ts";
import type { Timeouts } from "./timers.ts";
import type { Transport } from "./transport.ts";

const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const syntax = "1.2.840.10008.1.2.1";
const contexts = [Verification.sopClassUid, StudyRootFind.sopClassUid, ctImage].map((abstractSyntaxUid) => ({
  abstractSyntaxUid,
  transferSyntaxUids: [syntax],
}));
const timeouts: Timeouts = { associationMs: 15_000, dimseMs: 60_000, idleMs: 300_000, artimMs: 30_000 };
const instance = { sopClassUid: ctImage, sopInstanceUid: "1.2.3", transferSyntaxUid: syntax };

interface Ends {
  readonly requestor: FakeClock;
  readonly acceptor: FakeClock;
  readonly opened: ReturnType<typeof associateOver>;
  readonly served: ReturnType<typeof serveAssociation>;
}

/** Both ends, each with a clock of its own. */
function ends(accept: Partial<AcceptorOptions> = {}, request: Partial<AssociateOptions> = {}): Ends {
  const [ours, theirs] = memoryPair();
  const [requestor, acceptor] = [new FakeClock(), new FakeClock()];
  const served = serveAssociation(theirs, {
    aeTitle: "SCP",
    services: { verification: true },
    timeouts,
    clock: acceptor,
    ...accept,
  });
  const opened = associateOver(ours, {
    callingAeTitle: "SCU",
    calledAeTitle: "SCP",
    contexts,
    timeouts,
    clock: requestor,
    ...request,
  });
  opened.catch(() => undefined);
  return { requestor, acceptor, opened, served };
}

/** An end that reads PDUs and says what it is told to; it closes only when it is told to. */
function silentEnd(transport: Transport) {
  const received: string[] = [];
  const wanted = new Map<string, () => void>();
  const reader = new PduReader(
    {
      onPData: () => undefined,
      onFragment: () => undefined,
      onPdu: ({ kind }) => {
        received.push(kind);
        wanted.get(kind)?.();
      },
    },
    0,
  );
  const closed = new Promise<void>((resolve) => {
    transport.start({
      onData: (bytes) => reader.push(bytes),
      onDrain: () => undefined,
      onClose: () => resolve(),
    });
  });
  return {
    closed,
    send: (pdu: Pdu) => void transport.write([encodePdu(pdu)]),
    /** Resolves when a PDU of the kind has come. */
    got: (kind: Pdu["kind"]): Promise<void> =>
      received.includes(kind) ? Promise.resolve() : new Promise((resolve) => wanted.set(kind, resolve)),
  };
}

const request: Pdu = {
  kind: "A-ASSOCIATE-RQ",
  protocolVersion: 1,
  callingAeTitle: "SCU",
  calledAeTitle: "SCP",
  applicationContextName: "1.2.840.10008.3.1.1.1",
  contexts: contexts.map((context, index) => ({ ...context, id: 2 * index + 1 })),
  userInformation: { maximumPduLength: 16_384, implementationClassUid: "2.25.7" },
};

function signal(): { promise: Promise<void>; settle: () => void } {
  let settle: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle: () => settle() };
}

describe("the association timer", () => {
  it("ends a request that is not answered, with an A-ABORT", async () => {
    const asked = signal();
    const { requestor, opened, served } = ends({
      authorize: () => {
        asked.settle();
        return new Promise(() => undefined);
      },
    });
    await asked.promise;
    requestor.advance(14_999);
    expect(requestor.running.length).toBe(1);
    requestor.advance(1);
    await expect(opened).rejects.toMatchObject({
      code: "association-timeout",
      timer: "association",
      ms: 15_000,
    });
    expect(await served.closed).toMatchObject({ code: "association-aborted" });
  });

  it("ends a release that is not answered", async () => {
    const [ours, theirs] = memoryPair();
    const clock = new FakeClock();
    const peer = silentEnd(theirs);
    const opening = associateOver(ours, {
      callingAeTitle: "SCU",
      calledAeTitle: "SCP",
      contexts,
      timeouts,
      clock,
    });
    await peer.got("A-ASSOCIATE-RQ");
    peer.send({
      ...request,
      kind: "A-ASSOCIATE-AC",
      contexts: [{ id: 1, result: "acceptance", transferSyntaxUid: syntax }],
    } as Pdu);
    const association = await opening;
    const released = association.release();
    await peer.got("A-RELEASE-RQ");
    clock.advance(15_000);
    await released;
    await peer.got("A-ABORT");
    await expect(association.echo()).rejects.toMatchObject({ code: "association-timeout" });
  });

  it("does not run when 0", async () => {
    const asked = signal();
    const { requestor, opened, acceptor, served } = ends(
      {
        authorize: () => {
          asked.settle();
          return new Promise(() => undefined);
        },
      },
      { timeouts: { ...timeouts, associationMs: 0 } },
    );
    await asked.promise;
    expect([requestor.running.length, acceptor.running.length]).toEqual([0, 0]);
    served.abort();
    await expect(opened).rejects.toMatchObject({ code: "association-aborted" });
  });
});

describe("the DIMSE-response timer", () => {
  it("ends an operation that is not answered", async () => {
    const asked = signal();
    const { requestor, opened, served } = ends({
      services: {
        storage: {
          sopClasses: "any",
          onStore: () => {
            asked.settle();
            return new Promise(() => undefined);
          },
        },
      },
    });
    const association = await opened;
    const store = association.store({ ...instance, dataSet: new Uint8Array(100) });
    await asked.promise;
    requestor.advance(59_999);
    expect(requestor.running.length).toBe(1);
    requestor.advance(1);
    await expect(store).rejects.toMatchObject({ code: "dimse-timeout", timer: "dimse", ms: 60_000 });
    expect(await served.closed).toMatchObject({ code: "association-aborted" });
  });

  it("ends with a peer that stops in the middle of a data set", async () => {
    const begun = signal();
    const { acceptor, opened, served } = ends({
      services: {
        storage: {
          sopClasses: "any",
          async onStore(bytes) {
            for await (const _ of bytes) begun.settle();
            return 0;
          },
        },
      },
    });
    const association = await opened;
    const half = (async function* () {
      yield new Uint8Array(300_000);
      await new Promise(() => undefined);
    })();
    const store = association.store({ ...instance, dataSet: half });
    store.catch(() => undefined);
    await begun.promise;
    acceptor.advance(120_000);
    expect(await served.closed).toMatchObject({ code: "dimse-timeout", timer: "dimse" });
  });

  it("does not run while it is this side that is slow", async () => {
    const [begun, finish] = [signal(), signal()];
    const { requestor, acceptor, opened } = ends({
      services: {
        storage: {
          sopClasses: "any",
          async onStore(bytes) {
            for await (const _ of bytes) {
              begun.settle();
              await finish.promise;
            }
            return 0;
          },
        },
      },
    });
    const association = await opened;
    const store = association.store({ ...instance, dataSet: new Uint8Array(8_000_000) });
    await begun.promise;
    // More than it waits for the peer: the data is held up here.
    await new Promise((resolve) => setTimeout(resolve, 20));
    acceptor.advance(300_000);
    finish.settle();
    expect((await store).status.code).toBe(0);
    expect(requestor.running.length).toBeLessThanOrEqual(2);
    await association.release();
  });

  it("begins anew with everything that comes", async () => {
    const steps = [signal(), signal(), signal()];
    const { requestor, opened } = ends({
      services: {
        query: {
          models: [StudyRootFind],
          async *onFind() {
            for (const [index, step] of steps.entries()) {
              yield DataSet.of({ PatientID: String(index) });
              await step.promise;
            }
          },
        },
      },
    });
    const association = await opened;
    let found = 0;
    for await (const _match of association.find(StudyRootFind, { PatientID: "" })) {
      requestor.advance(50_000); // three times 50 s: more than 60 s in all, less between two
      steps[found++]?.settle();
    }
    expect(found).toBe(3);
    await association.release();
  });

  it("runs while the peer takes no data", async () => {
    const asked = signal();
    const { requestor, opened, served } = ends({
      services: {
        storage: {
          sopClasses: "any",
          onStore: () => {
            asked.settle();
            return new Promise(() => undefined); // nor reads
          },
        },
      },
    });
    const association = await opened;
    const store = association.store({ ...instance, dataSet: new Uint8Array(16 << 20) });
    store.catch(() => undefined);
    await asked.promise;
    requestor.advance(120_000);
    await expect(store).rejects.toMatchObject({ code: "dimse-timeout" });
    served.abort(); // it does not read: it cannot know yet
  });

  it("does not run when 0, nor between operations", async () => {
    const { requestor, opened, acceptor, served } = ends({}, { timeouts: { ...timeouts, dimseMs: 0 } });
    const association = await opened;
    await association.echo();
    expect(requestor.running.length).toBe(0);
    await association.release();
    await served.closed;
    expect(acceptor.running.length).toBe(0);
  });
});

describe("the idle timer", () => {
  it("ends an association over which nothing happens", async () => {
    const { acceptor, opened, served } = ends();
    const association = await opened;
    acceptor.advance(299_999);
    expect((await association.echo()).status.code).toBe(0); // at 299.999 s
    acceptor.advance(299_999);
    expect((await association.echo()).status.code).toBe(0); // the echo began it anew
    acceptor.advance(300_000);
    expect(await served.closed).toMatchObject({ code: "idle-timeout", timer: "idle", ms: 300_000 });
    await association.closed;
    await expect(association.echo()).rejects.toMatchObject({ code: "association-aborted" });
  });

  it("does not end one that is being served", async () => {
    const [asked, done] = [signal(), signal()];
    const { acceptor, opened, served } = ends({
      services: {
        storage: {
          sopClasses: "any",
          async onStore() {
            asked.settle();
            await done.promise;
            return 0;
          },
        },
      },
    });
    const association = await opened;
    const store = association.store({ ...instance, dataSet: new Uint8Array(100) });
    await asked.promise;
    acceptor.advance(1_000_000);
    done.settle();
    expect((await store).status.code).toBe(0);
    await association.release();
    expect(await served.closed).toBeUndefined();
  });

  it("does not run when 0", async () => {
    const { acceptor, opened } = ends({ timeouts: { ...timeouts, idleMs: 0, dimseMs: 0 } });
    const association = await opened;
    await association.echo();
    expect(acceptor.running.length).toBe(0);
    await association.release();
  });
});

describe("ARTIM", () => {
  it("ends a connection that asks for nothing (Sta2, Evt18)", async () => {
    const [ours, theirs] = memoryPair();
    const clock = new FakeClock();
    const peer = silentEnd(ours);
    const served = serveAssociation(theirs, { aeTitle: "SCP", services: {}, timeouts, clock });
    clock.advance(29_999);
    expect(clock.running.length).toBe(1);
    clock.advance(1);
    expect(await served.closed).toMatchObject({ code: "artim-timeout", timer: "artim", ms: 30_000 });
    await peer.closed;
    expect(clock.running.length).toBe(0);
  });

  it("does not count on the program's answer (Sta3)", async () => {
    const [ours, theirs] = memoryPair();
    const clock = new FakeClock();
    const peer = silentEnd(ours);
    const [asked, allowed] = [signal(), signal()];
    const served = serveAssociation(theirs, {
      aeTitle: "SCP",
      services: { verification: true },
      timeouts,
      clock,
      authorize: async () => {
        asked.settle();
        await allowed.promise;
        return true;
      },
    });
    peer.send(request);
    await asked.promise;
    clock.advance(1_000_000);
    allowed.settle();
    await peer.got("A-ASSOCIATE-AC");
    served.abort();
  });

  it.each([
    ["a rejection", { aeTitle: "OTHER" }, "A-ASSOCIATE-RJ"],
    ["an abort", { aeTitle: "SCP" }, "A-ASSOCIATE-AC"],
  ] as const)("closes after %s what the peer does not close (Sta13)", async (_what, accept, answer) => {
    const [ours, theirs] = memoryPair();
    const clock = new FakeClock();
    const peer = silentEnd(ours);
    const served = serveAssociation(theirs, { ...accept, services: {}, timeouts, clock });
    peer.send(request);
    await peer.got(answer);
    if (answer === "A-ASSOCIATE-AC") {
      served.abort();
      await peer.got("A-ABORT");
    }
    let isClosed = false;
    void peer.closed.then(() => {
      isClosed = true;
    });
    clock.advance(29_999);
    await Promise.resolve();
    expect(isClosed).toBe(false);
    clock.advance(1);
    await peer.closed;
    expect(clock.running.length).toBe(0);
  });

  it("closes after a confirmed release what the peer does not close (Sta13)", async () => {
    const [ours, theirs] = memoryPair();
    const clock = new FakeClock();
    const peer = silentEnd(ours);
    const served = serveAssociation(theirs, { aeTitle: "SCP", services: {}, timeouts, clock });
    peer.send(request);
    await peer.got("A-ASSOCIATE-AC");
    peer.send({ kind: "A-RELEASE-RQ" });
    await peer.got("A-RELEASE-RP");
    clock.advance(30_000);
    await peer.closed;
    await served.closed;
    expect(clock.running.length).toBe(0);
  });
});

it("nothing is left of any timer after a release", async () => {
  const { requestor, acceptor, opened, served } = ends();
  const association = await opened;
  await association.echo();
  await association.release();
  await association.closed;
  expect(await served.closed).toBeUndefined();
  expect([requestor.running.length, acceptor.running.length]).toEqual([0, 0]);
});
