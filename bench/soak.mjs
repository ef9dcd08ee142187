// Many associations, many operations, many disconnects against one server: nothing may leak, and nothing that was
// acknowledged may be lost. Usage: node bench/soak.mjs [--operations 100000] [--associations 200] [--seed 1]. Needs a build.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalArchive } from "@isocenter/archive";
import { DataSet, encodeDataSet } from "@isocenter/dicom";
import { NetworkError, StudyRootFind, StudyRootGet, Verification } from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const operations = option("operations", 100_000);
const associations = option("associations", 200);
const seed = option("seed", 1);

const ct = "1.2.840.10008.5.1.4.1.1.2";
const explicit = "1.2.840.10008.1.2.1";
const uidRoot = "1.2.826.0.1.3680043.9.7433.7";
const contexts = [
  { abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: [explicit] },
  { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [explicit] },
  { abstractSyntaxUid: StudyRootGet.sopClassUid, transferSyntaxUids: [explicit] },
  { abstractSyntaxUid: ct, transferSyntaxUids: [explicit], role: "both" },
];

/** Random, and the same for the same seed. */
function random(start) {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function instance(worker, index, next) {
  const sopInstanceUid = `${uidRoot}.1.${worker + 1}.${index + 1}`;
  const pixels = new Uint8Array(2 * (500 + Math.floor(next() * 4000)));
  for (let at = 0; at < pixels.length; at += 7) pixels[at] = Math.floor(next() * 256);
  const dataSet = encodeDataSet(
    DataSet.of({
      SOPClassUID: ct,
      SOPInstanceUID: sopInstanceUid,
      Modality: "CT",
      PatientID: `SOAK-${worker}`,
      StudyInstanceUID: `${uidRoot}.2.${worker + 1}`,
      SeriesInstanceUID: `${uidRoot}.3.${worker + 1}.${Math.floor(index / 100) + 1}`,
      Rows: 1,
      Columns: pixels.length / 2,
      BitsAllocated: 16,
      BitsStored: 16,
      HighBit: 15,
      SamplesPerPixel: 1,
      PixelRepresentation: 0,
      PhotometricInterpretation: "MONOCHROME2",
      PixelData: pixels,
    }),
    explicit,
  );
  return { sopClassUid: ct, sopInstanceUid, transferSyntaxUid: explicit, dataSet };
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const acknowledged = new Map();
const tally = {};
const count = (what) => {
  tally[what] = (tally[what] ?? 0) + 1;
};
let left = operations;

async function worker(number, port) {
  const next = random(seed * 7919 + number);
  let stored = 0;
  while (left > 0) {
    const stop = new AbortController();
    let association;
    try {
      association = await connectTcp("127.0.0.1", port, {
        callingAeTitle: `SOAK${number}`,
        calledAeTitle: "SOAK",
        contexts,
        signal: stop.signal,
        asynchronousOperations: { invoked: 4, performed: 4 },
      });
      count("associations");
      const many = 1 + Math.floor(next() * 60);
      for (let index = 0; index < many && left > 0; index++) {
        left--;
        // One in fifty is cut off at a random moment of the operation.
        const cut = next() < 0.02 ? setTimeout(() => stop.abort(new Error("cut")), next() * 5) : undefined;
        try {
          await operate(association, number, next, () => stored++);
        } finally {
          clearTimeout(cut);
        }
      }
      await association.release();
    } catch (error) {
      if (stop.signal.aborted) count("cut off");
      else if (error instanceof NetworkError) throw error;
      else throw error;
      association?.abort();
    }
  }
}

async function operate(association, number, next, newIndex) {
  const kind = next();
  if (kind < 0.45) {
    await association.echo();
    count("C-ECHO");
  } else if (kind < 0.75) {
    const several = Array.from({ length: 1 + Math.floor(next() * 3) }, () =>
      instance(number, newIndex(), next),
    );
    await Promise.all(
      several.map(async (one) => {
        await association.store(one);
        acknowledged.set(one.sopInstanceUid, digest(one.dataSet));
        count("C-STORE");
      }),
    );
  } else if (kind < 0.97) {
    const keys = {
      QueryRetrieveLevel: "IMAGE",
      StudyInstanceUID: `${uidRoot}.2.${number + 1}`,
      SeriesInstanceUID: "",
      SOPInstanceUID: "",
    };
    const enough = next() < 0.5 ? 5 : 1000;
    let found = 0;
    for await (const _ of association.find(StudyRootFind, keys)) if (++found >= enough) break;
    count("C-FIND");
  } else {
    const keys = {
      QueryRetrieveLevel: "SERIES",
      StudyInstanceUID: `${uidRoot}.2.${number + 1}`,
      SeriesInstanceUID: `${uidRoot}.3.${number + 1}.1`,
    };
    await association.get(StudyRootGet, keys, {
      async onStore(bytes) {
        for await (const _ of bytes);
        return 0;
      },
    });
    count("C-GET");
  }
}

const folder = mkdtempSync(join(tmpdir(), "isocenter-soak-"));
const child = fork(fileURLToPath(new URL("soak/server.mjs", import.meta.url)), [folder], {
  execArgv: ["--expose-gc"],
});
const answer = () => new Promise((resolve) => child.once("message", resolve));
const ask = (what) => {
  const answered = answer();
  child.send(what);
  return answered;
};
const show = (name, { heapMb, rssMb, sockets, timers, associations: open }) =>
  process.stdout.write(
    `${name}: heap ${heapMb.toFixed(1)} MB, resident ${rssMb.toFixed(0)} MB, ${sockets} sockets, ${timers} timers, ${open} associations\n`,
  );
let failed = false;
const check = (what, holds) => {
  process.stdout.write(`${holds ? "ok" : "FAILED"}: ${what}\n`);
  failed ||= !holds;
};
try {
  const { port } = await answer();
  // Code is compiled and caches fill with the first operations: what they keep is no leak.
  const total = left;
  left = Math.min(total, Math.max(1000, associations * 10));
  const warmUp = left;
  await Promise.all(Array.from({ length: associations }, (_, number) => worker(number, port)));
  const before = await ask("stats");
  show("after the first operations", before);
  left = total - warmUp;
  const start = performance.now();
  await Promise.all(Array.from({ length: associations }, (_, number) => worker(number + associations, port)));
  const seconds = (performance.now() - start) / 1000;
  const after = await ask("stats");
  show("at the end", after);
  process.stdout.write(
    `${operations} operations by ${associations} at a time, ${((total - warmUp) / seconds).toFixed(0)}/s: ${JSON.stringify(tally)}; ended otherwise: ${JSON.stringify(after.ended)}\n`,
  );
  child.send("stop");
  await new Promise((resolve) => child.once("exit", resolve));
  check(
    "no socket, association or timer is left",
    after.sockets === before.sockets && after.associations === 0 && after.timers <= before.timers,
  );
  check("the heap is back where it was, within 25 %", after.heapMb < before.heapMb * 1.25 + 4);
  let lost = 0;
  let changed = 0;
  const archive = await LocalArchive.open(folder);
  const studies = new Set(
    [...acknowledged.keys()].map((uid) => uid.replace(`${uidRoot}.1.`, "").split(".")[0]),
  );
  const held = new Map();
  for (const number of studies) {
    for await (const one of archive.retrieve({ studyInstanceUid: `${uidRoot}.2.${number}` })) {
      const chunks = [];
      for await (const chunk of one.dataSet()) chunks.push(chunk);
      held.set(one.sopInstanceUid, digest(Buffer.concat(chunks)));
    }
  }
  for (const [uid, hash] of acknowledged) {
    if (!held.has(uid)) lost++;
    else if (held.get(uid) !== hash) changed++;
  }
  await archive.close();
  check(
    `${acknowledged.size} acknowledged instances are there, byte for byte (${lost} lost, ${changed} changed)`,
    lost + changed === 0 && acknowledged.size > 0,
  );
} finally {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
