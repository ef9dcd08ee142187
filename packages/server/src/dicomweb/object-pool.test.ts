import type { ImageSource, InstanceObject } from "@isocenter/archive";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ObjectPool } from "./object-pool.ts";

const key = (sopInstanceUid: string) => ({ studyInstanceUid: "1", seriesInstanceUid: "2", sopInstanceUid });

describe("the pool of opened instances", () => {
  let opened: string[];
  let closed: string[];
  let source: ImageSource;
  beforeEach(() => {
    vi.useFakeTimers();
    opened = [];
    closed = [];
    const open = async ({ sopInstanceUid }: { sopInstanceUid: string }): Promise<InstanceObject> => {
      if (sopInstanceUid === "none") throw new Error("there is none");
      opened.push(sopInstanceUid);
      const object = { ...key(sopInstanceUid), version: "v", read: async () => new Uint8Array(1) };
      return Object.assign(object, {
        [Symbol.asyncDispose]: async () => void closed.push(sopInstanceUid),
      }) as unknown as InstanceObject;
    };
    source = { open } as unknown as ImageSource;
  });
  afterEach(() => vi.useRealTimers());

  it("opens an instance once for many requests, also at the same time", async () => {
    const pool = new ObjectPool();
    const leases = await Promise.all([1, 2, 3].map(() => pool.open(source, key("a"))));
    for (const lease of leases) await lease[Symbol.asyncDispose]();
    await pool.open(source, key("a"));
    expect(opened).toEqual(["a"]);
    expect(closed).toEqual([]);
  });

  it("closes it when its time is over, and not before its readers are done", async () => {
    const pool = new ObjectPool();
    const a = await pool.open(source, key("a"));
    const b = await pool.open(source, key("b"));
    await a[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(5000);
    expect(closed).toEqual(["a"]);
    await b[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(0);
    expect(closed).toEqual(["a", "b"]);
  });

  it("opens anew what is older than a moment, or from before a change", async () => {
    const pool = new ObjectPool();
    await pool.open(source, key("a"), 0);
    await pool.open(source, key("a"), 1999);
    expect(opened).toHaveLength(1);
    await pool.open(source, key("a"), 2000);
    expect(opened).toHaveLength(2);
    pool.clear(source);
    await pool.open(source, key("a"), 2001);
    expect(opened).toHaveLength(3);
  });

  it("keeps no failures, and not more than it should", async () => {
    const pool = new ObjectPool();
    await expect(pool.open(source, key("none"))).rejects.toThrow("there is none");
    await expect(pool.open(source, key("none"))).rejects.toThrow("there is none");
    for (let index = 0; index < 600; index++) {
      await (await pool.open(source, key(String(index))))[Symbol.asyncDispose]();
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(closed).toHaveLength(100);
    expect(closed[0]).toBe("0");
  });

  it("does not mix the instances of two sources", async () => {
    const pool = new ObjectPool();
    await pool.open(source, key("a"));
    await pool.open({ ...source }, key("a"));
    expect(opened).toEqual(["a", "a"]);
  });
});
