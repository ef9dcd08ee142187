/** A worker that fetches frames as they are stored and decodes them with @isocenter/codecs. */
import charlsUrl from "@cornerstonejs/codec-charls/wasm?url";
import openjpegUrl from "@cornerstonejs/codec-openjpeg/wasm?url";
import openjphUrl from "@cornerstonejs/codec-openjph/wasm?url";
import { useWasm, type WasmFactory, type WasmName } from "@isocenter/codecs";
import type { DecodeAnswer, DecodeCancel, DecodeRequest } from "./decode-messages.ts";
import { decodePixels } from "./decode-pixels.ts";

const underWay = new Map<number, AbortController>();

for (const [name, url, load] of [
  ["charls", charlsUrl, () => import("@cornerstonejs/codec-charls/wasmjs")],
  ["openjpeg", openjpegUrl, () => import("@cornerstonejs/codec-openjpeg/wasmjs")],
  ["openjph", openjphUrl, () => import("@cornerstonejs/codec-openjph/wasmjs")],
] as const satisfies readonly (readonly [WasmName, string, () => Promise<unknown>])[]) {
  useWasm(name, async (options) => {
    const module = (await load()) as { readonly default: WasmFactory };
    return module.default({ ...options, locateFile: () => url });
  });
}

addEventListener("message", ({ data }: MessageEvent<DecodeRequest | DecodeCancel>) => {
  if ("cancel" in data) underWay.get(data.cancel)?.abort();
  else void answer(data);
});

async function answer(request: DecodeRequest): Promise<void> {
  const { id } = request;
  const controller = new AbortController();
  underWay.set(id, controller);
  try {
    const decoded = await decodePixels(request, controller.signal);
    const message: DecodeAnswer = { id, decoded };
    postMessage(message, { transfer: [decoded.pixels.buffer] });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "frame-unreadable";
    const message: DecodeAnswer = { id, problem: { code, message: String(error) } };
    postMessage(message);
  } finally {
    underWay.delete(id);
  }
}
