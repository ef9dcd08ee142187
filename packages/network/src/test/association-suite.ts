/**
 * What an association must do over every transport, in every runtime: one source, run over the pair in memory, web
 * streams, WebSockets, TCP and TLS by the unit tests, and in workerd and Chromium by the conformance tests.
 *
 * Scenarios know the requestor's side only; {@link suiteAcceptor} is the other end, which may be in another process. What
 * it saw is asked of it by C-FIND, so that nothing here waits for a time to pass.
 */
import { TransferSyntax } from "@isocenter/dicom";
import type { AssociateOptions, Association } from "../association.ts";
import { StudyRootFind, Verification } from "../services/models.ts";
import { checksumOf, peculiar, type Report, Title } from "./association-suite-acceptor.ts";

export interface SuiteTransport {
  /** Opens a connection of its own and associates. */
  connect(options: AssociateOptions): Promise<Association>;
  /** Bytes that may be under way to an acceptor which does not read: our queues and the system's. */
  readonly inFlight: number;
}

type Scenario = (transport: SuiteTransport) => Promise<void>;

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian } = TransferSyntax;
const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const contexts = [
  { abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: [ImplicitVRLittleEndian] },
  { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] },
  { abstractSyntaxUid: ctImage, transferSyntaxUids: [ExplicitVRLittleEndian] },
];

export const associationSuite: Readonly<Record<string, Scenario>> = {
  async "answers echo and is released in order"(transport) {
    const { association, title } = await open(transport);
    equal((await association.echo()).status.code, 0, "status");
    await association.release();
    equal((await reportOf(transport, title)).ended, "released", "the acceptor's end");
  },

  async "stores objects of any size through PDUs of any size"(transport) {
    for (const [pdu, sizes] of [
      [8, [1, 2, 3, 500]],
      [137, [1, 65_537]],
      [16_384, [16_378, 16_379, 300_001]],
      [131_072, [5_000_000]],
      [0, [5_000_001]],
    ] as const) {
      const { association, title } = await open(transport, `${Title.Pdu}${pdu}`);
      const sent: Report["stores"][number][] = [];
      for (const size of sizes) {
        const dataSet = pattern(size);
        sent.push({ bytes: size, checksum: checksumOf([dataSet]) });
        await association.store(instance(dataSet));
      }
      await association.release();
      equal((await reportOf(transport, title)).stores, sent, `stores with PDUs of ${pdu} bytes`);
    }
  },

  async "stores what comes in pieces"(transport) {
    const whole = pattern(700_001);
    const { association, title } = await open(transport);
    await association.store(
      instance(
        (async function* () {
          for (let at = 0, step = 1; at < whole.length; at += step, step = (step * 3) % 100_003)
            yield whole.subarray(at, at + step);
        })(),
      ),
    );
    await association.release();
    const { stores } = await reportOf(transport, title);
    equal(stores, [{ bytes: whole.length, checksum: checksumOf([whole]) }], "stored");
  },

  async "gives many matches, each once and in order"(transport) {
    const { association } = await open(transport);
    let next = 0;
    for await (const match of association.find(StudyRootFind, { PatientID: "MANY-2000" }))
      equal(match.string("StudyID"), String(next++), "match");
    equal(next, 2000, "matches");
    await association.release();
  },

  async "cancels a query that is left, and can be used on"(transport) {
    const { association, title } = await open(transport);
    let found = 0;
    for await (const _match of association.find(StudyRootFind, { PatientID: "ENDLESS" }))
      if (++found === 5) break;
    equal((await association.echo()).status.code, 0, "status afterwards");
    await association.release();
    const { cancelled, ended } = await reportOf(transport, title);
    equal({ cancelled, ended }, { cancelled: true, ended: "released" }, "what the acceptor saw");
  },

  async "an abort in the middle of a store reaches the acceptor"(transport) {
    const { association, title } = await open(transport);
    const store = association.store(
      instance(
        (async function* () {
          yield pattern(100_000);
          association.abort();
          yield pattern(100_000);
        })(),
      ),
    );
    await rejects(store, { code: "association-ended" });
    await association.closed;
    const { ended, stores } = await reportOf(transport, title);
    equal({ ended, stores }, { ended: "association-aborted", stores: [] }, "what the acceptor saw");
  },

  async "an abort in the middle of a query reaches the acceptor"(transport) {
    const { association, title } = await open(transport);
    const find = async (): Promise<void> => {
      let found = 0;
      for await (const _match of association.find(StudyRootFind, { PatientID: "ENDLESS" }))
        if (++found === 5) association.abort();
    };
    await rejects(find(), { code: "association-ended" });
    equal((await reportOf(transport, title)).ended, "association-aborted", "the acceptor's end");
  },

  async "the acceptor's abort in the middle of a query is an error, never a short result"(transport) {
    const { association } = await open(transport);
    await rejects(countOf(association, "ABORT-3"), { code: "association-aborted" });
    await association.closed;
  },

  async "the acceptor's abort in the middle of a store is an error"(transport) {
    const { association } = await open(transport);
    const store = association.store(instance(pattern(2_000_000), peculiar.aborting));
    // What was still on its way when the peer closed may break the connection before its A-ABORT is read.
    await rejects(store, { code: ["association-aborted", "connection-failed", "connection-closed"] });
    await association.closed;
  },

  async "a release that meets the peer's own is answered, and both are over"(transport) {
    const { association, title } = await open(transport, Title.Collides);
    await association.release();
    await association.closed;
    equal((await reportOf(transport, title)).ended, "RQ RP", "what the acceptor was sent");
  },

  async "a release by the peer is answered"(transport) {
    const { association, title } = await open(transport, Title.Leaves);
    await association.closed;
    equal((await reportOf(transport, title)).ended, "RP", "what the acceptor was sent");
  },

  async "a wrong called AE title is rejected by name"(transport) {
    await rejects(open(transport, "NOBODY"), {
      code: "association-rejected",
      reason: "called-AE-title-not-recognized",
    });
  },

  async "a wrong calling AE title is rejected by name"(transport) {
    await rejects(transport.connect(optionsFor("STRANGER", Title.Suite)), {
      code: "association-rejected",
      reason: "calling-AE-title-not-recognized",
    });
  },

  async "a peer that closes without a release is an error of what is under way"(transport) {
    const { association } = await open(transport, Title.Closes);
    await rejects(countOf(association, "MANY-1"), { code: "connection-closed" });
    await association.closed;
  },

  async "a peer that goes away at the request is an error of the association"(transport) {
    await rejects(open(transport, Title.Gone), {
      code: ["connection-closed", "connection-failed", "tls-failed"],
    });
  },

  async "an acceptor that does not read stops the sender"(transport) {
    const { association, title } = await open(transport);
    const total = 2 * transport.inFlight;
    const piece = pattern(1 << 16);
    let produced = 0;
    const store = association.store(
      instance(
        (async function* () {
          for (; produced < total; produced += piece.length) yield piece;
        })(),
        peculiar.waiting,
      ),
    );
    await standsStill(() => produced);
    equal(produced < total, true, "the sender was stopped");
    equal(produced <= transport.inFlight, true, `${produced} bytes under way, of ${transport.inFlight}`);
    const other = await open(transport);
    await countOf(other.association, `GO-${title}`);
    await other.association.release();
    await store;
    await association.release();
    equal((await reportOf(transport, title)).stores[0]?.bytes, total, "bytes that came in the end");
  },

  async "a requestor that takes no matches stops the acceptor"(transport) {
    const { association, title } = await open(transport);
    const other = (await open(transport)).association;
    // 10 kB each; a requestor keeps 1000 before it holds the acceptor up.
    const allowed = 1500 + Math.ceil(transport.inFlight / 10_000);
    const total = 2 * allowed;
    const matches = association.find(StudyRootFind, { PatientID: `LARGE-${total}` });
    await matches.next();
    let given = 0;
    for (let same = 0; same < 20 && given < total; ) {
      const last = given;
      for await (const match of other.find(StudyRootFind, { PatientID: `GIVEN-${title}` }))
        given = Number(match.string("StudyID"));
      same = given === last ? same + 1 : 0;
    }
    equal(given < allowed, true, `${given} matches under way, of ${allowed}`);
    let taken = 1;
    for await (const _match of matches) taken++;
    equal(taken, total, "matches that came in the end");
    await association.release();
    await other.release();
  },

  async "many associations at once keep apart"(transport) {
    await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const { association, title } = await open(transport);
        const dataSet = pattern(50_000 + index);
        await association.store(instance(dataSet));
        equal(await countOf(association, `MANY-${100 + index}`), 100 + index, "matches");
        await association.release();
        const { stores } = await reportOf(transport, title);
        equal(stores, [{ bytes: dataSet.length, checksum: checksumOf([dataSet]) }], "stored");
      }),
    );
  },

  async "a signal ends it before it begins"(transport) {
    const { signal, reason } = stopped();
    await rejects(open(transport, Title.Suite, { signal }), reason);
  },

  async "a signal ends it while the request is not answered"(transport) {
    const { signal, reason, stop } = stopping();
    const title = newTitle();
    const opening = transport.connect({ ...optionsFor(title, Title.Hangs), signal });
    await asked(transport, title);
    stop();
    await rejects(opening, reason);
  },

  async "a signal ends an echo that is not answered"(transport) {
    const { association, title } = await open(transport, Title.Mute);
    const { signal, reason, stop } = stopping();
    const echo = association.echo({ signal });
    await asked(transport, title);
    stop();
    await rejects(echo, reason);
    await association.closed;
  },

  async "a signal ends a query"(transport) {
    const { association } = await open(transport);
    const { signal, reason, stop } = stopping();
    const find = async (): Promise<void> => {
      let found = 0;
      for await (const _match of association.find(StudyRootFind, { PatientID: "ENDLESS" }, { signal }))
        if (++found === 3) stop();
    };
    await rejects(find(), reason);
    await association.closed;
  },

  async "a signal ends a store"(transport) {
    const { association, title } = await open(transport);
    const { signal, reason, stop } = stopping();
    const store = association.store(
      instance(
        (async function* () {
          yield pattern(100_000);
          stop();
          yield pattern(100_000);
        })(),
      ),
      { signal },
    );
    await rejects(store, reason);
    await association.closed;
    equal((await reportOf(transport, title)).ended, "association-aborted", "the acceptor's end");
  },
};

let titles = 0;

/** With a calling AE title of its own, by which the acceptor keeps what it sees. */
async function open(
  transport: SuiteTransport,
  called: string = Title.Suite,
  more: Partial<AssociateOptions> = {},
): Promise<{ association: Association; title: string }> {
  const title = newTitle();
  return { association: await transport.connect({ ...optionsFor(title, called), ...more }), title };
}

/** Several runs may share an acceptor. */
const newTitle = (): string => `T${run}${titles++}`;
const run = Math.random().toString(36).slice(2, 10).toUpperCase();

const optionsFor = (callingAeTitle: string, calledAeTitle: string): AssociateOptions => ({
  callingAeTitle,
  calledAeTitle,
  contexts,
});

const instance = (dataSet: Uint8Array | AsyncIterable<Uint8Array>, sopInstanceUid = "1.2.3") => ({
  sopClassUid: ctImage,
  sopInstanceUid,
  transferSyntaxUid: ExplicitVRLittleEndian,
  dataSet,
});

async function countOf(association: Association, patientId: string): Promise<number> {
  let count = 0;
  for await (const _match of association.find(StudyRootFind, { PatientID: patientId })) count++;
  return count;
}

/** What the acceptor saw of an association, once that is over. */
async function reportOf(transport: SuiteTransport, title: string): Promise<Report> {
  const { association } = await open(transport);
  let text = "";
  for await (const match of association.find(StudyRootFind, { PatientID: `REPORT-${title}` }))
    text = match.string("PatientComments") ?? "";
  await association.release();
  return JSON.parse(text) as Report;
}

/** Waits, over another association, until the acceptor has a request of this one. */
async function asked(transport: SuiteTransport, title: string): Promise<void> {
  const { association } = await open(transport);
  await countOf(association, `ASKED-${title}`);
  await association.release();
}

/** Bytes that repeat at no power of two, so that one that is lost or doubled shows. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7919) >> 3);
}

function stopping() {
  const controller = new AbortController();
  const reason = new Error("stopped by the test");
  return { signal: controller.signal, reason, stop: () => controller.abort(reason) };
}

function stopped() {
  const { stop, ...rest } = stopping();
  stop();
  return rest;
}

/** The absence of progress can only be seen by looking for a while; a sender that is not stopped never stands still. */
async function standsStill(progress: () => number): Promise<void> {
  for (let last = -1, looks = 0; looks < 40; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    looks = progress() === last ? looks + 1 : 0;
    last = progress();
  }
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what}: ${got}, expected ${wanted}`);
}

/** @param expected fields of the error, a list where several will do; or the error itself */
async function rejects(
  promise: Promise<unknown>,
  expected: Error | Readonly<Record<string, string | readonly string[]>>,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  if (error === undefined) throw new Error(`succeeded, expected ${JSON.stringify(expected)}`);
  if (expected instanceof Error) {
    if (error !== expected) throw new Error(`another error: ${error.message}`, { cause: error });
    return;
  }
  for (const [field, wanted] of Object.entries(expected)) {
    const actual = String((error as unknown as Record<string, unknown>)[field]);
    if (![wanted].flat().includes(actual)) {
      throw new Error(`${field}: ${actual}, expected ${String(wanted)} (${error.message})`, { cause: error });
    }
  }
}
