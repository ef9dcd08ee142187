// Builds everything: the packages with `tsc -b` (incremental), then the workstation's page with Vite.
// The page is rebuilt only when its sources changed, so a second `npm start` costs next to nothing.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "packages/cli/dist/.build-stamp");

/** A digest of every file the build reads, by path, size and modification time: cheap enough for each start. */
function sourcesDigest() {
  const hash = createHash("sha256");
  const visit = (path) => {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      for (const name of readdirSync(path).sort()) {
        if (name !== "dist" && name !== "node_modules" && name !== "standard") visit(join(path, name));
      }
    } else if (!/\.test\.tsx?$/.test(path)) {
      hash.update(`${relative(root, path)} ${stat.size} ${stat.mtimeMs}\n`);
    }
  };
  for (const path of ["packages", "tsconfig.json", "tsconfig.base.json", "package-lock.json"])
    visit(join(root, path));
  return hash.digest("hex");
}

function step(name, file, args, cwd = root) {
  if (!existsSync(file)) {
    process.stderr.write(
      `isocenter: cannot build: ${name} is not installed. Run \`npm ci\` (with development dependencies) first.\n`,
    );
    return 1;
  }
  const result = spawnSync(process.execPath, [file, ...args], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return result.status ?? 1;
}

/**
 * Builds what is out of date.
 * @returns exit code: 0 when everything is built
 */
export function build({ quiet = false } = {}) {
  const digest = sourcesDigest();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === digest) return 0;
  if (!quiet) process.stdout.write("Building Isocenter …\n");
  const modules = join(root, "node_modules");
  const code =
    step("TypeScript", join(modules, "typescript/bin/tsc"), ["-b"]) ||
    step(
      "Vite",
      join(modules, "vite/bin/vite.js"),
      ["build", "--logLevel", "warn"],
      join(root, "packages/web"),
    );
  if (code !== 0) return code;
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, digest);
  return 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = build();
}
