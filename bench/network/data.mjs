// Files for the network bench: CT slices, small files and one multi-frame object, made anew in a folder of their own.
import { mkdirSync, openSync, closeSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DataSet, encodePart10, TransferSyntax } from "@isocenter/dicom";

const ct = "1.2.840.10008.5.1.4.1.1.2";
const multiFrame = "1.2.840.10008.5.1.4.1.1.7.3"; // Multi-frame Grayscale Word Secondary Capture

function image(index, { rows, columns, pixels, sopClassUid = ct, frames }) {
  return encodePart10({
    transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian,
    dataSet: DataSet.of({
      SpecificCharacterSet: "ISO_IR 100",
      ImageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
      SOPClassUID: sopClassUid,
      SOPInstanceUID: `1.2.826.0.1.3680043.9.7433.1.${rows}.${index + 1}`,
      StudyDate: "20260101",
      StudyTime: "101112",
      AccessionNumber: "A1",
      Modality: sopClassUid === ct ? "CT" : "OT",
      PatientName: "Bench^Network",
      PatientID: "BENCH",
      StudyInstanceUID: `1.2.826.0.1.3680043.9.7433.2.${rows}`,
      SeriesInstanceUID: `1.2.826.0.1.3680043.9.7433.3.${rows}.${1 + Math.floor(index / 250)}`,
      SeriesNumber: 1 + Math.floor(index / 250),
      InstanceNumber: index + 1,
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      ...(frames === undefined ? {} : { NumberOfFrames: frames }),
      Rows: rows,
      Columns: columns,
      BitsAllocated: 16,
      BitsStored: 16,
      HighBit: 15,
      PixelRepresentation: 0,
      PixelData: pixels,
    }),
  });
}

/** Pixels that do not compress to nothing and differ between instances. */
function noise(length, seed) {
  const words = new Uint32Array(length / 4);
  let state = (seed + 1) * 2654435761;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[at] = state & 0x0fff0fff;
  }
  return new Uint8Array(words.buffer);
}

/** @returns the folder, files and bytes of each set */
export function makeData(root, { ctCount, smallCount, multiFrameCount }) {
  const pixels = noise(512 * 512 * 2, 1);
  const sets = {};
  const set = (name, count, make) => {
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true });
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      const file = make(index);
      bytes += file.byteLength;
      writeFileSync(join(folder, `${String(index).padStart(5, "0")}.dcm`), file);
    }
    sets[name] = { folder, count, bytes };
  };
  set("ct", ctCount, (index) => {
    new DataView(pixels.buffer).setUint32(0, index);
    return image(index, { rows: 512, columns: 512, pixels });
  });
  set("small", smallCount, (index) =>
    image(index, { rows: 76, columns: 76, pixels: noise(76 * 76 * 2, index) }),
  );
  const frame = noise(1024 * 1024 * 2, 7);
  const folder = join(root, "multi");
  mkdirSync(folder, { recursive: true });
  const head = Buffer.from(
    image(0, {
      rows: 1024,
      columns: 1024,
      pixels: frame.subarray(0, 8),
      sopClassUid: multiFrame,
      frames: multiFrameCount,
    }),
  );
  // Written in pieces, so that the bench itself stays small. The last element is Pixel Data: OW, two reserved bytes, four of length, the eight bytes above.
  const bytes = frame.byteLength * multiFrameCount;
  head.writeUInt32LE(bytes, head.length - 12);
  const file = openSync(join(folder, "00000.dcm"), "w");
  writeSync(file, head.subarray(0, head.length - 8));
  for (let index = 0; index < multiFrameCount; index++) writeSync(file, frame);
  closeSync(file);
  sets.multi = { folder, count: 1, bytes: head.length - 8 + bytes };
  return sets;
}
