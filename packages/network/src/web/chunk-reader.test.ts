import { describe, expect, it } from "vitest";
import { chunkReader } from "./chunk-reader.ts";

/** A byte stream that fills what it is given, up to `most` bytes a time. */
function byteStream(total: number, most: number): { readable: ReadableStream<Uint8Array>; fills: number[] } {
  const fills: number[] = [];
  let left = total;
  const readable = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const request = controller.byobRequest;
      const room = request?.view?.byteLength ?? 0;
      const count = Math.min(left, most, room);
      left -= count;
      fills.push(count);
      if (count === 0) controller.close();
      request?.respond(count);
    },
  });
  return { readable, fills };
}

async function all(readable: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const reader = chunkReader(readable);
  const chunks: Uint8Array[] = [];
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) chunks.push(chunk);
  return chunks;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe("a reader of byte streams", () => {
  it("reads much in few pieces", async () => {
    const total = 64 << 20;
    const { readable, fills } = byteStream(total, total);
    expect(sum((await all(readable)).map((chunk) => chunk.byteLength))).toBe(total);
    // 256 KiB a time once it has seen that more comes; the streams' own buffers would be 16,384 reads.
    expect(fills.length).toBeLessThan(270);
  });

  it("keeps no large buffer for a few bytes", async () => {
    const { readable } = byteStream(1 << 20, 1 << 18);
    const big = await all(readable);
    expect(Math.max(...big.map((chunk) => chunk.byteLength))).toBe(1 << 18);
    const { readable: slow } = byteStream(10_000, 100);
    for (const chunk of await all(slow)) expect(chunk.buffer.byteLength).toBe(chunk.byteLength);
  });

  it("gives each chunk a buffer of its own", async () => {
    const { readable } = byteStream(1 << 20, 1 << 16);
    const chunks = await all(readable);
    expect(new Set(chunks.map((chunk) => chunk.buffer)).size).toBe(chunks.length);
    expect(sum(chunks.map((chunk) => chunk.byteLength))).toBe(1 << 20);
  });

  it("reads streams of chunks as they are", async () => {
    const chunk = Uint8Array.of(1, 2, 3);
    const readable = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(chunk);
        controller.close();
      },
    });
    const [only, ...more] = await all(readable);
    expect(only).toBe(chunk);
    expect(more).toEqual([]);
  });
});
