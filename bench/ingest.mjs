/**
 * How fast the archive takes instances in, durable and indexed, without the network: latency of one caller after the
 * other, and throughput of several at once.
 *
 * node bench/ingest.mjs [--folder /where/the/disk/is] [--database postgres://…] [--objects s3://…]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LocalArchive } from "@isocenter/archive";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";

const { values } = parseArgs({
  options: {
    folder: { type: "string" },
    database: { type: "string" },
    objects: { type: "string" },
    callers: { type: "string" },
    what: { type: "string" },
  },
});
const chunkBytes = 128 * 1024;
const syntax = TransferSyntax.ExplicitVRLittleEndian;

/** An image with the attributes that a CT has, or as many in a small one. */
function instance(number, { rows, columns, series }) {
  const uid = `1.2.826.0.1.3680043.9.7.${series}.${number}`;
  const dataSet = DataSet.of({
    SpecificCharacterSet: "ISO_IR 100",
    ImageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    SOPInstanceUID: uid,
    StudyDate: "20240131",
    SeriesDate: "20240131",
    ContentDate: "20240131",
    StudyTime: "101010",
    ContentTime: "101011.5",
    AccessionNumber: "ACC1",
    Modality: "CT",
    Manufacturer: "BENCH",
    InstitutionName: "Bench hospital",
    ReferringPhysicianName: "Ref^Physician",
    StudyDescription: "Chest with contrast",
    SeriesDescription: "Thorax 1.0 B70f",
    PatientName: "Bench^Patient",
    PatientID: `P${series}`,
    PatientBirthDate: "19700101",
    PatientSex: "F",
    SliceThickness: 1,
    KVP: 120,
    ProtocolName: "Thorax",
    ReconstructionDiameter: 350,
    XRayTubeCurrent: 200,
    StudyInstanceUID: `1.2.826.0.1.3680043.9.7.${series}`,
    SeriesInstanceUID: `1.2.826.0.1.3680043.9.7.${series}.0`,
    StudyID: "1",
    SeriesNumber: 1,
    InstanceNumber: number,
    ImagePositionPatient: [-175, -175, number],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    FrameOfReferenceUID: "1.2.826.0.1.3680043.9.7.9",
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows: rows,
    Columns: columns,
    PixelSpacing: [0.68, 0.68],
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    WindowCenter: 40,
    WindowWidth: 400,
    RescaleIntercept: -1024,
    RescaleSlope: 1,
    PixelData: new Uint8Array(rows * columns * 2).fill(number & 0xff),
  });
  const bytes = encodeDataSet(dataSet, syntax);
  return {
    sopClassUid: "1.2.840.10008.5.1.4.1.1.2",
    sopInstanceUid: uid,
    transferSyntaxUid: syntax,
    sourceAeTitle: "BENCH",
    async *dataSet() {
      for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    },
  };
}

async function run(name, count, size, callers) {
  const folder = await mkdtemp(join(values.folder ?? tmpdir(), "isocenter-bench-"));
  const { database, objects } = values;
  const archive = await LocalArchive.open({
    folder,
    ...(database && { database }),
    ...(objects && { objects }),
  });
  const series = `${Date.now()}${callers}`;
  const instances = Array.from({ length: count }, (_, index) => instance(index + 1, { ...size, series }));
  const latencies = [];
  let next = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < instances.length) {
        const one = instances[next++];
        const begin = performance.now();
        const { kind, reason } = await archive.storeOne(one);
        if (kind !== "stored") throw new Error(`${kind}: ${reason}`);
        latencies.push(performance.now() - begin);
      }
    }),
  );
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const closing = performance.now();
  await archive.close();
  const closed = performance.now() - closing;
  await rm(folder, { recursive: true });
  latencies.sort((a, b) => a - b);
  const at = (share) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))].toFixed(2);
  console.log(
    `${name}, ${callers} at once: ${(elapsed / 1000).toFixed(2)} s, ${(elapsed / count).toFixed(2)} ms each; ` +
      `processor ${((user + system) / 1000 / count).toFixed(2)} ms; latency p50 ${at(0.5)} p99 ${at(0.99)} ms; settling at the end ${closed.toFixed(0)} ms`,
  );
}

const callersList = (values.callers ?? "1,2,4,8").split(",").map(Number);
if (values.what !== "small")
  for (const callers of callersList)
    await run("1,000 CT 512×512×16", 1000, { rows: 512, columns: 512 }, callers);
if (values.what !== "ct")
  for (const callers of callersList) await run("2,000 of 12 kB", 2000, { rows: 76, columns: 76 }, callers);
