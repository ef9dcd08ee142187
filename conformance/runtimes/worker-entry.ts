/**
 * Runs the checks in a Worker: POST the length of the oracle, the oracle, the length of a frame (0 for none), the frame
 * and the file; answers what is wrong, by check. `/pixels/…` checks frames, everything else the data layer.
 */
// The runtime compiles these when it starts: a Worker may not do so itself.
import charls from "wasm:codec-charls/dist/charlswasm.wasm";
import openjpeg from "wasm:codec-openjpeg/dist/openjpegwasm.wasm";
import openjph from "wasm:codec-openjph/dist/openjphjs.wasm";
import { checkPixels, type PixelOracle } from "../../packages/codecs/src/test/pixel-check.ts";
import { useWasm, type WasmFactory, type WasmName } from "../../packages/codecs/src/wasm.ts";
import { checks, type Fixture } from "../../packages/dicom/src/test/checks.ts";

const modules: readonly (readonly [WasmName, () => Promise<unknown>, WebAssembly.Module])[] = [
  ["charls", () => import("@cornerstonejs/codec-charls/wasmjs"), charls],
  ["openjpeg", () => import("@cornerstonejs/codec-openjpeg/wasmjs"), openjpeg],
  ["openjph", () => import("@cornerstonejs/codec-openjph/wasmjs"), openjph],
];
for (const [name, load, module] of modules) {
  const factory: WasmFactory = async (options) => {
    const loaded = (await load()) as { default: WasmFactory };
    return loaded.default({
      ...options,
      instantiateWasm(imports, done) {
        const instantiate = async (): Promise<void> =>
          done(await WebAssembly.instantiate(module, imports as WebAssembly.Imports), module);
        void instantiate();
        return {};
      },
    });
  };
  useWasm(name, factory);
}

/** Takes a length-prefixed part off the front. */
function part(body: Uint8Array): [Uint8Array, Uint8Array] {
  const length = new DataView(body.buffer, body.byteOffset).getUint32(0);
  return [body.slice(4, 4 + length), body.slice(4 + length)];
}

// Workers are given their handlers by the default export.
// oxlint-disable-next-line import/no-default-export
export default {
  async fetch(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname.slice(1);
    const [oracleText, afterOracle] = part(new Uint8Array(await request.arrayBuffer()));
    const [frame, bytes] = part(afterOracle);
    const oracle: unknown = JSON.parse(new TextDecoder().decode(oracleText));
    if (path.startsWith("pixels/")) {
      const wrong = await checkPixels(
        bytes,
        oracle as PixelOracle,
        frame.byteLength === 0 ? undefined : frame,
      );
      return Response.json({ pixels: wrong });
    }
    const fixture = { name: path, bytes, oracle: oracle as Fixture["oracle"] };
    const found: Record<string, readonly string[]> = {};
    for (const [what, check] of Object.entries(checks)) found[what] = await check(fixture);
    return Response.json(found);
  },
};
