import { inflateSync, crc32 as zlibCrc32 } from "node:zlib";
import type { RenderedFrame } from "@isocenter/codecs";
import { describe, expect, it } from "vitest";
import { pictureOf } from "./picture.ts";
import type { Rendering } from "./rendering.ts";

/** Each pixel's red is its column, its green its row. */
function gradient(width: number, height: number): RenderedFrame {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgba.set([x, y, 0], (y * width + x) * 4);
  }
  return { width, height, rgba };
}

interface Png {
  readonly width: number;
  readonly height: number;
  readonly pixel: (x: number, y: number) => number[];
}

/** Reads our own kind of PNG: 8 bits, and each row with the filter "sub". */
function readPng(bytes: Uint8Array): Png {
  const file = Buffer.from(bytes);
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const typed = file.subarray(at + 4, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(zlibCrc32(typed));
    chunks.set(typed.toString("latin1", 0, 4), typed.subarray(4));
    at += 12 + length;
  }
  const header = chunks.get("IHDR")!;
  const [width, height, channels] = [header.readUInt32BE(0), header.readUInt32BE(4), header[9] === 0 ? 1 : 3];
  const rows = inflateSync(chunks.get("IDAT")!);
  for (let y = 0; y < height; y++) {
    const start = y * (width * channels + 1) + 1;
    for (let x = channels; x < width * channels; x++) rows[start + x]! += rows[start + x - channels]!;
  }
  return {
    width,
    height,
    pixel: (x, y) => [...rows.subarray(y * (width * channels + 1) + 1 + x * channels).subarray(0, channels)],
  };
}

const png = async (frame: RenderedFrame, how: Omit<Rendering, "mediaType"> = {}): Promise<Png> =>
  readPng(await pictureOf(frame, { mediaType: "image/png", ...how }));
const flips = { isFlippedHorizontally: false, isFlippedVertically: false };

describe("a picture", () => {
  it("has the frame's own pixels when nothing else is asked", async () => {
    const { width, height, pixel } = await png(gradient(5, 3));
    expect([width, height]).toEqual([5, 3]);
    expect(pixel(4, 2)).toEqual([4, 2, 0]);
    expect(pixel(1, 0)).toEqual([1, 0, 0]);
  });

  it("has one channel when it is grey", async () => {
    const rgba = new Uint8ClampedArray(4 * 4 * 4).fill(255);
    rgba.set([7, 7, 7], 4);
    expect((await png({ width: 4, height: 4, rgba })).pixel(1, 0)).toEqual([7]);
  });

  it.each([
    [{ width: 10, height: 10 }, [10, 5]],
    [{ width: 100, height: 10 }, [20, 10]],
    [{ width: 400, height: 400 }, [400, 200]],
    [{ width: 1, height: 1 }, [1, 1]],
  ])("fits into %j in its own proportions", async (viewport, size) => {
    const { width, height } = await png(gradient(200, 100), { viewport });
    expect([width, height]).toEqual(size);
  });

  it("averages what falls together when it shrinks", async () => {
    const rgba = new Uint8ClampedArray(64 * 64 * 4).fill(255);
    for (let pixel = 0; pixel < 64 * 64; pixel++) {
      const value = (pixel + Math.floor(pixel / 64)) % 2 === 0 ? 0 : 200;
      rgba.set([value, value, value], pixel * 4);
    }
    const { pixel } = await png({ width: 64, height: 64, rgba }, { viewport: { width: 8, height: 8 } });
    expect(pixel(4, 4)[0]).toBeGreaterThan(95);
    expect(pixel(4, 4)[0]).toBeLessThan(105);
  });

  it("is a part of the frame", async () => {
    const region = { x: 10, y: 20, width: 4, height: 2, ...flips };
    const { width, height, pixel } = await png(gradient(100, 100), {
      region,
      viewport: { width: 4, height: 2 },
    });
    expect([width, height]).toEqual([4, 2]);
    expect(pixel(0, 0)).toEqual([10, 20, 0]);
    expect(pixel(3, 1)).toEqual([13, 21, 0]);
  });

  it("is mirrored where its region is", async () => {
    const region = {
      x: 10,
      y: 20,
      width: 4,
      height: 2,
      isFlippedHorizontally: true,
      isFlippedVertically: true,
    };
    const { pixel } = await png(gradient(100, 100), { region, viewport: { width: 4, height: 2 } });
    expect(pixel(0, 0)).toEqual([13, 21, 0]);
    expect(pixel(3, 1)).toEqual([10, 20, 0]);
  });

  it("ends where the frame does, and is refused outside of it", async () => {
    const across = { x: 90, y: 90, width: 50, height: Infinity, ...flips };
    const { width, height } = await png(gradient(100, 100), {
      region: across,
      viewport: { width: 10, height: 10 },
    });
    expect([width, height]).toEqual([10, 10]);
    const outside = { x: 100, y: 0, width: 5, height: 5, ...flips };
    await expect(png(gradient(100, 100), { region: outside })).rejects.toMatchObject({ status: 400 });
  });

  it("is smaller as JPEG of lower quality", async () => {
    const frame = gradient(200, 200);
    const [low, high] = await Promise.all(
      [10, 95].map((quality) => pictureOf(frame, { mediaType: "image/jpeg", quality })),
    );
    expect([...low!.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    expect(low!.byteLength).toBeLessThan(high!.byteLength);
  });
});
