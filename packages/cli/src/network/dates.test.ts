/** Dates as people say them. */
import { describe, expect, it } from "vitest";
import { dateOption } from "./dates.ts";

describe("dates", () => {
  const now = new Date(2026, 11, 31, 23, 30);
  it.each([
    ["today", "20261231"],
    ["tomorrow", "20270101"],
    ["yesterday", "20261230"],
    ["2026-01-05", "20260105"],
    ["20260101-20260105", "20260101-20260105"],
    ["20260101-", "20260101-"],
    ["any", undefined],
  ])("%s", (text, expected) => {
    expect(dateOption(text, now)).toBe(expected);
  });
  it.each(["monday", "2026", "2026010", "20260101-2"])("%s is refused", (text) => {
    expect(() => dateOption(text, now)).toThrow(/is no date/);
  });
});
