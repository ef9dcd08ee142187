import { crc32 as zlibCrc32 } from "node:zlib";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { crc32, type ZipEntry, zipStream } from "./zip.ts";

async function archive(entries: readonly ZipEntry[]): Promise<Buffer> {
  async function* all(): AsyncGenerator<ZipEntry> {
    yield* entries;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of zipStream(all())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const entry = (name: string, ...chunks: readonly Uint8Array[]): ZipEntry => ({
  name,
  async *bytes() {
    yield* chunks;
  },
});

describe("a zip archive", () => {
  it("gives back what was put in", async () => {
    const large = Uint8Array.from({ length: 70_001 }, (_, index) => (index * 31) & 0xff);
    const zip = await archive([
      entry("a/é.dcm", Uint8Array.of(1, 2), Uint8Array.of(3)),
      entry("empty"),
      entry("b", large),
    ]);
    const files = unzipSync(zip);
    expect(Object.keys(files)).toEqual(["a/é.dcm", "empty", "b"]);
    expect([...files["a/é.dcm"]!]).toEqual([1, 2, 3]);
    expect(Buffer.from(large).equals(files["b"]!)).toBe(true);
  });

  it("can be empty", async () => {
    expect(unzipSync(await archive([]))).toEqual({});
  });

  it("leaves each chunk as it came, before the next is asked for", async () => {
    const seen: string[] = [];
    async function* all(): AsyncGenerator<ZipEntry> {
      yield {
        name: "a",
        async *bytes() {
          seen.push("first asked");
          yield Uint8Array.of(1);
          seen.push("second asked");
          yield Uint8Array.of(2);
        },
      };
    }
    for await (const chunk of zipStream(all())) if (chunk.byteLength === 1) seen.push(`got ${chunk[0]}`);
    expect(seen).toEqual(["first asked", "got 1", "second asked", "got 2"]);
  });
});

describe("CRC-32", () => {
  it("is zlib's, in pieces of any length", () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7 + (index >> 3)) & 0xff);
    for (let cut = 0; cut < 40; cut++) {
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut), 0))).toBe(zlibCrc32(bytes));
    }
  });
});
