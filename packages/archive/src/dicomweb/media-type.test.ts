import { describe, expect, it } from "vitest";
import { parseMediaType, parseMediaTypes } from "./media-type.ts";

const shown = (text: string): unknown[] =>
  parseMediaTypes(text).map(({ type, parameters }) => [type, Object.fromEntries(parameters)]);

describe("media types", () => {
  it.each([
    ["application/DICOM", [["application/dicom", {}]]],
    [
      'multipart/related; type="application/dicom"; transfer-syntax=*, */*;q=0.1',
      [
        ["multipart/related", { type: "application/dicom", "transfer-syntax": "*" }],
        ["*/*", { q: "0.1" }],
      ],
    ],
    ['a/b; c="x,y;z"', [["a/b", { c: "x,y;z" }]]],
    ['a/b; c="\\"q\\""', [["a/b", { c: '"q"' }]]],
    [
      " , a/b ,, c/d;",
      [
        ["a/b", {}],
        ["c/d", {}],
      ],
    ],
    ["a/b; Q=1; q=0", [["a/b", { q: "1" }]]],
    ["", []],
  ])("%s", (text, expected) => {
    expect(shown(text)).toEqual(expected);
  });

  it.each([
    "a",
    "a/",
    "/b",
    "a b/c",
    'a/b; c="d',
    "a/b; =c",
    "a/b; c",
    `a/b; c=${"d".repeat(9000)}`,
    "a/b\r\nX: y",
  ])("refuses %j", (text) => {
    expect(() => parseMediaTypes(text)).toThrow(expect.objectContaining({ code: "media-type-invalid" }));
  });

  it("is one where one is asked for", () => {
    expect(() => parseMediaType("a/b, c/d")).toThrow(expect.objectContaining({ code: "media-type-invalid" }));
  });
});
