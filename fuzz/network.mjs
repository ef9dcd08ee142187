// Mutation fuzzer of the network: node fuzz/network.mjs [--cases 1000000] [--seed 1] [--threads 2]. Needs a build.
// Every case is a conversation of a requestor (association, echo, store, find, cancel, release, abort) with a few mutations
// of its PDUs, fragments, command sets or bytes, cut into chunks and played to an acceptor in memory, with a clock of its
// own. Deterministic by seed; a failing conversation is kept in artifacts/fuzz with the seed that made it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { DataSet } from "@isocenter/dicom";
import { NetworkError, serveAssociation, StudyRootFind } from "@isocenter/network";
import { conversations, joined, ofCommand, pdu, uint32 } from "./conversations.mjs";

// Mutations

/** xorshift32: quick, and the same everywhere. */
function randomFrom(seed) {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const extremes = [0, 1, 2, 5, 6, 7, 0x7f, 0xff, 0x100, 0x4000, 0xffff, 0x10000, 0x7fffffff, 0xffffffff];

/** Bits, bytes, lengths of either endianness, pieces gone, doubled or moved. */
function mutateBytes(bytes, random) {
  if (bytes.length === 0) return Uint8Array.of(random(256));
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  const at = random(out.length);
  const extreme = extremes[random(extremes.length)];
  switch (random(8)) {
    case 0:
      out[at] ^= 1 << random(8);
      return out;
    case 1:
      out[at] = random(256);
      return out;
    case 2:
      if (at + 4 <= out.length) view.setUint32(at, extreme, random(2) === 0);
      return out;
    case 3:
      if (at + 2 <= out.length) view.setUint16(at, extreme & 0xffff, random(2) === 0);
      return out;
    case 4:
      return out.subarray(0, at);
    case 5:
      return joined(out.subarray(0, at), out.subarray(Math.min(out.length, at + 1 + random(20))));
    case 6:
      return joined(out.subarray(0, at), out.subarray(at, at + 1 + random(30)), out.subarray(at));
    default:
      out.copyWithin(random(out.length), at, at + 1 + random(30));
      return out;
  }
}

function mutateFragments(pdus, random) {
  const data = pdus.filter((one) => one.fragments !== undefined && one.fragments.length > 0);
  if (data.length === 0) return;
  const { fragments: list } = data[random(data.length)];
  const index = random(list.length);
  const one = list[index];
  switch (random(8)) {
    case 0:
      list[index] = { ...one, context: random(8) };
      return;
    case 1:
      list[index] = { ...one, control: random(random(4) === 0 ? 256 : 4) };
      return;
    case 2: {
      const at = random(one.bytes.length + 1);
      const first = { ...one, control: one.control & ofCommand, bytes: one.bytes.subarray(0, at) };
      list.splice(index, 1, first, { ...one, bytes: one.bytes.subarray(at) });
      return;
    }
    case 3:
      list.splice(index, 1);
      return;
    case 4:
      list.splice(index, 0, { ...one });
      return;
    case 5:
      list.splice(index, 0, { ...one, bytes: new Uint8Array(0) });
      return;
    default:
      list[index] = { ...one, bytes: mutateBytes(one.bytes, random) };
  }
}

function mutatePdus(pdus, random) {
  const index = random(pdus.length);
  const other = conversations[random(conversations.length)];
  switch (random(5)) {
    case 0:
      pdus.splice(index, 1);
      return;
    case 1:
      pdus.splice(index, 0, copyOf(pdus[random(pdus.length)]));
      return;
    case 2:
      pdus.splice(index, 0, copyOf(other[random(other.length)]));
      return;
    case 3:
      pdus.splice(index, 0, ...pdus.splice(random(pdus.length), 1));
      return;
    default: {
      // Inside the PDU, whose length stays true.
      const one = pdus[index];
      if (one.bytes === undefined) return;
      pdus[index] = { bytes: pdu(one.bytes[0], mutateBytes(one.bytes.subarray(6), random)) };
    }
  }
}

const copyOf = (one) => (one.bytes === undefined ? { fragments: [...one.fragments] } : one);

function encoded({ bytes, fragments: list }) {
  if (bytes !== undefined) return bytes;
  return pdu(
    4,
    ...list.map((one) => joined(uint32(one.bytes.length + 2), [one.context, one.control], one.bytes)),
  );
}

function mutated(random) {
  const pdus = conversations[random(conversations.length)].map(copyOf);
  for (let left = random(4); left > 0 && pdus.length > 0; left--) {
    if (random(3) === 0) mutatePdus(pdus, random);
    else mutateFragments(pdus, random);
  }
  let bytes = joined(...pdus.map(encoded));
  for (let left = random(4) === 0 ? 1 + random(2) : 0; left > 0; left--) bytes = mutateBytes(bytes, random);
  return bytes;
}

// The acceptor's surroundings

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

const secondsOfPatience = 3600;
const abortReasons = new Set([0, 1, 2, 4, 5, 6]);

/** What must hold for any conversation. Throws what does not. */
async function exercise(bytes, random) {
  const peer = new Peer(random);
  const clock = new Clock();
  const states = ["Sta1"];
  const served = serveAssociation(peer.transport, {
    aeTitle: "ISO",
    services: services(random),
    clock,
    ...(random(4) === 0 ? { authorize: () => Promise.resolve(random(8) !== 0) } : {}),
    onEvent: (event) => {
      if (event.kind === "transition") states.push(event.to);
    },
  });
  let isOver = false;
  let outcome;
  served.closed.then(
    (error) => {
      isOver = true;
      outcome = error;
    },
    (error) => {
      isOver = true;
      outcome = new Error("closed was rejected", { cause: error });
    },
  );
  const largest = 1 + random(random(2) === 0 ? 8 : 2000);
  for (let at = 0; at < bytes.length && !peer.isClosed; ) {
    const count = 1 + random(largest);
    peer.say(bytes.slice(at, at + count));
    at += count;
    if (random(4) === 0) await turns(random(12));
  }
  await turns(random(60));
  const ending = random(4);
  let stalled = false;
  if (ending === 0) peer.close();
  else if (ending === 1) peer.close(new Error("ECONNRESET"));
  else if (ending === 2) served.abort();
  for (let left = 100; left > 0 && !isOver; left--) await Promise.resolve();
  if (ending >= 2 && !peer.isClosed) {
    // The peer says nothing more: time has to end it.
    await turns(100);
    for (let left = 3; left > 0 && !peer.isClosed; left--) {
      clock.advance((secondsOfPatience / 3) * 1000);
      await turns(100);
    }
    stalled = !peer.isClosed;
    peer.close();
  }
  for (let left = 2000; left > 0 && !isOver; left--) await Promise.resolve();
  if (!isOver) throw new Error("the association never ended");
  await turns(50); // whatever still runs must not touch what is over
  if (outcome !== undefined && !(outcome instanceof NetworkError)) throw outcome;
  if (!peer.isClosed) throw new Error("the connection was left open");
  if (clock.timers.size > 0) throw new Error(`${clock.timers.size} timers were left running`);
  if (states.at(-1) !== "Sta1") throw new Error(`it ended in ${states.join(" ")}`);
  checkAnswers(joined(...peer.sent));
  return stalled ? "stalled" : (outcome?.code ?? "released");
}

/** PDUs in an order that is possible: an answer to the association first, nothing after A-ABORT but A-ABORT. */
function checkAnswers(sent) {
  const view = new DataView(sent.buffer);
  let last = 0;
  for (let at = 0; at < sent.length; ) {
    const type = sent[at];
    const length = at + 6 <= sent.length ? view.getUint32(at + 2) : -1;
    if (length < 4 || at + 6 + length > sent.length) throw new Error("half a PDU was sent");
    const isPossible =
      last === 0 ? [2, 3, 7].includes(type) : last === 7 ? type === 7 : [4, 5, 6, 7].includes(type);
    if (!isPossible) throw new Error(`PDU ${type} was sent after ${last}`);
    if (type === 7 && !abortReasons.has(sent[at + 9])) throw new Error(`A-ABORT with reason ${sent[at + 9]}`);
    last = type;
    at += 6 + length;
  }
}

async function turns(count) {
  for (let left = count; left > 0; left--) await Promise.resolve();
}

/** Runs cases one after another. @returns how they ended, by error code, and what failed */
export async function runCases({ seed, cases, milliseconds = Number.POSITIVE_INFINITY }) {
  const failures = [];
  const tally = {};
  let current = 0;
  const onUnhandled = (reason) => {
    failures.push({
      seed: seed + current,
      bytes: new Uint8Array(0),
      why: `unhandled: ${String(reason?.stack ?? reason)}`,
    });
  };
  process.on("unhandledRejection", onUnhandled);
  const begin = performance.now();
  let done = 0;
  for (; current < cases && failures.length < 10; current++) {
    const random = randomFrom((seed + current) * 2654435761);
    random(7);
    const bytes = mutated(random);
    const start = performance.now();
    try {
      const end = await exercise(bytes, random);
      tally[end] = (tally[end] ?? 0) + 1;
    } catch (error) {
      failures.push({ seed: seed + current, bytes, why: String(error?.stack ?? error) });
    }
    const took = performance.now() - start;
    if (took > 1000) failures.push({ seed: seed + current, bytes, why: `it took ${Math.round(took)} ms` });
    done++;
    // Rejections that nobody handled are told between two tasks, not between two microtasks.
    if (done % 256 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (performance.now() - begin > milliseconds) break;
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", onUnhandled);
  return { cases: done, tally, failures, heapBytes: process.memoryUsage().heapUsed };
}

async function main() {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  const root = fileURLToPath(new URL("..", import.meta.url));
  const [cases, seed, threads] = [option("cases", 1_000_000), option("seed", 1), option("threads", 2)];
  const share = Math.ceil(cases / threads);
  const start = performance.now();
  const results = await Promise.all(
    Array.from(
      { length: threads },
      (_, index) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), {
            workerData: { fuzz: "network", seed: seed + index * share, cases: share },
            // Nothing is kept from case to case: a leak ends the run.
            resourceLimits: { maxOldGenerationSizeMb: 128 },
          });
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  const failures = results.flatMap((one) => one.failures);
  const total = results.reduce((sum, one) => sum + one.cases, 0);
  const folder = join(root, "artifacts/fuzz");
  mkdirSync(folder, { recursive: true });
  for (const { seed: failing, bytes, why } of failures) {
    writeFileSync(join(folder, `network-${failing}.bin`), bytes);
    process.stdout.write(`seed ${failing}: ${why}\n`);
  }
  const tally = {};
  for (const one of results)
    for (const [end, count] of Object.entries(one.tally)) tally[end] = (tally[end] ?? 0) + count;
  for (const [end, count] of Object.entries(tally).sort((a, b) => b[1] - a[1]))
    process.stdout.write(`${String(count).padStart(10)}  ${end}\n`);
  const heap = Math.round(Math.max(...results.map((one) => one.heapBytes)) / 1e6);
  const perSecond = Math.round(total / ((performance.now() - start) / 1000));
  process.stdout.write(
    `${total} cases, ${failures.length} failures, ${perSecond} cases/s, ${heap} MB of heap at the end\n`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

Error.stackTraceLimit = 5; // errors are what most cases end with

if (!isMainThread && workerData?.fuzz === "network") parentPort.postMessage(await runCases(workerData));
else if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
