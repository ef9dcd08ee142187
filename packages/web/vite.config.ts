import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: { outDir: "dist", emptyOutDir: true, target: "es2022" },
  // `npx vite` beside a running `npm start`: the page reloads on edits, the API answers from the server.
  server: { proxy: { "/api": "http://127.0.0.1:8104" } },
});
