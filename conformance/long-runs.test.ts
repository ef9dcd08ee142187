/** Short runs of what is long: the soak and the benches, so that they are known to work when they are wanted. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasProgram, repository, run } from "./support/processes.ts";

const script = (name: string, ...args: string[]) =>
  run(process.execPath, [join(repository, "bench", name), ...args]);

describe("the soak", () => {
  it("loses nothing that was acknowledged, and leaks nothing, in 3,000 operations of 50 associations", async () => {
    const { code, stdout, stderr } = await script("soak.mjs", "--operations", "3000", "--associations", "50");
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("0 lost, 0 changed");
  });
});

describe.skipIf(!hasProgram("storescp"))("the bench of the network", () => {
  it("runs through with a few small files, and prints its table", async () => {
    const { code, stdout, stderr } = await script("network.mjs", "--smoke");
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("| storescu → memory sink | small |");
  });
});
