// DICOMweb beside Orthanc with its plugin (SQLite, TCP_NODELAY=1), on the same generated data and the same machine.
// Needs Debian's orthanc-dicomweb, wrk and curl: node bench/dicomweb.mjs [--runs 5] [--seconds 3]
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DataSet, encodePart10 } from "@isocenter/dicom";

const run = promisify(execFile);
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const runs = option("runs", 5);
const seconds = option("seconds", 3);
const bin = fileURLToPath(new URL("../packages/cli/bin/isocenter.mjs", import.meta.url));
const plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
const stored = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const files = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/** One slice of CT with the noise of one. */
function slice(study, series, number, size) {
  const pixels = new Uint16Array(size * size);
  let seed = number * 7919 + size;
  for (let at = 0; at < pixels.length; at++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    pixels[at] = 1000 + (seed >>> 24) + ((at / size) & 0xff);
  }
  const dataSet = DataSet.of({
    SpecificCharacterSet: "ISO_IR 100",
    ImageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    SOPInstanceUID: `${series}.${number}`,
    StudyDate: "20260301",
    SeriesDate: "20260301",
    AcquisitionDate: "20260301",
    ContentDate: "20260301",
    StudyTime: "101500",
    SeriesTime: "101600",
    ContentTime: "101700",
    AccessionNumber: `A${study.split(".").at(-1)}`,
    Modality: "CT",
    Manufacturer: "Isocenter",
    InstitutionName: "Bench Hospital",
    ReferringPhysicianName: "Berg^Ingrid",
    StudyDescription: "CT CHEST",
    SeriesDescription: "AXIAL 1.0",
    PatientName: `Bench^Number${study.split(".").at(-1)}`,
    PatientID: `P${study.split(".").at(-1)}`,
    PatientBirthDate: "19700101",
    PatientSex: "F",
    BodyPartExamined: "CHEST",
    SliceThickness: "1.0",
    KVP: "120",
    SpacingBetweenSlices: "1.0",
    StudyInstanceUID: study,
    SeriesInstanceUID: series,
    StudyID: "1",
    SeriesNumber: 1,
    InstanceNumber: number,
    ImagePositionPatient: ["-250", "-250", String(number)],
    ImageOrientationPatient: ["1", "0", "0", "0", "1", "0"],
    FrameOfReferenceUID: `${study}.9`,
    SliceLocation: String(number),
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows: size,
    Columns: size,
    PixelSpacing: ["0.9765625", "0.9765625"],
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 0,
    WindowCenter: "40",
    WindowWidth: "400",
    RescaleIntercept: "-1024",
    RescaleSlope: "1",
    PixelData: { vr: "OW", value: new Uint8Array(pixels.buffer) },
  });
  return encodePart10({ dataSet, transferSyntaxUid: "1.2.840.10008.1.2.1" });
}

const root = "1.2.826.0.1.3680043.10.9999";
const large = { study: `${root}.1`, series: `${root}.1.1`, count: 200, size: 512 };
const many = { study: `${root}.2`, series: `${root}.2.1`, count: 100, size: 64 };

function* everything() {
  for (const { study, series, count, size } of [large, many]) {
    for (let number = 1; number <= count; number++) yield slice(study, series, number, size);
  }
  for (let study = 3; study <= 100; study++) yield slice(`${root}.${study}`, `${root}.${study}.1`, 1, 64);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function until(what, test) {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await test().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not start`);
}

async function startOrthanc(folder) {
  const [http, dicom] = [await freePort(), await freePort()];
  await mkdir(folder, { recursive: true });
  const config = join(folder, "orthanc.json");
  await writeFile(
    config,
    JSON.stringify({
      StorageDirectory: join(folder, "storage"),
      IndexDirectory: join(folder, "index"),
      HttpPort: http,
      DicomPort: dicom,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      Plugins: [plugin],
      DicomWeb: { Enable: true, Root: "/dicom-web/", EnableWado: false },
    }),
  );
  const child = spawn("Orthanc", [config], { env: { ...process.env, TCP_NODELAY: "1" }, stdio: "ignore" });
  const url = `http://127.0.0.1:${http}`;
  await until("Orthanc", async () => (await fetch(`${url}/system`)).ok);
  return { name: "Orthanc", child, base: `${url}/dicom-web` };
}

async function startIsocenter(folder) {
  const [http, dicom] = [await freePort(), await freePort()];
  const args = ["serve", "--data", folder, "--http", `127.0.0.1:${http}`, "--dicom", `127.0.0.1:${dicom}`];
  const child = spawn(process.execPath, [bin, ...args], { stdio: "ignore" });
  const url = `http://127.0.0.1:${http}`;
  await until("isocenter", async () => (await fetch(`${url}/healthz`)).ok);
  return { name: "Isocenter", child, base: `${url}/dicom-web` };
}

async function fill({ base }) {
  const boundary = "bench";
  let batch = [];
  const send = async () => {
    if (batch.length === 0) return;
    const parts = batch.flatMap((file) => [
      Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
      file,
      Buffer.from("\r\n"),
    ]);
    const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
    const response = await fetch(`${base}/studies`, {
      method: "POST",
      headers: {
        "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
        accept: "application/dicom+json",
      },
      body,
    });
    if (!response.ok) throw new Error(`storing answered ${response.status}`);
    await response.arrayBuffer();
    batch = [];
  };
  for (const file of everything()) {
    batch.push(file);
    if (batch.length === 20) await send();
  }
  await send();
}

/** Requests each second over 4 connections. */
async function rate(folder, base, paths, accept) {
  const script = join(folder, "paths.lua");
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
async function time(base, path, accept) {
  const args = ["-s", "-o", "/dev/null", "-w", "%{time_total} %{size_download} %{http_code}"];
  const { stdout } = await run("curl", [...args, "-H", `Accept: ${accept}`, base + path]);
  const [total, bytes, code] = stdout.split(" ").map(Number);
  if (code !== 200) throw new Error(`${path} answered ${code}`);
  return { total, bytes };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const frames = Array.from(
  { length: large.count },
  (_, index) =>
    `/studies/${large.study}/series/${large.series}/instances/${large.series}.${index + 1}/frames/1`,
);
const jobs = [
  {
    name: "frame, 4 connections",
    unit: "req/s",
    isRate: true,
    goal: 4,
    measure: (folder, base) => rate(folder, base, frames, stored),
  },
  {
    name: "study of 105 MB",
    unit: "s",
    goal: 1.5,
    measure: async (_, base) => (await time(base, `/studies/${large.study}`, files)).total,
  },
  {
    name: "metadata of 100 instances",
    unit: "s",
    goal: 5,
    measure: async (_, base) =>
      (await time(base, `/studies/${many.study}/series/${many.series}/metadata`, "application/dicom+json"))
        .total,
  },
  {
    name: "search, 100 studies",
    unit: "req/s",
    isRate: true,
    goal: 20,
    measure: (folder, base) => rate(folder, base, ["/studies?limit=100"], "application/dicom+json"),
  },
];

const folder = await mkdtemp(join(tmpdir(), "isocenter-bench-"));
const servers = [];
try {
  servers.push(await startIsocenter(join(folder, "isocenter")));
  if (!process.argv.includes("--alone")) servers.push(await startOrthanc(join(folder, "orthanc")));
  for (const server of servers) await fill(server);
  const results = new Map();
  for (const job of jobs) {
    for (const { base } of servers) await job.measure(folder, base); // warm
    for (let round = 0; round < runs; round++) {
      for (const { name, base } of servers) {
        const key = `${job.name} ${name}`;
        results.set(key, [...(results.get(key) ?? []), await job.measure(folder, base)]);
      }
    }
  }
  console.log(`medians of ${runs} runs\n`);
  console.log("| work | Isocenter | Orthanc | times faster | wanted |\n| --- | --- | --- | --- | --- |");
  for (const { name, unit, isRate = false, goal } of jobs) {
    const ours = median(results.get(`${name} Isocenter`));
    const theirs = median(results.get(`${name} Orthanc`) ?? [Number.NaN]);
    const ratio = isRate ? ours / theirs : theirs / ours;
    const shown = (value) => (isRate ? value.toFixed(0) : value.toFixed(4));
    console.log(
      `| ${name} | ${shown(ours)} ${unit} | ${shown(theirs)} ${unit} | ${ratio.toFixed(1)} | ${goal} |`,
    );
  }
} finally {
  for (const { child } of servers) {
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill();
    await gone;
  }
  await rm(folder, { recursive: true, force: true });
}
