import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const stub = (name: string): string => fileURLToPath(new URL(`./src/stubs/${name}.ts`, import.meta.url));

export default defineConfig({
  base: "/",
  plugins: [react()],
  resolve: {
    alias: [
      // Readers and writers of vtk.js files drag it in. No such file is read here, and it needs Node's modules.
      { find: /^xmlbuilder2$/, replacement: stub("xmlbuilder2") },
      { find: /^(fs|path)$/, replacement: stub("node-module") },
    ],
  },
  worker: { format: "es" },
  // The viewer is one lazy chunk of its own: most of it is the rendering library.
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 6000 },
  // `npx vite` beside a running `npm start`: the page reloads on edits, the API answers from the server.
  server: { proxy: { "/api": "http://127.0.0.1:8104", "/dicom-web": "http://127.0.0.1:8104" } },
});
