import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

describe("turns", () => {
  it("are taken in order, each by name, and who gives up holds nobody up", async () => {
    const turns = new Turns();
    const told: string[] = [];
    const first = await turns.take("a", undefined);
    const leaving = new AbortController();
    const second = turns.take("a", leaving.signal);
    const third = turns.take("a", undefined).then((end) => {
      told.push("third");
      end();
    });
    (await turns.take("b", undefined))();
    leaving.abort(new Error("left"));
    await expect(second).rejects.toThrow("left");
    expect(told).toEqual([]);
    first();
    await third;
    expect(told).toEqual(["third"]);
    (await turns.take("a", undefined))();
    await expect(turns.take("a", AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
  });
});
