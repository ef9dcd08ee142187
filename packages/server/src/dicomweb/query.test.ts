import { tagOf, tagToHex, toDicomJson } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { requiredAttributes } from "./attributes.ts";
import { checkedSearch, type SearchRequest } from "./query.ts";

const search = (
  parameters: string,
  level: "STUDY" | "SERIES" | "IMAGE" = "STUDY",
  uids: { study?: string; series?: string } = {},
): SearchRequest => checkedSearch(level, uids, new URLSearchParams(parameters), 1000);

/** The keys that must match, as JSON. */
function matching(request: SearchRequest): Record<string, unknown> {
  const json = toDicomJson(request.query.keys);
  return Object.fromEntries(
    Object.entries(json).flatMap(([tag, { Value }]) => (Value === undefined ? [] : [[tag, Value]])),
  );
}

describe("a search's keys", () => {
  it.each([
    ["PatientID=11235813", { "00100020": ["11235813"] }],
    ["00100020=11235813", { "00100020": ["11235813"] }],
    ["PatientName=Do*%5EJ%3F", { "00100010": [{ Alphabetic: "Do*^J?" }] }],
    ["StudyDate=20130509-20130512", { "00080020": ["20130509-20130512"] }],
    ["ModalitiesInStudy=CT", { "00080061": ["CT"] }],
    ["ModalitiesInStudy=CT&ModalitiesInStudy=MR", { "00080061": ["CT", "MR"] }],
    ["ModalitiesInStudy=CT%5CMR", { "00080061": ["CT", "MR"] }],
    ["StudyInstanceUID=1.2,1.3", { "0020000D": ["1.2", "1.3"] }],
    ["StudyInstanceUID=1.2%5C1.3", { "0020000D": ["1.2", "1.3"] }],
    // A comma in other values belongs to them.
    ["StudyDescription=chest,%20abdomen", { "00081030": ["chest, abdomen"] }],
    ["00400275.00400007=CT*", { "00400275": [{ "00400007": { vr: "LO", Value: ["CT*"] } }] }],
    [
      "RequestAttributesSequence.ScheduledProcedureStepID=A&00400275.00401001=B",
      {
        "00400275": [{ "00400009": { vr: "SH", Value: ["A"] }, "00401001": { vr: "SH", Value: ["B"] } }],
      },
    ],
    ["Rows=512", { "00280010": [512] }],
    ["PatientID=", {}],
    ["PatientID=%22%22", {}],
    ["includefield=Rows", {}],
    ["_=1732&orderby=x&limit=5", {}],
  ])("of %j", (parameters, expected) => {
    expect(matching(search(parameters))).toEqual(expected);
  });

  it("stay within the path's study and series", () => {
    const within = search("StudyInstanceUID=9.9&SeriesInstanceUID=8.8", "IMAGE", {
      study: "1.2",
      series: "3.4",
    });
    expect(matching(within)).toEqual({ "0020000D": ["1.2"], "0020000E": ["3.4"] });
  });

  it.each(["STUDY", "SERIES", "IMAGE"] as const)(
    "hold what PS3.18 wants answered at the level %s",
    (level) => {
      const { keys } = search("", level).query;
      for (const tag of requiredAttributes[level]) expect(keys.has(tag), tagToHex(tag)).toBe(true);
    },
  );

  it("hold the levels above where the path does not name them", () => {
    expect(search("", "IMAGE").query.keys.has("PatientName")).toBe(true);
    expect(search("", "IMAGE").query.keys.has("Modality")).toBe(true);
    expect(search("", "IMAGE", { study: "1.2", series: "1.3" }).query.keys.has("PatientName")).toBe(false);
    expect(search("", "SERIES", { study: "1.2" }).query.keys.has("PatientName")).toBe(false);
  });

  it("include what includefield names, in all its spellings", () => {
    const { query } = search(
      "includefield=00081030,SeriesDescription&includefield=00400275.00400007&includefield=00091010",
    );
    const tags = ["StudyDescription", "SeriesDescription", "RequestAttributesSequence"].map((keyword) =>
      tagOf(keyword),
    );
    expect(query.include).toEqual([...tags, 0x00091010]);
    for (const tag of query.include === "all" ? [] : (query.include ?? []))
      expect(query.keys.has(tag)).toBe(true);
    expect(search("includefield=all").query).toMatchObject({ include: "all" });
    expect(search("includefield=all").query.keys.has("StudyDescription")).toBe(true);
  });
});

describe("a search's paging", () => {
  it.each([
    ["", { limit: 1000, offset: 0 }],
    ["limit=10&offset=20", { limit: 10, offset: 20 }],
    ["limit=99999", { limit: 1000, offset: 0 }],
    ["limit=0", { limit: 0, offset: 0 }],
  ])("of %j", (parameters, expected) => {
    expect(search(parameters).query).toMatchObject(expected);
  });

  it("is fuzzy when asked", () => {
    expect(search("fuzzymatching=true")).toMatchObject({ isFuzzy: true, query: { fuzzy: true } });
    expect(search("fuzzymatching=false").query).not.toHaveProperty("fuzzy");
  });
});

describe("a search is refused", () => {
  it.each([
    "limit=-1",
    "limit=ten",
    "limit=1.5",
    "offset=1e3",
    "fuzzymatching=yes",
    "PatientNmae=Doe",
    "includefield=PatientNmae",
    "0010ZZZZ=1",
    "00100020.=1",
    "Rows=many",
    "StudyInstanceUID=../../x",
    "StudyInstanceUID=1.2%0D%0AX:1",
    "RequestAttributesSequence=x",
    "PixelData=x",
    "OffendingElement=PatientName%20x",
    "00400275.".repeat(9) + "00400007=1",
    `PatientID=${"x".repeat(20_000)}`,
    Array.from({ length: 201 }, (_, index) => `x${index}=1`).join("&"),
  ])("for %j", (parameters) => {
    expect(() => search(parameters)).toThrow(
      expect.objectContaining({ status: 400, code: "parameter-invalid" }),
    );
  });

  it("without repeating its values, which might be a patient's", () => {
    expect(() => search("StudyInstanceUID=Doe%5EJohn")).toThrow(
      expect.not.objectContaining({ message: /Doe/ }),
    );
    expect(() => search("limit=Doe%5EJohn")).toThrow(/The parameter "limit" is a whole number from 0\./);
  });
});
