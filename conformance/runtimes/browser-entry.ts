/** Runs the checks of the data layer and of the codecs in a page; each answers what is wrong. */
import { checkPixels, type PixelOracle } from "../../packages/codecs/src/test/pixel-check.ts";
import { useWasm, type WasmFactory, type WasmName } from "../../packages/codecs/src/wasm.ts";
import { checks, type Fixture } from "../../packages/dicom/src/test/checks.ts";

const bytesAt = async (path: string): Promise<Uint8Array> =>
  new Uint8Array(await (await fetch(path)).arrayBuffer());
const jsonAt = async (path: string): Promise<unknown> => (await fetch(path)).json();

async function runChecks(name: string): Promise<Record<string, readonly string[]>> {
  const [bytes, oracle] = await Promise.all([
    bytesAt(`/fixtures/${name}`),
    jsonAt(`/fixtures/${name}.dump.json`),
  ]);
  const fixture = { name, bytes, oracle: oracle as Fixture["oracle"] };
  const found: Record<string, readonly string[]> = {};
  for (const [what, check] of Object.entries(checks)) found[what] = await check(fixture);
  return found;
}

async function runPixelCheck(name: string): Promise<readonly string[]> {
  const [bytes, oracle] = await Promise.all([
    bytesAt(`/fixtures/${name}`),
    jsonAt(`/fixtures/${name}.pixels.json`),
  ]);
  const { lossy } = oracle as PixelOracle;
  return checkPixels(
    bytes,
    oracle as PixelOracle,
    lossy ? await bytesAt(`/fixtures/${name}.frame0.raw.gz`) : undefined,
  );
}

/** The codecs' modules, fetched from where the test serves them. */
const modules: readonly (readonly [WasmName, () => Promise<unknown>, string])[] = [
  ["charls", () => import("@cornerstonejs/codec-charls/wasmjs"), "codec-charls/dist/charlswasm.wasm"],
  ["openjpeg", () => import("@cornerstonejs/codec-openjpeg/wasmjs"), "codec-openjpeg/dist/openjpegwasm.wasm"],
  ["openjph", () => import("@cornerstonejs/codec-openjph/wasmjs"), "codec-openjph/dist/openjphjs.wasm"],
];
for (const [name, load, path] of modules) {
  const factory: WasmFactory = async (options) => {
    const loaded = (await load()) as { default: WasmFactory };
    return loaded.default({ ...options, locateFile: () => `/node_modules/@cornerstonejs/${path}` });
  };
  useWasm(name, factory);
}

Object.assign(globalThis, { runChecks, runPixelCheck });
