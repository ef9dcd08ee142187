/** From a rendered frame to a file for a screen: a part of it, another size, PNG or JPEG. */
import { encodeFrame, type RenderedFrame } from "@isocenter/codecs";
import type { Region, Rendering } from "./rendering.ts";
import { badParameter } from "./problem.ts";
import { crc32 } from "./zip.ts";

const jpegBaseline = "1.2.840.10008.1.2.4.50";

export async function pictureOf(frame: RenderedFrame, rendering: Rendering): Promise<Uint8Array> {
  const region = regionIn(frame, rendering.region);
  const size = fitted(region, rendering.viewport);
  const isWhole =
    rendering.region === undefined && size.width === frame.width && size.height === frame.height;
  const picture = isWhole ? frame : resampled(frame, region, size);
  const channels = isGrey(picture.rgba) ? 1 : 3;
  const samples = withoutAlpha(picture.rgba, channels);
  const { width, height } = picture;
  if (rendering.mediaType === "image/png") return png(width, height, channels, samples);
  return encodeFrame(
    {
      rows: height,
      columns: width,
      samplesPerPixel: channels,
      bytesPerSample: 1,
      isSigned: false,
      sampleKind: "integer",
      bitsStored: 8,
      photometricInterpretation: channels === 1 ? "MONOCHROME2" : "RGB",
      bytes: samples,
    },
    jpegBaseline,
    rendering.quality === undefined ? {} : { quality: rendering.quality },
  );
}

type Size = Pick<RenderedFrame, "width" | "height">;

/** The region as far as there is an image. @throws WebProblem 400 when it lies outside */
function regionIn({ width, height }: Size, region: Region | undefined): Region {
  const whole = { x: 0, y: 0, width, height, isFlippedHorizontally: false, isFlippedVertically: false };
  if (region === undefined) return whole;
  const left = Math.max(0, region.x);
  const top = Math.max(0, region.y);
  const right = Math.min(width, region.x + region.width);
  const bottom = Math.min(height, region.y + region.height);
  if (right - left < 1 || bottom - top < 1)
    throw badParameter("viewport", "has a region outside of the image");
  return { ...region, x: left, y: top, width: right - left, height: bottom - top };
}

/** The largest size of the region's proportions that fits. */
function fitted(region: Size, viewport: Rendering["viewport"]): Size {
  if (viewport === undefined) return { width: Math.round(region.width), height: Math.round(region.height) };
  const scale = Math.min(viewport.width / region.width, viewport.height / region.height);
  return {
    width: Math.max(1, Math.round(region.width * scale)),
    height: Math.max(1, Math.round(region.height * scale)),
  };
}

/** What each pixel of a row or column is made of: sources and their weights. */
interface Taps {
  readonly first: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Float32Array;
  readonly stride: number;
}

/** A triangle filter that widens when the picture shrinks, so that nothing between the pixels is lost. */
function taps(from: number, length: number, limit: number, size: number, isFlipped: boolean): Taps {
  const scale = length / size;
  const support = Math.max(1, scale);
  const stride = Math.ceil(support) * 2 + 2;
  const first = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Float32Array(size * stride);
  for (let index = 0; index < size; index++) {
    const center = from + (index + 0.5) * scale - 0.5;
    const start = Math.min(limit - 1, Math.max(0, Math.ceil(center - support)));
    const end = Math.max(start, Math.min(limit - 1, Math.floor(center + support)));
    const at = isFlipped ? size - 1 - index : index;
    let sum = 0;
    for (let source = start; source <= end; source++) {
      // At the very edge of a filter nothing would weigh anything.
      const weight = Math.max(1e-6, 1 - Math.abs(source - center) / support);
      weights[at * stride + source - start] = weight;
      sum += weight;
    }
    first[at] = start;
    counts[at] = end - start + 1;
    for (let tap = 0; tap < stride; tap++)
      weights[at * stride + tap] = (weights[at * stride + tap] ?? 0) / sum;
  }
  return { first, counts, weights, stride };
}

/** Row by row: no more is held between than one row of the frame. */
function resampled(frame: RenderedFrame, region: Region, { width, height }: Size): RenderedFrame {
  const across = taps(region.x, region.width, frame.width, width, region.isFlippedHorizontally);
  const down = taps(region.y, region.height, frame.height, height, region.isFlippedVertically);
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  const row = new Float32Array(frame.width * 3);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    const top = down.first[y] ?? 0;
    for (let tap = 0; tap < (down.counts[y] ?? 0); tap++) {
      const weight = down.weights[y * down.stride + tap] ?? 0;
      let from = (top + tap) * frame.width * 4;
      for (let to = 0; to < row.length; to += 3, from += 4) {
        row[to] = (row[to] as number) + weight * (frame.rgba[from] as number);
        row[to + 1] = (row[to + 1] as number) + weight * (frame.rgba[from + 1] as number);
        row[to + 2] = (row[to + 2] as number) + weight * (frame.rgba[from + 2] as number);
      }
    }
    for (let x = 0; x < width; x++) {
      let [red, green, blue] = [0, 0, 0];
      for (let tap = 0; tap < (across.counts[x] ?? 0); tap++) {
        const weight = across.weights[x * across.stride + tap] ?? 0;
        const at = ((across.first[x] ?? 0) + tap) * 3;
        red += weight * (row[at] as number);
        green += weight * (row[at + 1] as number);
        blue += weight * (row[at + 2] as number);
      }
      const to = (y * width + x) * 4;
      rgba[to] = red;
      rgba[to + 1] = green;
      rgba[to + 2] = blue;
    }
  }
  return { width, height, rgba };
}

function isGrey(rgba: Uint8ClampedArray): boolean {
  for (let at = 0; at < rgba.length; at += 4) {
    if (rgba[at] !== rgba[at + 1] || rgba[at] !== rgba[at + 2]) return false;
  }
  return true;
}

function withoutAlpha(rgba: Uint8ClampedArray, channels: 1 | 3): Uint8Array {
  const samples = new Uint8Array((rgba.length / 4) * channels);
  for (let at = 0, to = 0; at < rgba.length; at += 4) {
    for (let channel = 0; channel < channels; channel++) samples[to++] = rgba[at + channel] ?? 0;
  }
  return samples;
}

/** PNG of 8 bits (ISO/IEC 15948); a compression stream makes its zlib data. */
export async function png(
  width: number,
  height: number,
  channels: 1 | 3,
  samples: Uint8Array,
): Promise<Uint8Array> {
  const stride = width * channels;
  const rows = new Uint8Array(height * (stride + 1));
  // Each row begins with its filter: 1, the difference to the pixel on the left.
  for (let y = 0; y < height; y++) {
    const to = y * (stride + 1);
    rows[to] = 1;
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (samples[y * stride + x - channels] ?? 0);
      rows[to + 1 + x] = (samples[y * stride + x] ?? 0) - left;
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  // Depth 8; colour type 0 (grey) or 2 (RGB); the only methods there are.
  header.set([8, channels === 1 ? 0 : 2, 0, 0, 0], 8);
  const deflated = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const data = new Uint8Array(await new Response(deflated).arrayBuffer());
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array(0))];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.byteLength;
  }
  return file;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.byteLength);
  for (let index = 0; index < 4; index++) bytes[4 + index] = type.charCodeAt(index);
  bytes.set(data, 8);
  view.setUint32(8 + data.byteLength, crc32(bytes.subarray(4, 8 + data.byteLength), 0));
  return bytes;
}
