/** Private elements: the loadable table, VRs in implicit data sets, and blocks by creator. */
import "../dictionary/register.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { decodeDataSet } from "../encoding/decode.ts";
import { encodeDataSet } from "../encoding/writer.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { isVr } from "../vr.ts";
import { privateCreators, privateEntry, privateVr } from "./index.ts";

const rows = readFileSync(new URL("../../standard/private-elements.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t") as [string, string, string, string, string]);

it("every row of the table is found by creator and tag", () => {
  expect(rows.length).toBeGreaterThan(10_000);
  for (const [creator, pattern, vr, vm] of rows) {
    if (!isVr(vr)) continue;
    // Where the element itself is open, some of its 256 have lines of their own.
    const elements = pattern.endsWith("xx") ? Array.from({ length: 256 }, (_, index) => index) : [undefined];
    const entries = elements.map((element) => {
      const open =
        element === undefined ? pattern : pattern.slice(0, 6) + element.toString(16).padStart(2, "0");
      return privateEntry(creator, Number.parseInt(open.replaceAll("x", "1"), 16));
    });
    expect(entries, `${creator} ${pattern}`).toContainEqual(expect.objectContaining({ vr, vm }));
  }
  expect(privateCreators()).toContain("GEMS_IDEN_01");
  expect(privateEntry("NOBODY", 0x00091001)).toBeUndefined();
});

describe("in implicit VR", () => {
  const dataSet = DataSet.of({ PatientID: "1" })
    .withPrivate("GEMS_IDEN_01", 0x0009, 0x01, "LO", "GE_GENESIS_FF")
    .withPrivate("SOMEBODY", 0x0009, 0x01, "US", 5);
  const bytes = encodeDataSet(dataSet, TransferSyntax.ImplicitVRLittleEndian);

  it("VRs come from the table where it is given, and are UN otherwise", () => {
    const plain = decodeDataSet(bytes, TransferSyntax.ImplicitVRLittleEndian);
    expect(plain.element(0x00091001)?.vr).toBe("UN");
    const known = decodeDataSet(bytes, TransferSyntax.ImplicitVRLittleEndian, { privateVr });
    expect(known.element(0x00091001)?.vr).toBe("LO");
    expect(known.string(0x00091001)).toBe("GE_GENESIS_FF");
    expect(known.element(0x00091101)?.vr).toBe("UN");
  });
});

describe("blocks", () => {
  it("are found and reserved by creator", () => {
    const one = DataSet.of({}).withPrivate("ACME", 0x0011, 0x02, "LO", "x");
    expect(one.string(0x00110010)).toBe("ACME");
    expect(one.string(0x00111002)).toBe("x");
    const two = one.withPrivate("OTHER", 0x0011, 0x02, "US", 7).withPrivate("ACME", 0x0011, 0x03, "LO", "y");
    expect(two.privateTag("OTHER", 0x0011, 0x02)).toBe(0x00111102);
    expect(two.number(0x00111102)).toBe(7);
    expect(two.string(two.privateTag("ACME", 0x0011, 0x03) ?? 0)).toBe("y");
    expect(two.privateTag("NOBODY", 0x0011, 0x02)).toBeUndefined();
    expect(() => one.withPrivate("ACME", 0x0010, 0x02, "LO", "x")).toThrowError(
      expect.objectContaining({ code: "value-invalid" }),
    );
  });
});
