/** Bundles an entry from the sources for a runtime that is not Node. */
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** @returns one ES module without imports */
export async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["isocenter-src"] },
    // What Emscripten asks where it believes to be in Node.
    define: { __dirname: '"/"', __filename: '"/codec.js"' },
    build: {
      write: false,
      target: "es2022",
      minify: false,
      rollupOptions: {
        input: fileURLToPath(new URL(entry, import.meta.url)),
        preserveEntrySignatures: "strict",
        // Left to the runtime, which compiles or has them.
        external: /^(wasm|cloudflare):/,
        output: { format: "es", codeSplitting: false },
      },
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  const chunk = output !== undefined && "output" in output ? output.output[0] : undefined;
  if (chunk?.type !== "chunk") throw new Error(`${entry} gave no chunk`);
  return chunk.code;
}
