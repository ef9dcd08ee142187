/** The dictionary: generated output up to date, every row of the standard's table, and small in a browser bundle. */
import "./register.ts";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { dictionaryEntry, keywordOf, parseTag, tagOf } from "./dictionary.ts";
import { implicitVr } from "./vr-of.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function table(name: string): Record<string, string>[] {
  const [header = "", ...lines] = readFileSync(here(`../../standard/${name}.tsv`), "utf8")
    .trimEnd()
    .split("\n");
  const columns = header.split("\t");
  return lines.map((line) =>
    Object.fromEntries(line.split("\t").map((cell, index) => [columns[index] ?? "", cell])),
  );
}

describe("generated tables", () => {
  it.each(["dicom", "network"])("of %s are what the generator writes today", async (name) => {
    const generator = (await import(here(`../../../${name}/tools/generate.mjs`))) as {
      generate(): Record<string, string>;
    };
    for (const [path, content] of Object.entries(generator.generate())) {
      expect(readFileSync(here(`../../../${name}/src/${path}`), "utf8") === content, path).toBe(true);
    }
  });
});

describe("the dictionary", () => {
  const rows = table("elements").filter(
    (row) => /^[0-9A-F]{8}$/i.test(row["tag"] ?? "") && row["vr"] !== "NONE",
  );

  it("has keyword, VR and VM of every element", () => {
    expect(rows.length).toBeGreaterThan(5000);
    for (const { tag = "", keyword = "", vr = "", vm = "" } of rows) {
      const entry = dictionaryEntry(Number.parseInt(tag, 16));
      if (keyword === "" && entry === undefined) continue;
      expect(entry, tag).toMatchObject({ keyword, vr, vm });
      if (keyword !== "") expect(tagOf(keyword), keyword).toBe(Number.parseInt(tag, 16));
    }
  });

  it("knows repeating groups, private creators and group lengths", () => {
    expect(keywordOf(0x60020010)).toBe("OverlayRows");
    expect(implicitVr(0x60020010)).toBe("US");
    expect(implicitVr(0x00090010)).toBe("LO");
    expect(implicitVr(0x00091001)).toBe("UN");
    expect(implicitVr(0x00080000)).toBe("UL");
    expect(implicitVr(0x00280106)).toBe("US");
    expect(implicitVr(0x00280106, true)).toBe("SS");
  });

  it.each(["PatientID", "00100020", "0010,0020", "(0010,0020)"])("reads %s as a tag", (text) => {
    expect(parseTag(text)).toBe(0x00100020);
  });

  it("refuses unknown keywords by name", () => {
    expect(() => DataSet.of({ PatientNam: "x" } as never)).toThrowError(
      expect.objectContaining({ code: "keyword-unknown" }),
    );
  });
});

/** Bytes of a browser bundle of one entry. */
async function bundled(code: string): Promise<number> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["isocenter-src"] },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? "\0entry" : undefined),
        load: (id) => (id === "\0entry" ? code : undefined),
      },
    ],
    build: {
      write: false,
      target: "es2022",
      rollupOptions: { input: "entry", preserveEntrySignatures: "strict" },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  return outputs
    .flatMap((one) => ("output" in one ? one.output : []))
    .reduce((sum, one) => sum + ("code" in one ? one.code.length : 0), 0);
}

describe("in a browser bundle", () => {
  const dictionary = JSON.stringify(here("./dictionary.ts"));

  it("the dictionary costs less than 300 kB", async () => {
    const bytes = await bundled(`export { dictionaryEntry, tagOf } from ${dictionary};`);
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(300_000);
  });

  it("a parser of headers costs less than 60 kB, and finds elements by tag", async () => {
    const bytes = await bundled(`export { Part10Parser } from ${JSON.stringify(here("../parser.ts"))};`);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(60_000);
  });

  it("nothing of it is unpacked before the first question", () => {
    const source = readFileSync(here("./dictionary.ts"), "utf8");
    expect(source).toMatch(/let unpacked: Unpacked \| undefined;/);
  });
});
