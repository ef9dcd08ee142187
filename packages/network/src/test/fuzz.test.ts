/** A short run of the network's fuzzer, so that it and what it asserts stay true between long runs (`npm run fuzz:network`). */
import { expect, it } from "vitest";
import { runCases } from "../../../../fuzz/network.mjs";

it("mutated conversations end with typed errors, no open connection and no running timer", async () => {
  const { cases, tally, failures } = await runCases({ seed: 1, cases: 2000, milliseconds: 2500 });
  expect(failures).toEqual([]);
  expect(cases).toBeGreaterThan(100);
  // It gets through to the services, and it is refused: both are needed for it to mean anything.
  expect(tally["released"]).toBeGreaterThan(0);
  expect(tally["protocol-violated"]).toBeGreaterThan(0);
});
