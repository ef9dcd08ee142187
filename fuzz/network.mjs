// Mutation fuzzer of the network: node fuzz/network.mjs [--cases 1000000] [--seed 1] [--threads 2]. Needs a build.
// Every case is one side of a conversation (association, echo, store, find, cancel, release, abort) with a few mutations
// of its PDUs, fragments, command sets or bytes, cut into chunks and played in memory to an acceptor, or to a requestor at
// work. Deterministic by seed; a failing conversation is kept in artifacts/fuzz with the seed that made it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { answers, joined, ofCommand, pdu, requests, uint32 } from "./conversations.mjs";
import { exerciseAcceptor, exerciseRequestor } from "./network-cases.mjs";

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

function mutatePdus(pdus, conversations, random) {
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

/** @returns PDUs as bytes; mutated bytes may be more or less than one */
function mutated(conversations, random) {
  const pdus = conversations[random(conversations.length)].map(copyOf);
  for (let left = random(4); left > 0 && pdus.length > 0; left--) {
    if (random(3) === 0) mutatePdus(pdus, conversations, random);
    else mutateFragments(pdus, random);
  }
  const bytes = pdus.map(encoded);
  for (let left = random(4) === 0 ? 1 + random(2) : 0; left > 0 && bytes.length > 0; left--) {
    const index = random(bytes.length);
    bytes[index] = mutateBytes(bytes[index], random);
  }
  return bytes;
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
    const isRequestor = random(3) === 0;
    const pdus = mutated(isRequestor ? answers : requests, random);
    const bytes = joined(...pdus);
    const start = performance.now();
    try {
      const end = await (isRequestor ? exerciseRequestor(pdus, random) : exerciseAcceptor([bytes], random));
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
