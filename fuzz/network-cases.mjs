// What fuzz/network.mjs plays its conversations to: an acceptor with its services, or a requestor at work, over a transport
// in memory and with a clock of their own. The cases throw what must not be.
import { DataSet, DicomError } from "@isocenter/dicom";
import { associateOver, NetworkError, serveAssociation, StudyRootFind } from "@isocenter/network";
import { joined } from "./conversations.mjs";

class Clock {
  #now = 0;
  timers = new Set();

  now() {
    return this.#now;
  }

  setTimeout(callback, ms) {
    const timer = { at: this.#now + ms, callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(timer) {
    this.timers.delete(timer);
  }

  advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      let due;
      for (const timer of this.timers) if (timer.at <= end && !(due?.at <= timer.at)) due = timer;
      if (due === undefined) break;
      this.timers.delete(due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = end;
  }
}

class Peer {
  handlers;
  isClosed = false;
  isPaused = false;
  sent = [];
  #waiting = [];
  #random;

  constructor(random) {
    this.#random = random;
    this.transport = {
      start: (handlers) => {
        this.handlers = handlers;
      },
      write: (chunks) => {
        this.sent.push(...chunks);
        if (this.#random(8) !== 0) return true;
        queueMicrotask(() => this.isClosed || this.handlers.onDrain());
        return false;
      },
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
        queueMicrotask(() => this.#deliver());
      },
      close: () => queueMicrotask(() => this.close()),
      destroy: () => this.close(),
    };
  }

  say(chunk) {
    this.#waiting.push(chunk);
    this.#deliver();
  }

  close(error) {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handlers.onClose(error);
  }

  #deliver() {
    while (!this.isPaused && !this.isClosed && this.#waiting.length > 0)
      this.handlers.onData(this.#waiting.shift());
  }
}

const services = (random) => ({
  verification: true,
  storage: {
    sopClasses: "any",
    async onStore(bytes) {
      if (random(16) === 0) throw new Error("no room");
      for await (const chunk of bytes) if (chunk.length === 0) throw new Error("an empty chunk");
      return 0;
    },
  },
  query: {
    models: [StudyRootFind],
    async *onFind(keys, { signal }) {
      for (let index = 0; index < 3 && !signal.aborted; index++)
        yield DataSet.of({ PatientID: String(index), StudyDescription: keys.string("PatientID") ?? "" });
    },
  },
});

/** Plays to an acceptor. @returns how the association ended */
export async function exerciseAcceptor(chunks, random) {
  const { peer, clock, states, onEvent } = surroundings(random);
  const served = serveAssociation(peer.transport, {
    aeTitle: "ISO",
    services: services(random),
    clock,
    ...(random(4) === 0 ? { authorize: () => Promise.resolve(random(8) !== 0) } : {}),
    onEvent,
  });
  const outcome = watched(served.closed);
  await play(peer, chunks, random, 0);
  const isStalled = await end(peer, clock, outcome, random, () => served.abort());
  if (outcome.error !== undefined) throw outcome.error;
  const error = outcome.value;
  if (error !== undefined && !(error instanceof NetworkError)) throw error;
  check(peer, clock, states, [2, 3, 7]);
  return isStalled ? "stalled" : (error?.code ?? "released");
}

/** Plays the answers to a requestor that echoes, queries, stores and releases. @returns how that ended */
export async function exerciseRequestor(chunks, random) {
  const { peer, clock, states, onEvent } = surroundings(random);
  const controller = new AbortController();
  const { signal } = controller;
  const work = async () => {
    const contexts = [
      { abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] },
      { abstractSyntaxUid: ctImage, transferSyntaxUids: ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"] },
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2.1"] },
    ];
    const titles = { callingAeTitle: "FUZZ", calledAeTitle: "PEER" };
    const association = await associateOver(peer.transport, { ...titles, contexts, clock, signal, onEvent });
    try {
      await association.echo();
      for await (const match of association.find(StudyRootFind, { PatientID: "" }))
        if (match.string("PatientID") === "stop") break;
      const instance = { sopClassUid: ctImage, sopInstanceUid: "1.2.3" };
      await association.store({
        ...instance,
        transferSyntaxUid: "1.2.840.10008.1.2.1",
        dataSet: new Uint8Array(50),
      });
      await association.release();
    } finally {
      await association[Symbol.asyncDispose]();
      await association.closed;
    }
  };
  const outcome = watched(work());
  // A peer answers when it was asked: the requestor gets its turn between two PDUs.
  await play(peer, chunks, random, 60);
  const isStalled = await end(peer, clock, outcome, random, () => controller.abort(stopped));
  const { error } = outcome;
  const isTyped = error instanceof NetworkError || error instanceof DicomError || error === stopped;
  if (error !== undefined && !isTyped) throw error;
  check(peer, clock, states, [1]);
  return isStalled ? "stalled" : (error?.code ?? "released");
}

const stopped = Object.assign(new Error("stopped"), { code: "stopped by its signal" });
const ctImage = "1.2.840.10008.5.1.4.1.1.2";
const secondsOfPatience = 3600;
const abortReasons = new Set([0, 1, 2, 4, 5, 6]);

function surroundings(random) {
  const states = ["Sta1"];
  const onEvent = (event) => {
    if (event.kind === "transition") states.push(event.to);
  };
  return { peer: new Peer(random), clock: new Clock(), states, onEvent };
}

/** What becomes of a promise, to be looked at from outside. */
function watched(promise) {
  const outcome = { isOver: false, value: undefined, error: undefined };
  promise.then(
    (value) => Object.assign(outcome, { isOver: true, value }),
    (error) => Object.assign(outcome, { isOver: true, error: error ?? new Error("rejected with nothing") }),
  );
  return outcome;
}

async function play(peer, chunks, random, pause) {
  const largest = 1 + random(random(2) === 0 ? 8 : 2000);
  for (const bytes of chunks) {
    await turns(pause);
    for (let at = 0; at < bytes.length && !peer.isClosed; ) {
      const count = 1 + random(largest);
      peer.say(bytes.slice(at, at + count));
      at += count;
      if (random(4) === 0) await turns(random(12));
    }
  }
  await turns(random(60));
}

/** The peer closes or breaks, the user gives up, or nothing more happens at all. @returns true where time ended nothing */
async function end(peer, clock, outcome, random, giveUp) {
  const ending = random(4);
  if (ending === 0) peer.close();
  else if (ending === 1) peer.close(new Error("ECONNRESET"));
  else if (ending === 2) giveUp();
  let isStalled = false;
  if (ending >= 2) {
    await turns(100);
    for (let left = 3; left > 0 && !peer.isClosed; left--) {
      clock.advance((secondsOfPatience / 3) * 1000);
      await turns(100);
    }
    isStalled = !peer.isClosed;
    peer.close();
  }
  for (let left = 2000; left > 0 && !outcome.isOver; left--) await Promise.resolve();
  if (!outcome.isOver) throw new Error("it never ended");
  await turns(50); // whatever still runs must not touch what is over
  return isStalled;
}

function check(peer, clock, states, first) {
  if (!peer.isClosed) throw new Error("the connection was left open");
  if (clock.timers.size > 0) throw new Error(`${clock.timers.size} timers were left running`);
  if (states.at(-1) !== "Sta1") throw new Error(`it ended in ${states.join(" ")}`);
  checkSent(joined(...peer.sent), first);
}

/** PDUs in an order that is possible: the association first, nothing after A-ABORT but A-ABORT. */
function checkSent(sent, first) {
  const view = new DataView(sent.buffer);
  let last = 0;
  for (let at = 0; at < sent.length; ) {
    const type = sent[at];
    const length = at + 6 <= sent.length ? view.getUint32(at + 2) : -1;
    if (length < 4 || at + 6 + length > sent.length) throw new Error("half a PDU was sent");
    const isPossible =
      last === 0 ? first.includes(type) : last === 7 ? type === 7 : [4, 5, 6, 7].includes(type);
    if (!isPossible) throw new Error(`PDU ${type} was sent after ${last}`);
    if (type === 7 && !abortReasons.has(sent[at + 9])) throw new Error(`A-ABORT with reason ${sent[at + 9]}`);
    last = type;
    at += 6 + length;
  }
}

async function turns(count) {
  for (let left = count; left > 0; left--) await Promise.resolve();
}
