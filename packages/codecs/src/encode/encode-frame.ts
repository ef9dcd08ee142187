/** Samples to a code stream, by transfer syntax. */
import { TransferSyntax, uidName } from "@isocenter/dicom";
import type { DecodedFrame } from "../decoded-frame.ts";
import { CodecError } from "../errors.ts";
import { type WasmCodec, type WasmName, withCodec } from "../wasm.ts";
import { encodeRle } from "./rle.ts";

export interface EncodeOptions {
  /** Of JPEG baseline, 1–100. Default 90. */
  readonly quality?: number;
}

type Encode = (frame: DecodedFrame, options: EncodeOptions) => Uint8Array | Promise<Uint8Array>;

const jpegBaseline = "1.2.840.10008.1.2.4.50";
const jpegLsLossless = "1.2.840.10008.1.2.4.80";
const jpeg2000Lossless = "1.2.840.10008.1.2.4.90";
const htj2kLossless = "1.2.840.10008.1.2.4.201";
const htj2kLosslessRpcl = "1.2.840.10008.1.2.4.202";

/** RPCL: resolution levels first, so that a reader can stop early (T.800 B.12). */
const progressionRpcl = 2;
const subsampling = { none: 0, gray: 3 };

const encoders: Readonly<Record<string, Encode>> = {
  [TransferSyntax.RLELossless]: encodeRle,
  [jpegBaseline]: (frame, { quality = 90 }) => encodeJpeg(frame, quality),
  [jpegLsLossless]: (frame) =>
    byWasm("charls", "JpegLSEncoder", frame, (codec) => {
      codec.setNearLossless?.(0);
      // Line interleaving for colour, as most writers do; a single component has none.
      codec.setInterleaveMode?.(frame.samplesPerPixel === 1 ? 0 : 2);
    }),
  [jpeg2000Lossless]: (frame) =>
    byWasm("openjpeg", "J2KEncoder", frame, (codec) => {
      codec.setQuality?.(true, 0);
      codec.setDecompositions?.(decompositions(frame));
    }),
  [htj2kLossless]: (frame) => encodeHtj2k(frame),
  [htj2kLosslessRpcl]: (frame) => encodeHtj2k(frame),
};

/** Compressed transfer syntaxes that frames can be encoded in. */
export const encodableTransferSyntaxes: readonly string[] = Object.keys(encoders);

/**
 * @returns the code stream, of even length
 * @throws CodecError `codec-unsupported` for a syntax without encoder, or samples that it cannot hold
 */
export async function encodeFrame(
  frame: DecodedFrame,
  transferSyntaxUid: string,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const encode = encoders[transferSyntaxUid];
  if (encode === undefined) {
    throw unsupported(
      `There is no encoder for ${uidName(transferSyntaxUid) ?? transferSyntaxUid}.`,
      transferSyntaxUid,
    );
  }
  const isRle = transferSyntaxUid === TransferSyntax.RLELossless;
  if (!isRle && (frame.sampleKind !== "integer" || frame.bytesPerSample > 2)) {
    throw unsupported("This encoder takes integer samples of 8 or 16 bits.", transferSyntaxUid);
  }
  const bytes = await encode(frame, options);
  if (bytes.byteLength % 2 === 0) return bytes;
  const padded = new Uint8Array(bytes.byteLength + 1);
  padded.set(bytes);
  return padded;
}

function encodeHtj2k(frame: DecodedFrame): Promise<Uint8Array> {
  // OpenJPH 2.4.11 gives other pixels back for a black image of one row or column.
  if (frame.rows < 2 || frame.columns < 2) {
    throw unsupported("HTJ2K is not written for images of one row or column.", htj2kLossless);
  }
  // Nor are colours of 16 bits what they were.
  if (frame.samplesPerPixel > 1 && frame.bytesPerSample > 1) {
    throw unsupported("HTJ2K is not written for colour images of 16 bits.", htj2kLossless);
  }
  return byWasm("openjph", "HTJ2KEncoder", frame, (codec) => {
    codec.setQuality?.(true, 0);
    codec.setDecompositions?.(decompositions(frame));
    codec.setProgressionOrder?.(progressionRpcl);
    codec.setTLMMarker?.(true);
  });
}

function encodeJpeg(frame: DecodedFrame, quality: number): Promise<Uint8Array> {
  if (frame.bytesPerSample !== 1 || (frame.samplesPerPixel !== 1 && frame.samplesPerPixel !== 3)) {
    throw unsupported("JPEG baseline takes 8-bit samples, one or three to a pixel.", jpegBaseline);
  }
  return byWasm("libjpeg-turbo", "JPEGEncoder", frame, (codec) => {
    codec.setProgressive?.(false);
    codec.setQuality?.(quality);
    codec.setSubSampling?.(frame.samplesPerPixel === 1 ? subsampling.gray : subsampling.none);
  });
}

function byWasm(
  name: WasmName,
  className: string,
  frame: DecodedFrame,
  configure: (codec: WasmCodec) => void,
): Promise<Uint8Array> {
  return withCodec(name, className, (codec) => {
    const { columns: width, rows: height, samplesPerPixel: componentCount, isSigned } = frame;
    const info = {
      width,
      height,
      bitsPerSample: frame.bytesPerSample * 8,
      componentCount,
      isSigned,
      // Without it the photometric interpretation stays what it is.
      isUsingColorTransform: false,
    };
    try {
      codec.getDecodedBuffer(info).set(frame.bytes);
      configure(codec);
      codec.encode();
      return Uint8Array.from(codec.getEncodedBuffer());
    } catch (cause) {
      throw new CodecError("codec-unsupported", "The encoder refused the frame.", { cause });
    }
  });
}

/** A level halves the image; the smallest side should keep some pixels. */
function decompositions({ rows, columns }: DecodedFrame): number {
  return Math.max(0, Math.min(5, Math.floor(Math.log2(Math.min(rows, columns)))));
}

function unsupported(message: string, transferSyntaxUid: string): CodecError {
  return new CodecError("codec-unsupported", message, { transferSyntaxUid });
}
