/** Decoding by the WASM codecs: JPEG-LS, JPEG 2000 and HTJ2K. */
import type { PixelDescription } from "@isocenter/dicom";
import type { DecodedFrame } from "../decoded-frame.ts";
import { CodecError } from "../errors.ts";
import { type WasmFrameInfo, type WasmName, withCodec } from "../wasm.ts";
import { codestreamSize } from "./codestream-size.ts";
import { frameOf, interleaved, sampleSize } from "./native.ts";

const decoders = {
  charls: "JpegLSDecoder",
  openjpeg: "J2KDecoder",
  openjph: "HTJ2KDecoder",
} as const;

/** @throws CodecError */
export async function decodeByWasm(
  name: keyof typeof decoders & WasmName,
  bytes: Uint8Array,
  description: PixelDescription,
): Promise<DecodedFrame> {
  const { rows, columns, samplesPerPixel } = description;
  // Looked at first: a decoder would allocate whatever a hostile header asks for.
  const declared = codestreamSize(bytes);
  if (declared === undefined)
    throw new CodecError("codestream-invalid", "The frame does not begin as its transfer syntax says.");
  if (declared.columns !== columns || declared.rows !== rows || declared.components !== samplesPerPixel) {
    throw mismatch(
      `${declared.columns} × ${declared.rows} with ${declared.components} components`,
      description,
    );
  }
  // The JPEG-LS decoder takes seconds to find out that the end is missing.
  if (name === "charls" && !endsAsJpeg(bytes)) {
    throw new CodecError("codestream-invalid", "The JPEG-LS code stream of the frame is cut short.");
  }
  return withCodec(name, decoders[name], (codec) => {
    let info: WasmFrameInfo;
    let decoded: Uint8Array;
    let isPlanar = false;
    try {
      codec.getEncodedBuffer(bytes.byteLength).set(bytes);
      codec.decode();
      info = codec.getFrameInfo();
      // A view of WASM memory: it dies with the codec.
      decoded = Uint8Array.from(codec.getDecodedBuffer());
      isPlanar = name === "charls" && codec.getInterleaveMode?.() === 0 && info.componentCount > 1;
    } catch (cause) {
      throw new CodecError("codestream-invalid", "The code stream of the frame is damaged.", { cause });
    }
    const size = info.bitsPerSample <= 8 ? 1 : info.bitsPerSample <= 16 ? 2 : 4;
    if (info.width !== columns || info.height !== rows || info.componentCount !== samplesPerPixel) {
      throw mismatch(`${info.width} × ${info.height} with ${info.componentCount} components`, description);
    }
    if (decoded.byteLength < rows * columns * samplesPerPixel * size) {
      throw new CodecError("codestream-invalid", "The code stream of the frame gives too few samples.");
    }
    const samples = isPlanar ? interleaved(decoded, samplesPerPixel, size) : decoded;
    return fitted(samples, size, description, name === "charls" ? false : info.isSigned);
  });
}

/** EOI stands at the end, with padding after it at most: NUL by the standard, FF by some writers. */
function endsAsJpeg(bytes: Uint8Array): boolean {
  let at = bytes.length - 1;
  while (at > 0 && (bytes[at] === 0 || bytes[at] === 0xff)) at--;
  return bytes[at] === 0xd9 && bytes[at - 1] === 0xff;
}

/** Samples in the width that the data set has, signs extended. */
function fitted(
  bytes: Uint8Array,
  size: 1 | 2 | 4,
  description: PixelDescription,
  isSigned: boolean,
): DecodedFrame {
  const wanted = sampleSize(description.bitsAllocated);
  if (wanted === size) return withTransformUndone(frameOf(bytes, description, size));
  const count = bytes.byteLength / size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Uint8Array(count * wanted);
  const target = new DataView(out.buffer);
  for (let index = 0; index < count; index++) {
    const value =
      size === 1 ? (isSigned ? view.getInt8(index) : view.getUint8(index)) : view.getInt16(index * 2, true);
    if (wanted === 1) target.setUint8(index, value & 0xff);
    else if (wanted === 2) target.setUint16(index * 2, value & 0xffff, true);
    else target.setInt32(index * 4, value, true);
  }
  return withTransformUndone(frameOf(out, description, wanted));
}

/** The multiple component transform of JPEG 2000 is part of its decoding: what comes out is RGB (PS3.5 8.2.4). */
function withTransformUndone(frame: DecodedFrame): DecodedFrame {
  const { photometricInterpretation: name } = frame;
  return name === "YBR_RCT" || name === "YBR_ICT" ? { ...frame, photometricInterpretation: "RGB" } : frame;
}

export function mismatch(found: string, { rows, columns, samplesPerPixel }: PixelDescription): CodecError {
  return new CodecError(
    "codestream-mismatch",
    `The frame is ${found}, and the data set says ${columns} × ${rows} with ${samplesPerPixel}.`,
  );
}
