declare module "@cornerstonejs/codec-charls/wasmjs";
declare module "@cornerstonejs/codec-openjpeg/wasmjs";
declare module "@cornerstonejs/codec-openjph/wasmjs";
declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs";
declare module "jpeg-lossless-decoder-js" {
  export class Decoder {
    decode(
      buffer: ArrayBufferLike,
      offset: number,
      length: number,
      bytesPerSample: 1 | 2,
    ): Uint8Array | Uint16Array;
  }
}
