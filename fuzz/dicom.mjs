// Mutation fuzzer of the data layer: node fuzz/dicom.mjs [--cases 1000000] [--seed 1] [--threads 2]. Needs a build.
// Every case is a fixture with a few mutations, read, walked, turned into JSON and written again. Deterministic by seed;
// a failing input is kept in artifacts/fuzz with the seed that made it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  DataSet,
  decodeDataSet,
  decodePart10,
  DicomError,
  encodeDataSet,
  encodePart10,
  framesOf,
  readDirectory,
  toDicomJson,
  toNativeXml,
  validate,
} from "@isocenter/dicom";

const root = fileURLToPath(new URL("..", import.meta.url));
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

/** Fixtures without most of their pixels: what is fuzzed is structure. */
function corpus() {
  const folder = join(root, "fixtures");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !/\.(json|txt|tsv|gz|md)$/.test(name))
    .flatMap((name) => {
      try {
        return [shortened(Uint8Array.from(readFileSync(join(folder, name))))];
      } catch {
        return []; // a folder
      }
    })
    .filter((bytes) => bytes.length > 16)
    .map((bytes) => Uint8Array.from(bytes));
}

function shortened(bytes) {
  if (bytes.length < 6000) return bytes;
  try {
    const { dataSet, transferSyntaxUid } = decodePart10(bytes);
    const kept = Array.from(dataSet).filter(
      ({ length, fragments }) => length < 1024 && fragments === undefined,
    );
    const pixels = dataSet.has("PixelData") ? { PixelData: { vr: "OW", value: new Uint8Array(32) } } : {};
    return encodePart10({
      dataSet: DataSet.fromElements(kept).merge(DataSet.of(pixels)),
      transferSyntaxUid,
    }).slice(0, 12_000);
  } catch {
    return bytes.subarray(0, 6000); // malformed as it is
  }
}

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

const extremes = [
  0, 1, 2, 7, 8, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];
const vrs =
  "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split(
    " ",
  );
const tags = [
  0xfffee000, 0xfffee00d, 0xfffee0dd, 0x7fe00010, 0x00080005, 0x00280103, 0x00090010, 0x00020010, 0x00041220,
];

function mutate(bytes, random, all) {
  let out = bytes.slice();
  for (let left = 1 + random(6); left > 0; left--) {
    const at = random(out.length);
    const view = new DataView(out.buffer, out.byteOffset, out.length);
    switch (random(9)) {
      case 0:
        out[at] ^= 1 << random(8);
        break;
      case 1:
        out[at] = random(256);
        break;
      case 2:
        if (at + 4 <= out.length) view.setUint32(at, extremes[random(extremes.length)], true);
        break;
      case 3:
        if (at + 2 <= out.length) view.setUint16(at, extremes[random(extremes.length)] & 0xffff, true);
        break;
      case 4: {
        const vr = vrs[random(vrs.length)];
        out[at] = vr.charCodeAt(0);
        if (at + 1 < out.length) out[at + 1] = vr.charCodeAt(1);
        break;
      }
      case 5: {
        const tag = tags[random(tags.length)];
        if (at + 4 <= out.length) {
          view.setUint16(at, tag >>> 16, true);
          view.setUint16(at + 2, tag & 0xffff, true);
        }
        break;
      }
      case 6:
        out = out.slice(0, Math.max(8, at));
        break;
      case 7: {
        const other = all[random(all.length)];
        const from = random(other.length);
        const piece = other.subarray(from, from + 1 + random(400));
        const joined = new Uint8Array(out.length + piece.length);
        joined.set(out.subarray(0, at));
        joined.set(piece, at);
        joined.set(out.subarray(at), at + piece.length);
        out = joined.length > 20_000 ? out : joined;
        break;
      }
      default: {
        const end = Math.min(out.length, at + 1 + random(64));
        out.copyWithin(random(Math.max(1, out.length - (end - at))), at, end);
      }
    }
  }
  return out;
}

function walk(dataSet, depth = 0) {
  for (const { tag } of dataSet) {
    dataSet.get(tag);
    dataSet.strings(tag);
    dataSet.numbers(tag);
    allowing(() => dataSet.bigints(tag));
    if (depth < 64) for (const item of dataSet.items(tag)) walk(item, depth + 1);
  }
}

/** What must hold for any input. Throws what does not. */
function exercise(bytes) {
  const { dataSet, transferSyntaxUid } = decodePart10(bytes);
  walk(dataSet);
  JSON.stringify(toDicomJson(dataSet));
  if (bytes.length % 4 === 0) toNativeXml(dataSet);
  if (bytes.length % 4 === 1) validate(dataSet);
  if (bytes.length % 4 === 2) allowing(() => framesOf(dataSet, transferSyntaxUid));
  if (bytes.length % 4 === 3) allowing(() => readDirectory(dataSet));
  const written = encodeDataSet(dataSet, "1.2.840.10008.1.2.1", { replacement: "?" });
  const again = decodeDataSet(written, "1.2.840.10008.1.2.1");
  if (again.size > dataSet.size || again.size < dataSet.size - 20)
    throw new Error(`${dataSet.size} elements were written, ${again.size} read back`);
}

function allowing(work) {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
  }
}

function run({ seed, cases }) {
  const all = corpus();
  const failures = [];
  let read = 0;
  for (let index = 0; index < cases && failures.length < 10; index++) {
    const random = randomFrom((seed + index) * 2654435761);
    random(7);
    const bytes = mutate(all[random(all.length)], random, all);
    const start = performance.now();
    try {
      exercise(bytes);
      read++;
    } catch (error) {
      if (!(error instanceof DicomError))
        failures.push({ seed: seed + index, bytes, why: String(error?.stack ?? error) });
    }
    const took = performance.now() - start;
    if (took > 1000) failures.push({ seed: seed + index, bytes, why: `it took ${Math.round(took)} ms` });
  }
  return { cases, read, failures };
}

if (isMainThread) {
  const [cases, seed, threads] = [option("cases", 1_000_000), option("seed", 1), option("threads", 2)];
  const share = Math.ceil(cases / threads);
  const start = performance.now();
  const results = await Promise.all(
    Array.from(
      { length: threads },
      (_, index) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), {
            workerData: { seed: seed + index * share, cases: share },
          });
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  const failures = results.flatMap((one) => one.failures);
  const total = results.reduce((sum, one) => sum + one.cases, 0);
  const read = results.reduce((sum, one) => sum + one.read, 0);
  const folder = join(root, "artifacts/fuzz");
  mkdirSync(folder, { recursive: true });
  for (const { seed: failing, bytes, why } of failures) {
    writeFileSync(join(folder, `${failing}.dcm`), bytes);
    process.stdout.write(`seed ${failing}: ${why}\n`);
  }
  const perSecond = Math.round(total / ((performance.now() - start) / 1000));
  process.stdout.write(`${total} cases, ${read} read, ${failures.length} failures, ${perSecond} cases/s\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} else {
  parentPort.postMessage(run(workerData));
}
