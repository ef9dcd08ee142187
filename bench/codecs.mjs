// Decoding beside dcmjs-codecs, in one run: megapixels of a real image, medians of interleaved rounds. Needs a build.
// Usage: node bench/codecs.mjs [--rounds 9]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeFrame, encodeFrame } from "@isocenter/codecs";
import { decodePart10, framesOf } from "@isocenter/dicom";
import dcmjsCodecs from "dcmjs-codecs";

const { Context, NativeCodecs } = dcmjsCodecs;
const root = fileURLToPath(new URL("..", import.meta.url));
const at = process.argv.indexOf("--rounds");
const rounds = at < 0 ? 9 : Number(process.argv[at + 1]);
const repeats = 20;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

await NativeCodecs.initializeAsync();
const ct = await firstFrame("demo/DEMO-0002/ST1/SE2/IM0014.dcm");
const grey8 = await firstFrame("demo/DEMO-0008/ST1/SE1/IM0001.dcm");

async function firstFrame(path) {
  const { dataSet, transferSyntaxUid } = decodePart10(readFileSync(join(root, path)));
  const frames = framesOf(dataSet, transferSyntaxUid);
  const frame = await decodeFrame(frames, transferSyntaxUid);
  return {
    frame,
    description: { ...frames.description, numberOfFrames: 1 },
    encoded: await frames.bytes(0),
    transferSyntaxUid,
  };
}

const work = [
  { name: "RLE", uid: "1.2.840.10008.1.2.5", method: "decodeRle", image: ct },
  { name: "JPEG baseline", uid: "1.2.840.10008.1.2.4.50", method: "decodeJpeg", image: grey8 },
  { name: "JPEG lossless", uid: ct.transferSyntaxUid, method: "decodeJpeg", image: ct },
  { name: "JPEG-LS", uid: "1.2.840.10008.1.2.4.80", method: "decodeJpegLs", image: ct },
  { name: "JPEG 2000", uid: "1.2.840.10008.1.2.4.90", method: "decodeJpeg2000", image: ct },
  { name: "HTJ2K", uid: "1.2.840.10008.1.2.4.201", method: "decodeHtJpeg2000", image: ct },
];

const lines = ["| decoding | isocenter | dcmjs-codecs | ratio |", "| --- | --- | --- | --- |"];
for (const { name, uid, method, image } of work) {
  const { frame, description, encoded: given, transferSyntaxUid } = image;
  const encoded = uid === transferSyntaxUid ? given : await encodeFrame(frame, uid);
  const frames = {
    description,
    isEncapsulated: true,
    isLittleEndian: true,
    bytes: () => Promise.resolve(encoded),
  };
  const megabytes = (frame.bytes.byteLength * repeats) / 1e6;
  const contestants = {
    ours: async () => {
      for (let index = 0; index < repeats; index++) await decodeFrame(frames, uid);
    },
    theirs: () => {
      for (let index = 0; index < repeats; index++)
        NativeCodecs[method](contextOf(frame, description, encoded));
    },
  };
  const times = { ours: [], theirs: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [who, run] of Object.entries(contestants)) {
      const start = performance.now();
      await run();
      if (round > 0) times[who].push((performance.now() - start) / 1000); // the first warms up
    }
  }
  const [ours, theirs] = [median(times.ours), median(times.theirs)];
  lines.push(
    `| ${name} | ${Math.round(megabytes / ours)} MB/s | ${Math.round(megabytes / theirs)} MB/s | ${(theirs / ours).toFixed(2)}× |`,
  );
}

function contextOf(frame, description, encodedBuffer) {
  return new Context({
    width: frame.columns,
    height: frame.rows,
    bitsAllocated: description.bitsAllocated,
    bitsStored: description.bitsStored,
    samplesPerPixel: frame.samplesPerPixel,
    pixelRepresentation: frame.isSigned ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: frame.photometricInterpretation,
    encodedBuffer,
  });
}

const table = lines.join("\n");
process.stdout.write(`${table}\n`);
mkdirSync(join(root, "artifacts/bench"), { recursive: true });
writeFileSync(join(root, "artifacts/bench/codecs.md"), `${table}\n`);
