import { describe, expect, it } from "vitest";
import { jsonArray, topLevelUids } from "./json-text.ts";

const metadata = JSON.stringify({
  "00080005": { vr: "CS", Value: ['a"{\\'] },
  "00080018": { vr: "UI", Value: ["1.3"] },
  "00081115": {
    vr: "SQ",
    Value: [{ "0020000E": { vr: "UI", Value: ["9.9"] }, "0020000D": { vr: "UI", Value: ["8.8"] } }],
  },
  "00100010": { vr: "PN", Value: [{ Alphabetic: '"0020000D":{"vr":"UI","Value":["7.7"]}' }] },
  "0020000D": { vr: "UI", Value: ["1.1"] },
  "0020000E": { vr: "UI", Value: ["1.2"] },
});

describe("the UIDs of serialised metadata", () => {
  it("are those of the instance itself, and not of what it refers to", () => {
    expect(topLevelUids(metadata)).toEqual({ study: "1.1", series: "1.2", instance: "1.3" });
  });

  it("are not looked for where they are known", () => {
    expect(topLevelUids(metadata.slice(0, 80), { study: "1.1", series: "1.2" })).toEqual({
      study: "1.1",
      series: "1.2",
      instance: "1.3",
    });
  });

  it("are missing where they are, also in text that is cut short", () => {
    expect(topLevelUids('{"00080018":{"vr":"UI"}}')).toEqual({});
    for (let length = 0; length < metadata.length; length += 7) {
      expect(topLevelUids(metadata.slice(0, length)).study ?? "1.1").toBe("1.1");
    }
  });
});

describe("a JSON array of serialised objects", () => {
  async function* objects(count: number, length: number): AsyncGenerator<string> {
    for (let index = 0; index < count; index++) yield JSON.stringify({ index, text: "x".repeat(length) });
  }

  it.each([
    [0, 0],
    [1, 10],
    [3, 200_000],
    [5000, 100],
  ])("of %i objects is one, in chunks of some size", async (count, length) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of jsonArray(objects(count, length))) chunks.push(chunk);
    const all = JSON.parse(Buffer.concat(chunks).toString()) as { index: number }[];
    expect(all.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, index) => index));
    // All but the last are worth a write.
    for (const chunk of chunks.slice(0, -1)) expect(chunk.byteLength).toBeGreaterThan(100_000);
  });
});
