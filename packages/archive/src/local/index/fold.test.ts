/** What is made comparable, and how. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnText, foldPersonName, foldText, fullTime, nameSounds, plainDate } from "./fold.ts";

describe("folding", () => {
  it.each([
    ["  NOVÁK  ", "novak"],
    ["Weiß", "weiss"],
    ["Sørensen", "sorensen"],
    ["Łukasz", "lukasz"],
    ["ＡＢＣ", "abc"],
    ["a \t b", "a b"],
    ["İ", "i"],
  ])("makes %j %j", (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => foldText(foldText(text)) === foldText(text)),
    );
  });

  it("takes a name apart and drops what is empty at its end", () => {
    expect(foldPersonName("Doe^JOHN^^^=山田^太郎=やまだ^")).toEqual(["doe^john", "山田^太郎", "やまだ"]);
  });

  it.each([
    ["08", "080000.000000", "085959.999999"],
    ["0830", "083000.000000", "083059.999999"],
    ["083015.5", "083015.500000", "083015.599999"],
    ["08:30", "083000.000000", "083059.999999"],
    ["", "", ""],
  ])("the time %j is from %j to %j", (time, from, to) => {
    expect([fullTime(time, "0"), fullTime(time, "9")]).toEqual([from, to]);
  });

  it("reads the date of ACR-NEMA", () => {
    expect(plainDate("2024.01.31")).toBe("20240131");
  });

  it.each([
    ["robert", "rupert"],
    ["ashcraft", "ashcroft"],
    ["meyer", "maier"],
  ])("%s sounds like %s", (one, other) => {
    expect(nameSounds(one)).toBe(nameSounds(other));
  });

  it("leaves nothing that a database refuses", () => {
    expect(columnText("a\0b\ud800c😀")).toBe("a\uFFFDb\uFFFDc😀");
  });
});
