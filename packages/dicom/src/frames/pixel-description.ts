/** What (0028,xxxx) says of an image's pixels, checked before anything is allocated for them (PS3.3 C.7.6.3). */
import "../dictionary/register.ts";
import type { DataSet } from "../data-set/data-set.ts";
import { DicomError } from "../errors.ts";
import type { Tag } from "../tag.ts";

export interface PixelDescription {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometricInterpretation: string;
  /** Bits of a sample's container: 1, or a multiple of 8. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  /** Samples are two's complement. */
  readonly isSigned: boolean;
  /** `float` and `double` are (7FE0,0008) and (7FE0,0009); all other pixels are integers. */
  readonly sampleKind: "integer" | "float" | "double";
  /** Of native frames: all of one sample after another, rather than pixel by pixel. */
  readonly isPlanar: boolean;
  readonly numberOfFrames: number;
}

const pixelTags = { PixelData: 0x7fe00010, FloatPixelData: 0x7fe00008, DoubleFloatPixelData: 0x7fe00009 };
/** Bytes of one decoded frame; larger ones are refused. */
const maximumFrameBytes = 2 ** 30;

/** The element that holds the pixels, in whichever of its three forms. */
export function pixelTag(dataSet: DataSet): Tag | undefined {
  return Object.values(pixelTags).find((tag) => dataSet.has(tag));
}

/** @throws DicomError `pixels-invalid` */
export function pixelDescription(dataSet: DataSet): PixelDescription {
  const tag = pixelTag(dataSet);
  if (tag === undefined) throw invalid("there is no pixel data");
  const sampleKind =
    tag === pixelTags.FloatPixelData
      ? "float"
      : tag === pixelTags.DoubleFloatPixelData
        ? "double"
        : "integer";
  const natural = sampleKind === "float" ? 32 : sampleKind === "double" ? 64 : undefined;
  const bitsAllocated = whole(dataSet, "BitsAllocated", 1, 64, natural);
  if (bitsAllocated !== 1 && bitsAllocated % 8 !== 0) throw invalid(`Bits Allocated is ${bitsAllocated}`);
  if (natural !== undefined && bitsAllocated !== natural) throw invalid(`Bits Allocated is ${bitsAllocated}`);
  const bitsStored = whole(dataSet, "BitsStored", 1, bitsAllocated, bitsAllocated);
  const description: PixelDescription = {
    rows: whole(dataSet, "Rows", 1, 65_535),
    columns: whole(dataSet, "Columns", 1, 65_535),
    samplesPerPixel: whole(dataSet, "SamplesPerPixel", 1, 4, 1),
    photometricInterpretation: dataSet.string("PhotometricInterpretation") ?? "MONOCHROME2",
    bitsAllocated,
    bitsStored,
    highBit: whole(dataSet, "HighBit", bitsStored - 1, bitsAllocated - 1, bitsStored - 1),
    isSigned: dataSet.number("PixelRepresentation") === 1,
    sampleKind,
    isPlanar: dataSet.number("PlanarConfiguration") === 1,
    numberOfFrames: whole(dataSet, "NumberOfFrames", 1, 2 ** 31 - 1, 1),
  };
  if (decodedFrameBytes(description) > maximumFrameBytes) {
    throw invalid(`a frame of ${description.columns} × ${description.rows} pixels is too large`);
  }
  return description;
}

/** Bytes of one frame when each sample stands by itself, one-bit samples in a byte each. */
export function decodedFrameBytes(description: PixelDescription): number {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  return rows * columns * samplesPerPixel * Math.ceil(bitsAllocated / 8);
}

/** Bits of one frame as native pixel data holds it: 4:2:2 shares its chroma between two pixels (PS3.3 C.7.6.3.1.2). */
export function nativeFrameBits({
  rows,
  columns,
  samplesPerPixel,
  bitsAllocated,
  photometricInterpretation,
}: PixelDescription): number {
  const samples = photometricInterpretation === "YBR_FULL_422" && samplesPerPixel === 3 ? 2 : samplesPerPixel;
  return rows * columns * samples * bitsAllocated;
}

function whole(dataSet: DataSet, keyword: string, least: number, most: number, otherwise?: number): number {
  const value = dataSet.number(keyword) ?? otherwise;
  if (value === undefined) throw invalid(`${keyword} is missing`);
  if (!Number.isInteger(value) || value < least || value > most) throw invalid(`${keyword} is ${value}`);
  return value;
}

function invalid(what: string): DicomError {
  return new DicomError("pixels-invalid", `The image cannot be read: ${what}.`);
}
