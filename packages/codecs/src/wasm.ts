/**
 * The WASM codecs, loaded at the first frame that needs one, one instance each.
 *
 * Where WASM cannot be fetched or compiled at run time, as in Workers, {@link useWasm} hands in factories made there.
 */

/** What Emscripten's factories take of us: silence, and how to get the module where there is no file. */
export interface WasmOptions {
  print?(text: string): void;
  printErr?(text: string): void;
  /** URL of the .wasm file, where it is not beside the script. */
  locateFile?(name: string): string;
  instantiateWasm?(imports: object, done: (instance: object, module: object) => void): object;
}

/** One module's classes, as Emscripten binds them. */
export type WasmModule = Readonly<Record<string, new () => WasmCodec>>;
export type WasmFactory = (options: WasmOptions) => Promise<WasmModule>;
export type WasmName = "charls" | "openjpeg" | "openjph" | "libjpeg-turbo";

export interface WasmFrameInfo {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned: boolean;
}

/** The methods that are used, of whichever class has them. */
export interface WasmCodec {
  getEncodedBuffer(length?: number): Uint8Array;
  getDecodedBuffer(info?: object): Uint8Array;
  decode(): void;
  encode(): void;
  getFrameInfo(): WasmFrameInfo;
  getInterleaveMode?(): number;
  setNearLossless?(near: number): void;
  setQuality?(...quality: (boolean | number)[]): void;
  setInterleaveMode?(mode: number): void;
  setDecompositions?(count: number): void;
  setProgressionOrder?(order: number): void;
  setTLMMarker?(isSet: boolean): void;
  setProgressive?(isProgressive: boolean): void;
  setSubSampling?(mode: number): void;
  setQualityFactor?(quality: number): void;
  delete(): void;
}

/** Emscripten's output is CommonJS, whose export a bundler may or may not put under `default`. */
type Imported = { readonly default?: WasmFactory } & WasmFactory;

const imports: Readonly<Record<WasmName, () => Promise<unknown>>> = {
  charls: () => import("@cornerstonejs/codec-charls/wasmjs"),
  openjpeg: () => import("@cornerstonejs/codec-openjpeg/wasmjs"),
  openjph: () => import("@cornerstonejs/codec-openjph/wasmjs"),
  "libjpeg-turbo": () => import("@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs"),
};
/** Encoders and decoders have instances of their own: what one leaves in its memory must not reach the other. */
type Instance = `${WasmName} ${"decode" | "encode"}`;

const factories = new Map<WasmName, WasmFactory>();
const modules = new Map<Instance, Promise<WasmModule>>();

/** Hands in the factory of a codec, before its first use. */
export function useWasm(name: WasmName, factory: WasmFactory): void {
  factories.set(name, factory);
  modules.delete(`${name} decode`);
  modules.delete(`${name} encode`);
}

function wasm(name: WasmName, instance: Instance): Promise<WasmModule> {
  const known = modules.get(instance);
  if (known !== undefined) return known;
  const loading = load(name);
  modules.set(instance, loading);
  loading.catch(() => modules.delete(instance));
  return loading;
}

async function load(name: WasmName): Promise<WasmModule> {
  const given = factories.get(name);
  const imported = given ?? ((await imports[name]()) as Imported);
  const factory = typeof imported === "function" ? imported : (imported as Imported).default;
  if (factory === undefined) throw new TypeError(`The codec ${name} has no factory.`);
  // The codecs chat on standard output otherwise, which belongs to the program.
  return factory({ print: () => undefined, printErr: () => undefined });
}

/** Makes an object of a codec's class, uses it, and frees it: WASM memory has no garbage collector. */
export async function withCodec<T>(
  name: WasmName,
  className: string,
  use: (codec: WasmCodec) => T,
): Promise<T> {
  const instance: Instance = `${name} ${className.endsWith("Encoder") ? "encode" : "decode"}`;
  const module = await wasm(name, instance);
  const Class = module[className];
  if (Class === undefined) throw new TypeError(`The codec ${name} has no ${className}.`);
  try {
    const codec = new Class();
    const result = use(codec);
    codec.delete();
    return result;
  } catch (error) {
    // Memory that a trap or a C++ exception left behind is not used again.
    modules.delete(instance);
    throw error;
  }
}
