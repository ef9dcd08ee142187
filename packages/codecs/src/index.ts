/** @isocenter/codecs: frame bytes to pixels and back. */
export { decodableTransferSyntaxes, decodeFrame } from "./decode/decode-frame.ts";
export { type DecodedFrame, type Samples, samplesOf } from "./decoded-frame.ts";
export { CodecError, type CodecErrorCode } from "./errors.ts";
export { useWasm, type WasmFactory, type WasmName } from "./wasm.ts";
export { type EncodeOptions, encodableTransferSyntaxes, encodeFrame } from "./encode/encode-frame.ts";
export { type RenderedFrame, type RenderOptions, renderFrame } from "./render/render-frame.ts";
export { type VoiFunction, type Window, windowOf } from "./render/voi.ts";
export { transcode } from "./transcode.ts";
