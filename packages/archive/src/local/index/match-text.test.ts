/** Attribute matching, PS3.4 C.2.2.2. */
import { expect, it } from "vitest";
import type { Vr } from "@isocenter/dicom";
import { matchesText } from "./match-text.ts";

it.each<[Vr, string, string, boolean]>([
  ["LO", "4711", "4711", true],
  ["LO", "4711", "471", false],
  ["LO", "4711", "47*", true],
  ["LO", "4711", "47?1", true],
  ["LO", "a.c", "a?c", true],
  ["LO", "abc", "a.c", false],
  ["LO", "abcabd", "*abd", true],
  ["LO", "abcabd", "a*c*d", true],
  ["LO", "abc", "abc?", false],
  ["LO", "abc", "*abc*", true],
  ["CS", "CT", "ct", false],
  ["UI", "1.2.3", "1.2.3", true],
  ["UI", "1.2.3", "1.2.*", false],
  ["PN", "Novák^Petr", "novak*", true],
  ["PN", "Doe^Jane", "DOE^JANE^^", true],
  ["PN", "Tanaka^Hiroshi=田中^宏", "田中*", true],
  ["PN", "Tanaka^Hiroshi=田中^宏", "tanaka*=山*", false],
  ["PN", "Tanaka^Hiroshi=田中^宏", "tanaka*=田*", true],
  ["PN", "Tanaka^Hiroshi", "=田*", false],
  ["LO", "", "*", true],
  ["DA", "20260115", "20260101-20260131", true],
  ["DA", "20260131", "20260101-20260131", true],
  ["DA", "20260201", "20260101-20260131", false],
  ["DA", "20260115", "20260101-", true],
  ["DA", "20251231", "20260101-", false],
  ["DA", "20251231", "-20260101", true],
  ["DA", "2026.01.15", "20260115", true],
  ["DA", "", "20260101-", false],
  ["TM", "101530", "10", true],
  ["TM", "101530.5", "0900-1015", true],
  ["TM", "101630", "0900-1015", false],
  ["IS", "1 ", "1", true],
])("%s %j against %j: %s", (vr, stored, wanted, expected) => {
  expect(matchesText(vr, [stored], [wanted])).toBe(expected);
});

it("no value matches everything, a list matches any", () => {
  expect(matchesText("LO", [], [])).toBe(true);
  expect(matchesText("LO", ["x"], [""])).toBe(true);
  expect(matchesText("UI", ["1.3"], ["1.2", "1.3"])).toBe(true);
  expect(matchesText("CS", ["CT", "SR"], ["SR"])).toBe(true);
  expect(matchesText("LO", [], ["x"])).toBe(false);
});

it("a hostile pattern ends in time", () => {
  const start = performance.now();
  expect(matchesText("LO", ["a".repeat(2000)], [`${"*a".repeat(30)}*b`])).toBe(false);
  expect(matchesText("LO", ["a".repeat(2000)], [`${"*a".repeat(30)}*`])).toBe(true);
  expect(performance.now() - start).toBeLessThan(1000);
});
