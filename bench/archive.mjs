// The archive beside Orthanc 1.10 with its DICOMweb plugin (SQLite, TCP_NODELAY=1), on the same generated data in the same
// run: medians of interleaved rounds, and the processor time of the server for each. Needs a build, Debian's
// orthanc-dicomweb, dcmtk, wrk and curl.
// Usage: node bench/archive.mjs [--rounds 5] [--seconds 3] [--only PATTERN] [--folder WHERE] [--alone] [--smoke]
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fill, startIsocenter, startOrthanc } from "./archive/servers.mjs";
import { everything, large, many } from "./archive/web-data.mjs";
import { makeData } from "./network/data.mjs";
import { median, timed } from "./network/programs.mjs";

const run = promisify(execFile);
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const isSmoke = process.argv.includes("--smoke");
const rounds = isSmoke ? 1 : Number(option("rounds", 5));
const seconds = isSmoke ? 1 : Number(option("seconds", 3));
const share = isSmoke ? 0.05 : 1;
const only = new RegExp(option("only", ""));
const starts = process.argv.includes("--alone") ? [startIsocenter] : [startIsocenter, startOrthanc];

const stored = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const files = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const json = "application/dicom+json";

const root = await mkdtemp(join(option("folder", tmpdir()), "isocenter-bench-"));
let folders = 0;
const newFolder = (name) => join(root, `${name}-${folders++}`);

/** A sender with Nagle's algorithm would wait for each acknowledgement; what is measured is the server. */
async function storescu({ dicom, aeTitle }, { folder }) {
  const args = ["+sd", "-aec", aeTitle, "127.0.0.1", String(dicom), folder];
  return (await timed("storescu", args, { TCP_NODELAY: "1" })).seconds;
}

async function getscu({ dicom, aeTitle }) {
  const folder = newFolder("got");
  await mkdir(folder);
  const keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", `StudyInstanceUID=${large.study}`];
  const args = ["-S", "-aec", aeTitle, "-od", folder, ...keys, "127.0.0.1", String(dicom)];
  const { seconds: taken } = await timed("getscu", args, { TCP_NODELAY: undefined });
  await rm(folder, { recursive: true });
  return taken;
}

/** Requests each second over 4 connections. */
async function rate({ base }, paths, accept) {
  const script = newFolder("paths.lua");
  const prefix = new URL(base).pathname;
  const list = paths.map((path) => `"${prefix}${path}"`).join(",");
  await writeFile(
    script,
    `local paths = {${list}}\nlocal at = 0\nrequest = function()\n at = at % #paths + 1\n return wrk.format("GET", paths[at], {Accept = '${accept}'})\nend\n`,
  );
  const { stdout } = await run("wrk", ["-t1", "-c4", `-d${seconds}s`, "-s", script, new URL(base).origin]);
  if (/Non-2xx/.test(stdout)) throw new Error(stdout);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}

/** Seconds that curl takes for all of it. */
async function time({ base }, path, accept) {
  const args = ["-s", "-o", "/dev/null", "-w", "%{time_total} %{http_code}"];
  const { stdout } = await run("curl", [...args, "-H", `Accept: ${accept}`, base + path]);
  const [total, code] = stdout.split(" ").map(Number);
  if (code !== 200) throw new Error(`${path} answered ${code}`);
  return total;
}

const frames = Array.from(
  { length: Math.ceil(large.count * share) },
  (_, index) =>
    `/studies/${large.study}/series/${large.series}/instances/${large.series}.${index + 1}/frames/1`,
);
const rows = [
  { name: "C-STORE 1,000 CT", set: "ct", goal: 3 },
  { name: "C-STORE 2,000 small", set: "small", goal: 4 },
  { name: "C-GET of 200 CT, stock getscu", goal: 3, measure: getscu },
  { name: "frame, 4 connections", isRate: true, goal: 4, measure: (server) => rate(server, frames, stored) },
  {
    name: "study of 105 MB",
    goal: 1.5,
    measure: (server) => time(server, `/studies/${large.study}`, files),
  },
  {
    name: "metadata of 100 instances",
    goal: 5,
    measure: (server) => time(server, `/studies/${many.study}/series/${many.series}/metadata`, json),
  },
  {
    name: "search, 100 studies",
    isRate: true,
    goal: 20,
    measure: (server) => rate(server, ["/studies?limit=100"], json),
  },
].filter(({ name }) => only.test(name));

const results = new Map();
async function measured(row, server, work) {
  const before = server.cpu();
  const value = await work();
  const key = `${row.name} ${server.name}`;
  results.set(key, [...(results.get(key) ?? []), { value, cpu: server.cpu() - before }]);
}

/**
 * Each round begins with two empty archives. The old ones stay until the end: for some seconds after many files were
 * deleted, ext4 makes new ones much slower.
 */
async function storeRows() {
  const chosen = rows.filter(({ set }) => set !== undefined);
  if (chosen.length === 0) return;
  const sets = makeData(
    newFolder("data"),
    isSmoke
      ? { ctCount: 10, smallCount: 20, multiFrameCount: 1 }
      : { ctCount: 1000, smallCount: 2000, multiFrameCount: 1 },
  );
  for (const row of chosen) {
    for (let round = 0; round < rounds; round++) {
      for (const start of starts) {
        const server = await start(newFolder("server"));
        try {
          await measured(row, server, () => storescu(server, sets[row.set]));
        } finally {
          await server.stop();
        }
      }
    }
  }
}

async function readRows() {
  const chosen = rows.filter(({ measure }) => measure !== undefined);
  if (chosen.length === 0) return;
  const servers = [];
  try {
    for (const start of starts) servers.push(await start(newFolder("server")));
    for (const server of servers) await fill(server, everything(share));
    for (const row of chosen) {
      for (const server of servers) await row.measure(server); // warm
      for (let round = 0; round < rounds; round++)
        for (const server of servers) await measured(row, server, () => row.measure(server));
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

try {
  await storeRows();
  await readRows();
} finally {
  await rm(root, { recursive: true, force: true });
}
console.log(`medians of ${rounds} rounds; in brackets the server's processor time\n`);
console.log("| work | Isocenter | Orthanc | times faster | wanted |\n| --- | --- | --- | --- | --- |");
for (const { name, isRate = false, goal } of rows) {
  const of = (server, key) =>
    median((results.get(`${name} ${server}`) ?? [{}]).map((one) => one[key] ?? NaN));
  const [ours, theirs] = [of("Isocenter", "value"), of("Orthanc", "value")];
  const shown = (server, value) =>
    isRate ? `${value.toFixed(0)} req/s` : `${value.toFixed(3)} s (${of(server, "cpu").toFixed(2)})`;
  const ratio = isRate ? ours / theirs : theirs / ours;
  console.log(
    `| ${name} | ${shown("Isocenter", ours)} | ${shown("Orthanc", theirs)} | ${ratio.toFixed(1)} | ${goal} |`,
  );
}
