/** Stands for Node's `fs` and `path`, which the codecs' Emscripten code names and never uses in a browser (vite.config.ts). */

export const readFileSync = undefined;
