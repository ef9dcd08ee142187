/** Who decides where a call is made. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InPlace } from "./in-place.ts";

function waste(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("a call to the disk", () => {
  it("is made in place while calls are quick, and on a thread once they are slow, with a try now and then", async () => {
    const calls = new InPlace();
    for (let count = 0; count < 20; count++) {
      expect(calls.isBetter()).toBe(true);
      expect(calls.run(() => count)).toBe(count);
      await turn();
    }
    for (let count = 0; count < 10; count++) calls.run(() => waste(3));
    await turn();
    const tried = Array.from({ length: 100 }, () => calls.isBetter()).filter(Boolean);
    expect(tried).toHaveLength(2);
  });

  it("is left to a thread when much was done in one turn", async () => {
    const calls = new InPlace();
    for (let count = 0; count < 20; count++) calls.run(() => waste(0.2));
    expect(calls.isBetter()).toBe(false);
    await turn();
    expect(calls.isBetter()).toBe(true);
  });
});
