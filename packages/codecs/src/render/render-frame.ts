/** A frame as a picture to look at: 8-bit RGBA. */
import type { DataSet } from "@isocenter/dicom";
import { type DecodedFrame, samplesOf } from "../decoded-frame.ts";
import { paletteOf, toRgb } from "./colour.ts";
import { drawOverlays } from "./overlay.ts";
import {
  lookUp,
  lookupOf,
  modalityTransform,
  type VoiFunction,
  type Window,
  windowOf,
  windowTransform,
} from "./voi.ts";

export interface RenderOptions {
  /** Instead of the image's own window. */
  readonly window?: Window;
  /** The frame's index from 0, which chooses its overlays. Default 0. */
  readonly frame?: number;
  /** Draw the overlay planes. Default true. */
  readonly overlays?: boolean;
}

export interface RenderedFrame {
  readonly width: number;
  readonly height: number;
  /** Four bytes a pixel: red, green, blue, alpha. */
  readonly rgba: Uint8ClampedArray;
}

/** @throws CodecError when the photometric interpretation or a palette cannot be used */
export function renderFrame(
  frame: DecodedFrame,
  dataSet: DataSet,
  options: RenderOptions = {},
): RenderedFrame {
  const { columns: width, rows: height } = frame;
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  if (frame.samplesPerPixel >= 3) renderColour(frame, rgba);
  else if (frame.photometricInterpretation === "PALETTE COLOR") renderPalette(frame, dataSet, rgba);
  else renderGrey(frame, dataSet, options, rgba);
  if (options.overlays !== false) drawOverlays(rgba, width, height, dataSet, options.frame ?? 0);
  return { width, height, rgba };
}

function renderColour(frame: DecodedFrame, rgba: Uint8ClampedArray): void {
  const samples = samplesOf(frame);
  const convert = toRgb(frame.photometricInterpretation);
  const { samplesPerPixel } = frame;
  const scale = frame.bitsStored > 8 ? 255 / (2 ** frame.bitsStored - 1) : 1;
  for (let pixel = 0, at = 0; at < rgba.length; pixel += samplesPerPixel, at += 4) {
    convert(
      Number(samples[pixel]) * scale,
      Number(samples[pixel + 1]) * scale,
      Number(samples[pixel + 2]) * scale,
      rgba,
      at,
    );
  }
}

function renderPalette(frame: DecodedFrame, dataSet: DataSet, rgba: Uint8ClampedArray): void {
  const { firstMapped, red, green, blue } = paletteOf(dataSet);
  const samples = samplesOf(frame);
  const mask = storedMask(frame);
  for (let pixel = 0, at = 0; at < rgba.length; pixel++, at += 4) {
    const index = Math.min(Math.max(mask(Number(samples[pixel])) - firstMapped, 0), red.length - 1);
    rgba[at] = red[index] ?? 0;
    rgba[at + 1] = green[index] ?? 0;
    rgba[at + 2] = blue[index] ?? 0;
  }
}

function renderGrey(
  frame: DecodedFrame,
  dataSet: DataSet,
  { window }: RenderOptions,
  rgba: Uint8ClampedArray,
): void {
  const samples = samplesOf(frame);
  const mask = storedMask(frame);
  const modality = modalityTransform(dataSet, frame.isSigned);
  const isPadding = paddingTest(dataSet);
  const shade = voiTransform(dataSet, frame, window, samples, mask, modality, isPadding);
  const isInverted =
    (frame.photometricInterpretation === "MONOCHROME1") !==
    (dataSet.string("PresentationLUTShape") === "INVERSE");
  // 16-bit samples have few values beside their pixels: each is worked out once.
  const known =
    frame.sampleKind === "integer" && frame.bytesPerSample <= 2 ? new Int16Array(65_536).fill(-1) : undefined;
  for (let pixel = 0, at = 0; at < rgba.length; pixel++, at += 4) {
    const stored = mask(Number(samples[pixel]));
    const key = stored & 0xffff;
    let grey = known?.[key] ?? -1;
    if (grey < 0) {
      const value = isPadding(stored) ? 0 : shade(modality(stored));
      grey = Math.round((isInverted && !isPadding(stored) ? 1 - value : value) * 255);
      if (known !== undefined) known[key] = grey;
    }
    rgba[at] = grey;
    rgba[at + 1] = grey;
    rgba[at + 2] = grey;
  }
}

/** VOI LUT, else window, else all values that are there from black to white. */
function voiTransform(
  dataSet: DataSet,
  frame: DecodedFrame,
  given: Window | undefined,
  samples: ArrayLike<number | bigint>,
  mask: (value: number) => number,
  modality: (value: number) => number,
  isPadding: (value: number) => boolean,
): (value: number) => number {
  const own = given ?? windowOf(dataSet);
  if (own !== undefined)
    return windowTransform(own, (dataSet.string("VOILUTFunction") ?? "LINEAR") as VoiFunction);
  const lookup = lookupOf(dataSet.items("VOILUTSequence")[0], frame.isSigned);
  if (lookup !== undefined) {
    const most = 2 ** lookup.bits - 1;
    return (value) => Math.min(1, lookUp(lookup, value) / most);
  }
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < samples.length; index++) {
    const stored = mask(Number(samples[index]));
    if (isPadding(stored)) continue;
    const value = modality(stored);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most > least ? (value) => (value - least) / (most - least) : () => (most > 0 ? 1 : 0);
}

/** Bits above Bits Stored may hold anything; a signed value's sign is its highest stored bit. */
function storedMask({
  bitsStored,
  bytesPerSample,
  isSigned,
  sampleKind,
}: DecodedFrame): (value: number) => number {
  if (sampleKind !== "integer" || bitsStored >= bytesPerSample * 8 || bitsStored > 31)
    return (value) => value;
  const shift = 32 - bitsStored;
  return isSigned ? (value) => (value << shift) >> shift : (value) => (value << shift) >>> shift;
}

/** Pixel Padding Value, or the range to its limit (C.7.5.1.1.2). */
function paddingTest(dataSet: DataSet): (stored: number) => boolean {
  const value = dataSet.number("PixelPaddingValue");
  if (value === undefined) return () => false;
  const limit = dataSet.number("PixelPaddingRangeLimit") ?? value;
  const [from, to] = value <= limit ? [value, limit] : [limit, value];
  return (stored) => stored >= from && stored <= to;
}
