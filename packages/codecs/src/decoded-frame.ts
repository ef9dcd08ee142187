/** A frame's samples, as plain as they get. */

/** Samples interleaved pixel by pixel, little endian, each in whole bytes; one-bit samples in a byte each. */
export interface DecodedFrame {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bytesPerSample: 1 | 2 | 4 | 8;
  readonly isSigned: boolean;
  readonly sampleKind: "integer" | "float" | "double";
  /** Bits that mean something, from the lowest; what is above may be anything in native images (overlays). */
  readonly bitsStored: number;
  /** Components as coded: a decoder that undid a colour transform says RGB. */
  readonly photometricInterpretation: string;
  readonly bytes: Uint8Array;
}

export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** The samples as numbers of their kind, unmasked; a view where the bytes are aligned for it. */
export function samplesOf({ bytes, bytesPerSample, isSigned, sampleKind }: DecodedFrame): Samples {
  const { buffer, byteOffset, byteLength } =
    bytes.byteOffset % bytesPerSample === 0 ? bytes : Uint8Array.from(bytes);
  const length = byteLength / bytesPerSample;
  const at = [buffer, byteOffset, length] as const;
  if (sampleKind === "float") return new Float32Array(...at);
  if (sampleKind === "double") return new Float64Array(...at);
  switch (bytesPerSample) {
    case 1:
      return isSigned ? new Int8Array(...at) : new Uint8Array(...at);
    case 2:
      return isSigned ? new Int16Array(...at) : new Uint16Array(...at);
    case 4:
      return isSigned ? new Int32Array(...at) : new Uint32Array(...at);
    case 8:
      return isSigned ? new BigInt64Array(...at) : new BigUint64Array(...at);
  }
}
