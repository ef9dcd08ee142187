/** Loads the demo hospital: real, openly licensed images of fictional patients (demo/README.md). */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LocalArchive } from "@isocenter/archive";
import { instanceFromFile, isPart10File, walkFiles } from "@isocenter/archive/files";
import { type InstanceStream } from "@isocenter/archive/image-source";
import type { Io } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/** From src/ and from dist/ alike: packages/cli/… → the repository's demo folder. */
const demoFolder = fileURLToPath(new URL("../../../demo", import.meta.url));

/** Fills an empty archive; one that holds anything is left as it is. */
export async function loadDemo(archive: LocalArchive, io: Io): Promise<void> {
  if ((await archive.counts()).instances > 0) return;
  if (!existsSync(demoFolder))
    throw new UsageError("The demo hospital is only in the repository, not in the installed package.");
  io.stdout.write("Loading the demo hospital …\n");
  let failed = 0;
  for await (const outcome of archive.store(demoInstances(), { signal: io.signal })) {
    if (outcome.kind === "failed") failed++;
  }
  if (failed > 0)
    io.stderr.write(`isocenter serve: ${failed} files of the demo hospital could not be stored.\n`);
}

async function* demoInstances(): AsyncGenerator<InstanceStream> {
  for await (const path of walkFiles([demoFolder])) {
    if (await isPart10File(path)) yield await instanceFromFile(path);
  }
}
