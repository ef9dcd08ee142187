declare module "wasm:*" {
  const module: WebAssembly.Module;
  // The runtime gives a compiled module as the default export.
  // oxlint-disable-next-line import/no-default-export
  export default module;
}
