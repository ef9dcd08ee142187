import { describe, expect, it } from "vitest";
import { isUnchanged, quoted, rangeOf } from "./conditional.ts";

const request = (headers: Record<string, string>): Request => new Request("http://x/", { headers });
const etag = '"a"';

/** RFC 9110 14.1.2. */
describe("a range of 100 bytes", () => {
  it.each([
    ["bytes=0-9", { start: 0, end: 10 }],
    ["bytes=90-", { start: 90, end: 100 }],
    ["bytes=90-500", { start: 90, end: 100 }],
    ["bytes=-10", { start: 90, end: 100 }],
    ["bytes=-500", { start: 0, end: 100 }],
    // What is no single range of bytes is answered with the whole.
    ["bytes=0-1,5-6", undefined],
    ["bytes=5-1", undefined],
    ["bytes=-", undefined],
    ["lines=1-2", undefined],
    ["bytes=a-b", undefined],
  ])("%s", (range, expected) => {
    expect(rangeOf(request({ range }), 100, etag)).toEqual(expected);
  });

  it.each(["bytes=100-", "bytes=100-200", "bytes=-0"])("is not there at %s", (range) => {
    expect(() => rangeOf(request({ range }), 100, etag)).toThrow(
      expect.objectContaining({ status: 416, options: { headers: { "content-range": "bytes */100" } } }),
    );
  });

  it("is the whole when the resource has changed meanwhile", () => {
    expect(rangeOf(request({ range: "bytes=0-9", "if-range": '"b"' }), 100, etag)).toBeUndefined();
    expect(rangeOf(request({ range: "bytes=0-9", "if-range": etag }), 100, etag)).toEqual({
      start: 0,
      end: 10,
    });
  });
});

describe("If-None-Match", () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ["*", true],
    ['"b"', false],
    ["a", false],
  ])("%s", (header, expected) => {
    expect(isUnchanged(request({ "if-none-match": header }), etag)).toBe(expected);
  });

  it("makes tags that cannot leave their quotes", () => {
    expect(quoted('a"b\r\nX: 1é')).toBe('"abX:1"');
  });
});
