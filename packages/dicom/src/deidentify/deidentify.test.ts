/** De-identification against PS3.15 Table E.1-1, row by row, and over every fixture. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { bytesElement, type DataElement, sequenceElement, valuesElement } from "../data-set/element.ts";
import { implicitVr } from "../dictionary/vr-of.ts";
import { encodeDataSet } from "../encoding/writer.ts";
import { toDicomJson } from "../json/to-json.ts";
import { decodePart10 } from "../part10/part10.ts";
import { readableFixtures } from "../test/fixtures.ts";
import { vrInfo } from "../vr.ts";
import { deidentify, Deidentifier } from "./deidentify.ts";
import { deidentificationOptions, ruleCount } from "./rules.ts";

const secret = "a secret";
const rows = readFileSync(new URL("../../standard/deidentification.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t"));

/** An element with a value of its VR. */
function sample(tag: number): DataElement {
  const vr = implicitVr(tag);
  const { kind } = vrInfo(vr);
  if (kind === "sequence")
    return sequenceElement(tag, [DataSet.of({ PatientName: "Inner^Name", CodeValue: "1" })]);
  if (kind === "bytes") return bytesElement(tag, vr, Uint8Array.of(1, 2, 3, 4));
  const text =
    vr === "UI"
      ? "1.2.3.4"
      : vr === "DA"
        ? "20240229"
        : vr === "DT"
          ? "20240229101112"
          : vr === "TM"
            ? "101112"
            : vr === "AS"
              ? "030Y"
              : vr === "DS" || vr === "IS"
                ? "7"
                : "SAMPLE";
  return valuesElement(tag, vr, [kind === "text" ? text : 7]);
}

async function outcome(tag: number, options: readonly string[]): Promise<string> {
  const element = sample(tag);
  const { dataSet } = await deidentify(DataSet.fromElements([element]), {
    secret,
    options: options as never,
    shiftDays: 10,
  });
  const after = dataSet.element(tag);
  if (after === undefined) return "X";
  if (after.isEmpty) return "Z";
  if (element.vr === "SQ")
    return dataSet.items(tag)[0]?.string("PatientName") === "Inner^Name" ? "leaks" : "walked";
  const same =
    JSON.stringify(toDicomJson(DataSet.fromElements([after]))) ===
    JSON.stringify(toDicomJson(DataSet.fromElements([element])));
  if (same) return "K";
  return after.vr === "UI" &&
    dataSet.string(tag)?.startsWith("2.25.") === true &&
    dataSet.string(tag) !== "2.25.0"
    ? "U"
    : "D";
}

describe("the table", () => {
  it("has all 621 rows", () => {
    expect(rows).toHaveLength(621);
    expect(ruleCount()).toBe(621);
  });

  const named = rows.filter(([tag = ""]) => /^[0-9A-F]{8}$/.test(tag) && !tag.startsWith("0012006"));
  it("is followed by the basic profile in every row", async () => {
    for (const [tag = "", keyword, , , basic = ""] of named) {
      const got = await outcome(Number.parseInt(tag, 16), []);
      const vr = implicitVr(Number.parseInt(tag, 16));
      const allowed =
        basic === "X/Z/U*"
          ? ["walked"]
          : vr === "SQ" && /[DU]/.test(basic)
            ? ["walked"]
            : basic.includes("U")
              ? ["U"]
              : basic.includes("D")
                ? ["D"]
                : basic.includes("Z")
                  ? ["Z"]
                  : ["X"];
      expect(allowed, `${keyword} (${tag}), ${basic}`).toContain(got);
    }
  });

  it.each(
    deidentificationOptions.filter((name) => name.startsWith("retain") && !/private|modified/.test(name)),
  )("keeps what %s says", async (option) => {
    const column = 5 + deidentificationOptions.indexOf(option);
    const kept = named.filter((row) => row[column] === "K");
    expect(kept.length).toBeGreaterThan(5);
    for (const [tag = "", keyword] of kept) {
      expect(["K", "walked"], `${keyword}`).toContain(await outcome(Number.parseInt(tag, 16), [option]));
    }
  });
});

describe("de-identification", () => {
  const study = DataSet.of({
    SpecificCharacterSet: "ISO_IR 192",
    SOPInstanceUID: "1.2.3.1",
    StudyInstanceUID: "1.2.3",
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    PatientName: "Lindqvist^Åsa",
    PatientID: "X1",
    PatientBirthDate: "19701231",
    StudyDate: "20240229",
    StudyDescription: "Head of Mrs Lindqvist",
    ReferencedImageSequence: [{ ReferencedSOPInstanceUID: "1.2.3", PatientName: "Lindqvist^Åsa" }],
    BurnedInAnnotation: "YES",
  }).withPrivate("ACME", 0x0011, 0x01, "LO", "Lindqvist");

  it("says so in the object, by CID 7050", async () => {
    const { dataSet, warnings } = await deidentify(study, {
      secret,
      options: ["retain_long_modified_dates"],
    });
    expect(dataSet.string("PatientIdentityRemoved")).toBe("YES");
    expect(dataSet.items("DeidentificationMethodCodeSequence").map((one) => one.string("CodeValue"))).toEqual(
      ["113100", "113107"],
    );
    expect(dataSet.string("LongitudinalTemporalInformationModified")).toBe("MODIFIED");
    expect(warnings.join(" ")).toContain("identifying text");
  });

  it("replaces UIDs the same way everywhere, for whoever has the secret", async () => {
    const one = await deidentify(study, { secret });
    const again = await new Deidentifier({ secret }).deidentify(study);
    const other = await deidentify(study, { secret: "another" });
    const uid = one.dataSet.string("StudyInstanceUID") ?? "";
    expect(uid).toMatch(/^2\.25\.\d{1,39}$/);
    expect(one.dataSet.items("ReferencedImageSequence")[0]?.string("ReferencedSOPInstanceUID")).toBe(uid);
    expect(again.dataSet.string("StudyInstanceUID")).toBe(uid);
    expect(other.dataSet.string("StudyInstanceUID")).not.toBe(uid);
    expect(one.dataSet.string("SOPClassUID")).toBe("1.2.840.10008.5.1.4.1.1.2");
  });

  it("shifts dates by the same days for a patient", async () => {
    const { dataSet } = await deidentify(study, {
      secret,
      options: ["retain_long_modified_dates"],
      shiftDays: 60,
    });
    expect(dataSet.string("StudyDate")).toBe("20231231");
    const own = await deidentify(study, { secret, options: ["retain_long_modified_dates"] });
    const later = await deidentify(study.with("StudyDate", "20240302"), {
      secret,
      options: ["retain_long_modified_dates"],
    });
    const day = (text = ""): number =>
      Date.UTC(Number(text.slice(0, 4)), Number(text.slice(4, 6)) - 1, Number(text.slice(6)));
    expect((day(later.dataSet.string("StudyDate")) - day(own.dataSet.string("StudyDate"))) / 86_400_000).toBe(
      2,
    );
    expect(own.dataSet.string("StudyDate")).not.toBe("20240229");
  });

  it("removes private elements, and keeps those named safe", async () => {
    expect((await deidentify(study, { secret })).dataSet.has(0x00111001)).toBe(false);
    const { dataSet } = await deidentify(study, {
      secret,
      options: ["retain_safe_private"],
      isSafePrivate: (creator) => creator === "ACME",
    });
    expect(dataSet.string(0x00110010)).toBe("ACME");
    expect(dataSet.has(0x00111001)).toBe(true);
  });

  it("cleans text by the caller's function, and sets what is given", async () => {
    const { dataSet } = await deidentify(study, {
      secret,
      options: ["clean_descriptors"],
      cleanText: (text) => text.replace(/ of .*/, ""),
      replace: { PatientName: "Case 1", PatientID: "C1" },
    });
    expect(dataSet.string("StudyDescription")).toBe("Head");
    expect(dataSet.string("PatientName")).toBe("Case 1");
  });

  it("reports every action by path, and no value", async () => {
    const { report } = await deidentify(study, { secret });
    expect(report).toContainEqual({ path: "00081140/0/00100010", action: "emptied" });
    expect(report).toContainEqual({ path: "00111001", action: "removed" });
    expect(JSON.stringify(report)).not.toMatch(/Lindqvist|X1/);
  });
});

describe("every fixture", () => {
  const root = fileURLToPath(new URL("../../../../fixtures/", import.meta.url));
  it("loses its patient's name and ID, and is still written", async () => {
    expect(readdirSync(root).length).toBeGreaterThan(10);
    for (const name of readableFixtures(root)) {
      const { dataSet, transferSyntaxUid } = decodePart10(readFileSync(join(root, name)));
      const { dataSet: clean } = await deidentify(dataSet, { secret });
      const bytes = Buffer.from(encodeDataSet(clean, transferSyntaxUid, { replacement: "?" }));
      const patient = dataSet.string("PatientName") ?? "";
      const [family = ""] = patient.split(/[\^=]/);
      expect(clean.string("PatientName"), name).toBeUndefined();
      expect([undefined, "Anonymized"], name).toContain(clean.string("PatientID"));
      if (/^[A-Za-z]{6,}$/.test(family) && !/anonym|patient|compressed|series/i.test(family)) {
        expect(bytes.includes(family), `${name} still holds the name`).toBe(false);
      }
    }
  });
});
