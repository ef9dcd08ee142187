/** Every defined term of (0008,0005), in and out, and the examples of PS3.5 Annexes H to K to the byte. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DicomError } from "../errors.ts";
import { CharacterSet, type TextShape } from "./character-set.ts";
import { characterSetTerms } from "./terms.ts";

const rows = readFileSync(new URL("../../standard/charsets.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t") as [string, string, string, string, string, string, string, string]);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const text = (latin1: string): Uint8Array => Buffer.from(latin1, "latin1");
const of = (...terms: string[]): CharacterSet => CharacterSet.of(terms);

it("every term of the standard's table is known", () => {
  expect(rows.length).toBeGreaterThan(35);
  for (const [term] of rows) expect(characterSetTerms()).toContain(term);
});

describe("single-byte sets", () => {
  const single = rows.filter(
    ([term, kind, , , half]) => kind.startsWith("single") && half === "G1" && !term.endsWith("IR 13"),
  );
  it.each(single.map((row) => [row[0], row[6], row[5]] as const))(
    "%s: every byte as %s has it",
    (term, label, escape) => {
      const set = term.startsWith("ISO 2022") ? of("", term) : of(term);
      let tried = 0;
      for (let byte = 0xa0; byte <= 0xff; byte++) {
        const expected = new TextDecoder(label).decode(Uint8Array.of(byte));
        // WHATWG's tables put private characters where a set has a hole.
        if (/[\ufffd\ue000-\uf8ff]/u.test(expected)) continue;
        tried++;
        const bytes = Buffer.concat([Buffer.from(escape, "hex"), Uint8Array.of(byte)]);
        expect(set.decode(bytes, "text"), hex(bytes)).toBe(expected);
        expect(hex(set.encode(expected))).toBe(hex(bytes));
      }
      expect(tried).toBeGreaterThan(50);
    },
  );

  it("ISO_IR 100 keeps the controls that browsers show as quotes", () => {
    expect(of("ISO_IR 100").decode(Uint8Array.of(0x93), "text")).toBe("\u0093");
  });

  it("ISO_IR 13: katakana above, yen for backslash only where it is no delimiter", () => {
    const set = of("ISO_IR 13");
    expect(set.decode(Uint8Array.of(0xd4, 0xcf, 0xc0, 0xde), "person-name")).toBe("ﾔﾏﾀﾞ");
    expect(hex(set.encode("ﾔﾏﾀﾞ^ﾀﾛｳ"))).toBe("d4cfc0de5ec0dbb3");
  });
});

describe("multi-byte sets", () => {
  it.each([
    ["ISO 2022 IR 87", "山田太郎やまだたろう一丁亜"],
    ["ISO 2022 IR 159", "丂丄丅侄"],
    ["ISO 2022 IR 149", "김희중洪吉洞"],
    ["ISO 2022 IR 58", "王小东第一行文字"],
    ["ISO_IR 192", "Wang^XiaoDong=王^小東 😀 Διον Люк"],
    ["GB18030", "Wang^XiaoDong=王^小东 丂 ﷐ 㐀 ᠠ 😀 €"],
    ["GBK", "王小东丂"],
  ])("%s writes and reads %s", (term, value) => {
    const set = term.startsWith("ISO 2022") ? of("", term) : of(term);
    expect(set.decode(set.encode(value), "person-name")).toBe(value);
  });

  it("GB18030 writes what the decoder of the platform reads, for every character of the basic plane", () => {
    const set = of("GB18030");
    let value = "";
    for (let code = 0x80; code < 0xd800; code += 7) value += String.fromCharCode(code);
    expect(new TextDecoder("gb18030").decode(set.encode(value))).toBe(value);
  });
});

describe("the examples of PS3.5", () => {
  it.each<[string, string[], string, string]>([
    [
      "H.3.1",
      ["", "ISO 2022 IR 87"],
      "Yamada^Tarou=山田^太郎=やまだ^たろう",
      "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
    ],
    [
      "H.3.2",
      ["ISO 2022 IR 13", "ISO 2022 IR 87"],
      "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
      "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
    ],
    [
      "I.2",
      ["", "ISO 2022 IR 149"],
      "Hong^Gildong=洪^吉洞=홍^길동",
      "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ],
    [
      "K.2",
      ["", "ISO 2022 IR 58"],
      "Zhang^XiaoDong=张^小东=",
      "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
    ],
  ])("%s", (_where, terms, value, bytes) => {
    const set = of(...terms);
    expect(set.decode(text(bytes), "person-name")).toBe(value);
    expect(Buffer.from(set.encode(value)).toString("latin1")).toBe(bytes);
  });
});

describe("resets of code extensions", () => {
  // Greek by escape, then a delimiter, then the same byte again: after a reset it is Latin 1.
  const cases: [TextShape, string, boolean][] = [
    ["person-name", "^", true],
    ["person-name", "=", true],
    ["person-name", "\\", true],
    ["multiple", "\\", true],
    ["multiple", "^", false],
    ["multiple", "=", false],
    ["text", "\\", false],
    ["text", "\r", true],
    ["text", "\n", true],
    ["text", "\f", true],
    ["text", "\t", true],
  ];
  it.each(cases)("%s: %j resets: %s", (shape, delimiter, resets) => {
    const set = of("ISO 2022 IR 100", "ISO 2022 IR 126");
    expect(set.decode(text(`\x1b-F\xe1${delimiter}\xe1`), shape)).toBe(`α${delimiter}${resets ? "á" : "α"}`);
  });
});

describe("wrong or missing character sets", () => {
  it("use the caller's fallback", () => {
    const bytes = text("J\xe9r\xf4me");
    expect(CharacterSet.of([]).decode(bytes, "text")).toBe("J\ufffdr\ufffdme");
    expect(CharacterSet.of([], { fallback: "ISO_IR 100" }).decode(bytes, "text")).toBe("Jérôme");
    expect(CharacterSet.of(["NONSENSE"], { fallback: "ISO_IR 100" }).decode(bytes, "text")).toBe("Jérôme");
    // A fallback is no override.
    expect(
      CharacterSet.of(["ISO_IR 126"], { fallback: "ISO_IR 100" }).decode(Uint8Array.of(0xe1), "text"),
    ).toBe("α");
  });

  it("are an error when writing, or the caller's replacement", () => {
    expect(() => of("ISO_IR 100").encode("α")).toThrow(DicomError);
    expect(Buffer.from(of("ISO_IR 100").encode("aαb", { replacement: "?" })).toString()).toBe("a?b");
  });

  it("show an escape sequence nobody knows, and read on", () => {
    expect(of("ISO 2022 IR 100").decode(text("a\x1b%Zb"), "text")).toContain("b");
  });
});
