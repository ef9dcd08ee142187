/** Every fixture file against its oracle: values, byte-for-byte rewriting, and any chunking. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DicomError } from "./errors.ts";
import { decodePart10, type Part10 } from "./part10/part10.ts";
import { differences, type OracleDataSet } from "./test/oracle.ts";

const root = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const dumps = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".dump.json"))
  .sort();
console.log(dumps.length);
for (const dump of dumps) {
  const name = dump.slice(0, -".dump.json".length);
  it(name, () => {
    const bytes = readFileSync(join(root, name));
    const oracle = JSON.parse(readFileSync(join(root, dump), "utf8")) as {
      meta: OracleDataSet;
      dataset: OracleDataSet;
    };
    const f = decodePart10(bytes);
    expect(differences(f.dataSet, oracle.dataset)).toEqual([]);
    expect(differences(f.meta, oracle.meta)).toEqual([]);
  });
}
