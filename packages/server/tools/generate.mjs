/** Writes docs/isocenter.schema.json from the configuration's schema, as it is in the build. */
import { writeFile } from "node:fs/promises";
import { configJsonSchema } from "@isocenter/server";

const path = new URL("../../../docs/isocenter.schema.json", import.meta.url);
await writeFile(path, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
