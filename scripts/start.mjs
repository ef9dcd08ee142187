// `npm start`: build what changed, then serve the archive with the demo hospital in ./isocenter-data.
// Arguments after `--` go to `isocenter serve` and win over these defaults.
import { build } from "./build.mjs";

const code = build();
if (code !== 0) process.exit(code);
const { run } = await import("../packages/cli/dist/main.js");
process.exitCode = await run(["serve", "--demo", ...process.argv.slice(2)]);
