/** Every fixture file, by the checks that all runtimes share; errors instead of crashes for the malformed ones. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DicomError } from "./errors.ts";
import { decodePart10 } from "./part10/part10.ts";
import { checks, type Fixture } from "./test/checks.ts";
import { readableFixtures } from "./test/fixtures.ts";

const root = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const names = readableFixtures(root);

it("there are fixtures to read", () => {
  expect(names).toHaveLength(153);
});

describe.each(names)("%s", (name) => {
  const fixture: Fixture = {
    name,
    bytes: readFileSync(join(root, name)),
    oracle: JSON.parse(readFileSync(join(root, `${name}.dump.json`), "utf8")) as Fixture["oracle"],
  };
  it.each(Object.entries(checks))("%s", async (_what, check) => {
    expect(await check(fixture)).toEqual([]);
  });
});

const malformed = readdirSync(join(root, "malformed")).filter((name) => /\.dcm$|DICOMDIR/.test(name));
describe.each(malformed)("malformed/%s", (name) => {
  it("is an error or a part, and soon", () => {
    const bytes = readFileSync(join(root, "malformed", name));
    const start = performance.now();
    const before = process.memoryUsage().rss;
    try {
      expect(decodePart10(bytes).dataSet.size).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toBeInstanceOf(DicomError);
      expect((error as DicomError).message).toMatch(/^[A-Z(].*\.$/);
    }
    expect(performance.now() - start).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  });
});

it("a file that begins with a stray byte is refused, not misread", () => {
  const bytes = readFileSync(join(root, "no-meta/no_meta.dcm"));
  expect(() => decodePart10(bytes)).toThrowError(expect.objectContaining({ code: "not-dicom" }));
});
