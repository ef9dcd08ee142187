/** Frame bytes to samples, by transfer syntax. */
import {
  type Frames,
  nativeFrameBits,
  type PixelDescription,
  TransferSyntax,
  uidName,
} from "@isocenter/dicom";
import type { DecodedFrame } from "../decoded-frame.ts";
import { CodecError } from "../errors.ts";
import { decodeJpegDct, decodeJpegLossless } from "./jpeg.ts";
import { decodeNative } from "./native.ts";
import { decodeRle } from "./rle.ts";
import { decodeByWasm } from "./wasm-decode.ts";

type Decode = (bytes: Uint8Array, description: PixelDescription) => DecodedFrame | Promise<DecodedFrame>;

const decoders: Readonly<Record<string, Decode>> = {
  [TransferSyntax.RLELossless]: decodeRle,
  "1.2.840.10008.1.2.4.50": decodeJpegDct,
  "1.2.840.10008.1.2.4.51": decodeJpegDct,
  // Retired processes that are told from the code stream itself.
  "1.2.840.10008.1.2.4.52": decodeJpegDct,
  "1.2.840.10008.1.2.4.53": decodeJpegDct,
  "1.2.840.10008.1.2.4.54": decodeJpegDct,
  "1.2.840.10008.1.2.4.55": decodeJpegDct,
  "1.2.840.10008.1.2.4.56": decodeJpegDct,
  "1.2.840.10008.1.2.4.57": decodeJpegLossless,
  "1.2.840.10008.1.2.4.58": decodeJpegLossless,
  "1.2.840.10008.1.2.4.70": decodeJpegLossless,
  "1.2.840.10008.1.2.4.80": (bytes, description) => decodeByWasm("charls", bytes, description),
  "1.2.840.10008.1.2.4.81": (bytes, description) => decodeByWasm("charls", bytes, description),
  "1.2.840.10008.1.2.4.90": (bytes, description) => decodeByWasm("openjpeg", bytes, description),
  "1.2.840.10008.1.2.4.91": (bytes, description) => decodeByWasm("openjpeg", bytes, description),
  "1.2.840.10008.1.2.4.201": (bytes, description) => decodeByWasm("openjph", bytes, description),
  "1.2.840.10008.1.2.4.202": (bytes, description) => decodeByWasm("openjph", bytes, description),
  "1.2.840.10008.1.2.4.203": (bytes, description) => decodeByWasm("openjph", bytes, description),
};

/** Compressed transfer syntaxes whose frames can be decoded. */
export const decodableTransferSyntaxes: readonly string[] = Object.keys(decoders);

/**
 * @param index from 0
 * @throws CodecError, or DicomError where the frame cannot be found
 */
export async function decodeFrame(
  frames: Frames,
  transferSyntaxUid: string,
  index = 0,
): Promise<DecodedFrame> {
  const { description } = frames;
  const bytes = await frames.bytes(index);
  if (!frames.isEncapsulated) {
    if (bytes.byteLength * 8 < nativeFrameBits(description)) {
      throw new CodecError("codestream-invalid", `Frame ${index + 1} is cut short.`, { transferSyntaxUid });
    }
    return decodeNative(bytes, description, frames.isLittleEndian);
  }
  const decode = decoders[transferSyntaxUid];
  if (decode === undefined) {
    throw new CodecError(
      "codec-unsupported",
      `There is no decoder for ${uidName(transferSyntaxUid) ?? transferSyntaxUid}.`,
      { transferSyntaxUid },
    );
  }
  return decode(bytes, description);
}
