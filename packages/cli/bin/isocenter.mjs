#!/usr/bin/env node
// The command on the path. Kept apart from dist/ so that `npm ci` can link it before the first build.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write("isocenter: not built yet; run `npm run build` in the repository first.\n");
  process.exit(1);
}
const { run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
