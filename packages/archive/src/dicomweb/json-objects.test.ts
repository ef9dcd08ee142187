import { describe, expect, it } from "vitest";
import { jsonObjects } from "./json-objects.ts";

const objects = ['{"a":"}]\\"[{\\\\"}', '{"b":[{"c":{}},[1]]}', '{"d":"é漢"}'];
const text = ` [ ${objects.join(" ,\n")} ] `;

async function read(given: string, size: number): Promise<string[]> {
  const bytes = new TextEncoder().encode(given);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
  }
  const found: string[] = [];
  for await (const one of jsonObjects(chunks())) found.push(one);
  return found;
}

describe("the objects of a JSON array", () => {
  it("are found in chunks of any size", async () => {
    for (let size = 1; size <= text.length + 4; size++) {
      expect(await read(text, size), `in chunks of ${size}`).toEqual(objects);
    }
  });

  it("are none in an empty array", async () => {
    expect(await read("[]", 1)).toEqual([]);
  });

  it.each(['{"a":1}', '[{"a":1}', '[{"a":1}] []', "", "<html>", '[{"a":'])(
    "are refused in %j",
    async (given) => {
      await expect(read(given, 3)).rejects.toMatchObject({ code: "web-response-invalid" });
    },
  );
});
