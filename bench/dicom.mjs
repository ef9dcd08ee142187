// The data layer beside dicom-parser, dcmjs, pydicom and dcmdump on the same files, in one run: medians of interleaved
// rounds. Usage: node bench/dicom.mjs [--files 2000] [--rounds 5] [--smoke]. Needs a build.
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  ftruncateSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import dcmjs from "dcmjs";
import dicomParser from "dicom-parser";
import {
  DataSet,
  decodePart10,
  encodePart10,
  readPart10,
  TransferSyntax,
  toDicomJson,
} from "@isocenter/dicom";

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const isSmoke = process.argv.includes("--smoke");
const fileCount = isSmoke ? 20 : option("files", 2000);
const rounds = isSmoke ? 1 : option("rounds", 5);
dcmjs.log?.setLevel?.("silent");

/** About 130 elements and 12 kB, as a CT slice with few pixels: sequences, private elements, long texts. */
function ctLike(index) {
  const code = (value) => ({
    CodeValue: value,
    CodingSchemeDesignator: "DCM",
    CodeMeaning: `Meaning of ${value}`,
  });
  const init = {
    SpecificCharacterSet: "ISO_IR 100",
    ImageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    SOPInstanceUID: `1.2.3.4.${index}`,
    StudyInstanceUID: "1.2.3.1",
    SeriesInstanceUID: "1.2.3.2",
    FrameOfReferenceUID: "1.2.3.3",
    StudyDate: "20240131",
    SeriesDate: "20240131",
    AcquisitionDate: "20240131",
    ContentDate: "20240131",
    StudyTime: "101112",
    SeriesTime: "101113",
    AcquisitionTime: "101114.123",
    ContentTime: "101115",
    AccessionNumber: "A1",
    Modality: "CT",
    Manufacturer: "Maker",
    InstitutionName: "Hospital",
    ReferringPhysicianName: "Doe^Jane",
    StudyDescription: "CT Abdomen",
    SeriesDescription: "Axial 1.0",
    ManufacturerModelName: "Scanner 64",
    PatientName: `Patient^Number ${index}`,
    PatientID: `P${index}`,
    PatientBirthDate: "19700101",
    PatientSex: "F",
    PatientAge: "054Y",
    PatientWeight: "70.5",
    SliceThickness: "1.0",
    KVP: "120",
    SpacingBetweenSlices: "1.0",
    GantryDetectorTilt: "0",
    ExposureTime: "500",
    XRayTubeCurrent: "200",
    ConvolutionKernel: "B30f",
    PatientPosition: "HFS",
    StudyID: "1",
    SeriesNumber: "2",
    AcquisitionNumber: "3",
    InstanceNumber: index,
    ImagePositionPatient: ["-125.0", "-130.5", String(index)],
    ImageOrientationPatient: ["1", "0", "0", "0", "1", "0"],
    SliceLocation: index,
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows: 64,
    Columns: 64,
    PixelSpacing: ["0.5", "0.5"],
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    WindowCenter: ["40", "400"],
    WindowWidth: ["400", "1500"],
    RescaleIntercept: "-1024",
    RescaleSlope: "1",
    ReferencedImageSequence: [1, 2, 3].map((n) => ({
      ReferencedSOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
      ReferencedSOPInstanceUID: `1.2.3.5.${n}`,
    })),
    RequestAttributesSequence: [
      {
        ScheduledProcedureStepID: "S1",
        RequestedProcedureID: "R1",
        ScheduledProtocolCodeSequence: [code("1"), code("2")],
      },
    ],
    ProcedureCodeSequence: [code("77477000")],
    AnatomicRegionSequence: [code("818981001")],
    PixelData: { vr: "OW", value: new Uint8Array(8192).fill(index) },
  };
  let dataSet = DataSet.of(init);
  for (let element = 1; element <= 50; element++)
    dataSet = dataSet.withPrivate("MAKER 1.0", 0x0019, element, "LO", `private value ${element}`);
  return encodePart10({ dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian });
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = [];

/** @param contestants name → function that does the work once; the first is ours */
async function compare(what, unit, amount, contestants) {
  const times = new Map(Object.keys(contestants).map((name) => [name, []]));
  for (const run of Object.values(contestants)) await run(); // warm up
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const start = performance.now();
      await run();
      times.get(name).push((performance.now() - start) / 1000);
    }
  }
  const [ours, ...others] = [...times].map(([name, list]) => ({ name, seconds: median(list) }));
  rows.push([what, ours.name, `${Math.round(amount / ours.seconds)} ${unit}`, ""]);
  for (const { name, seconds } of others) {
    rows.push([
      what,
      name,
      `${Math.round(amount / seconds)} ${unit}`,
      `ours is ${(seconds / ours.seconds).toFixed(1)}×`,
    ]);
  }
}

const folder = mkdtempSync(join(tmpdir(), "isocenter-bench-"));
try {
  for (let index = 0; index < fileCount; index++) writeFileSync(join(folder, `${index}.dcm`), ctLike(index));
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const files = paths.map((path) => readFileSync(path));

  if (isSmoke) {
    for (const bytes of files) {
      const { meta, dataSet } = decodePart10(bytes);
      const ours = [...meta, ...dataSet].map(({ tag }) => `x${tag.toString(16).padStart(8, "0")}`);
      const theirs = dicomParser.parseDicom(bytes);
      if (ours.join() !== Object.keys(theirs.elements).toSorted().join())
        throw new Error("The parsers do not agree on the elements.");
      if (dataSet.string("PatientID") !== theirs.string("x00100020"))
        throw new Error("The parsers do not agree on a value.");
    }
  }

  await compare("full element index", "files/s", files.length, {
    isocenter: () => {
      for (const bytes of files) decodePart10(bytes);
    },
    "dicom-parser": () => {
      for (const bytes of files) dicomParser.parseDicom(bytes);
    },
  });
  await compare("decoded JSON model", "files/s", files.length, {
    isocenter: () => {
      for (const bytes of files) toDicomJson(decodePart10(bytes).dataSet, { bulkThreshold: 1024 });
    },
    "dcmjs (naturalized)": () => {
      for (const bytes of files) {
        const { dict } = dcmjs.data.DicomMessage.readFile(
          bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
        );
        dcmjs.data.DicomMetaDictionary.naturalizeDataset(dict);
      }
    },
  });

  // A multi-frame image of 500 MB: a header and a hole.
  const big = join(folder, "big.dcm");
  const head = ctLike(1);
  const at = head.length - 8192;
  const length = 500_000_000;
  Buffer.from(head.buffer, head.byteOffset).writeUInt32LE(length, at - 4);
  const handle = openSync(big, "w");
  writeSync(handle, head, 0, at);
  ftruncateSync(handle, at + length);
  closeSync(handle);
  const times = [];
  let read = 0;
  for (let round = 0; round < rounds + 1; round++) {
    const file = await open(big);
    read = 0;
    const start = performance.now();
    const { dataSet } = await readPart10(
      {
        size: at + length,
        async read(offset, count) {
          const buffer = Buffer.allocUnsafe(count);
          const { bytesRead } = await file.read(buffer, 0, count, offset);
          read += bytesRead;
          return buffer.subarray(0, bytesRead);
        },
      },
      { bulkThreshold: 65_536 },
    );
    times.push(performance.now() - start);
    await file.close();
    if (dataSet.element("PixelData")?.bulk?.length !== length)
      throw new Error("The pixels are not where they should be.");
  }
  rows.push([
    "header of a 500 MB image",
    "isocenter",
    `${median(times).toFixed(1)} ms`,
    `${read} bytes read`,
  ]);
  rmSync(big);

  const python = "/usr/bin/python3";
  const script =
    "import sys,time,glob,pydicom\nfs=glob.glob(sys.argv[1]+'/*.dcm')\nt=time.time()\nfor f in fs:\n  d=pydicom.dcmread(f)\n  for e in d: e.value\nprint(len(fs)/(time.time()-t))";
  const pydicom = spawnSync(python, ["-c", script, folder], { encoding: "utf8" });
  if (pydicom.status === 0)
    rows.push([
      "every value, from disk",
      "pydicom",
      `${Math.round(Number(pydicom.stdout))} files/s`,
      "for reference",
    ]);
  const start = performance.now();
  const dcmdump = spawnSync("dcmdump", ["-q", "+sd", folder], { stdio: "ignore" });
  if (dcmdump.status === 0)
    rows.push([
      "text dump, from disk",
      "dcmdump",
      `${Math.round(fileCount / ((performance.now() - start) / 1000))} files/s`,
      "for reference",
    ]);
} finally {
  rmSync(folder, { recursive: true });
}

const table = [
  "| work | with | figure | ratio |",
  "| --- | --- | --- | --- |",
  ...rows.map((row) => `| ${row.join(" | ")} |`),
].join("\n");
process.stdout.write(`${table}\n`);
const artifacts = fileURLToPath(new URL("../artifacts/bench", import.meta.url));
mkdirSync(artifacts, { recursive: true });
writeFileSync(join(artifacts, "dicom.md"), `${table}\n`);
