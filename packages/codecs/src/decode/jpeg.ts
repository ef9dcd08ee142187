/** JPEG frames: by DCT here, lossless by jpeg-lossless-decoder-js. */
import type { PixelDescription } from "@isocenter/dicom";
import type { DecodedFrame } from "../decoded-frame.ts";
import { CodecError } from "../errors.ts";
import { decodeJpeg } from "../jpeg/decode.ts";
import { codestreamSize } from "./codestream-size.ts";
import { frameOf, sampleSize } from "./native.ts";
import { mismatch } from "./wasm-decode.ts";

/** Processes 1 to 12, baseline to progressive. */
export function decodeJpegDct(bytes: Uint8Array, description: PixelDescription): DecodedFrame {
  const image = decodeJpeg(bytes, description);
  return frameOf(packed(image.samples, sampleSize(description.bitsAllocated)), description);
}

/** Processes 14: any predictor. */
export async function decodeJpegLossless(
  bytes: Uint8Array,
  description: PixelDescription,
): Promise<DecodedFrame> {
  const { rows, columns, samplesPerPixel } = description;
  const declared = codestreamSize(bytes);
  if (declared === undefined) throw new CodecError("codestream-invalid", "The frame is no JPEG code stream.");
  if (declared.columns !== columns || declared.rows !== rows || declared.components !== samplesPerPixel) {
    throw mismatch(
      `${declared.columns} × ${declared.rows} with ${declared.components} components`,
      description,
    );
  }
  const { Decoder } = await import("jpeg-lossless-decoder-js");
  let decoded: Uint8Array | Uint16Array;
  try {
    const size = sampleSize(description.bitsAllocated);
    const decoder = new Decoder();
    decoded = decoder.decode(Uint8Array.from(bytes).buffer, 0, bytes.byteLength, size === 1 ? 1 : 2);
  } catch (cause) {
    throw new CodecError("codestream-invalid", "The lossless JPEG code stream of the frame is damaged.", {
      cause,
    });
  }
  if (decoded.length < rows * columns * samplesPerPixel) {
    throw new CodecError("codestream-invalid", "The lossless JPEG code stream of the frame ends early.");
  }
  return frameOf(packed(decoded, sampleSize(description.bitsAllocated)), description);
}

/** Typed arrays are little endian wherever JavaScript runs. */
function packed(samples: Uint8Array | Uint16Array, size: number): Uint8Array {
  if (size === 1) return new Uint8Array(samples);
  const wide = size === 2 ? new Uint16Array(samples) : new Uint32Array(samples);
  return new Uint8Array(wide.buffer);
}
