/** Runs the data layer's checks in a page: `runChecks(name)` answers what is wrong, by check. */
import { checks, type Fixture } from "../../packages/dicom/src/test/checks.ts";

async function runChecks(name: string): Promise<Record<string, readonly string[]>> {
  const [bytes, oracle] = await Promise.all([
    fetch(`/fixtures/${name}`).then((response) => response.arrayBuffer()),
    fetch(`/fixtures/${name}.dump.json`).then((response) => response.json()),
  ]);
  const fixture = { name, bytes: new Uint8Array(bytes), oracle: oracle as Fixture["oracle"] };
  const found: Record<string, readonly string[]> = {};
  for (const [what, check] of Object.entries(checks)) found[what] = await check(fixture);
  return found;
}

Object.assign(globalThis, { runChecks });
