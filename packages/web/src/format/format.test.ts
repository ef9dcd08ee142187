import { describe, expect, it } from "vitest";
import { problemFrom } from "../api/problem.ts";
import { dicomDateRange, lastDays } from "./date-range.ts";
import { age, date, personName, time } from "./dicom-text.ts";

describe("person names", () => {
  it("puts the family name first and the ideographic group beside it", () => {
    expect(personName("Tanaka^Hiroshi=田中^宏")).toEqual({ main: "Tanaka, Hiroshi", other: "田中 宏" });
  });
  it("shows an ideographic name alone when there is no other", () => {
    expect(personName("=田中^宏")).toEqual({ main: "田中 宏", other: "" });
  });
  it("keeps prefix and suffix around the name", () => {
    expect(personName("Adams^John^Quincy^Rev.^B.A.").main).toBe("Rev. Adams, John Quincy B.A.");
  });
  it("is empty when there is no name", () => {
    expect(personName("")).toEqual({ main: "", other: "" });
    expect(personName("^^^^")).toEqual({ main: "", other: "" });
  });
});

describe("dates, times and ages", () => {
  it("shows dates with dashes and leaves what is no date alone", () => {
    expect(date("20261116")).toBe("2026-11-16");
    expect(date("2026")).toBe("2026");
  });
  it("shows hours and minutes", () => {
    expect(time("153012.5")).toBe("15:30");
    expect(time(undefined)).toBe("");
  });
  it("counts full years up to the day of the study", () => {
    expect(age("19790111", "20260110")).toBe("46 y");
    expect(age("19790111", "20260111")).toBe("47 y");
  });
  it("counts months for infants and nothing for impossible dates", () => {
    expect(age("20250815", "20260816")).toBe("12 mo");
    expect(age("20270101", "20260101")).toBe("");
  });
});

describe("study date ranges", () => {
  it("builds open, closed and single ranges", () => {
    expect(dicomDateRange("2026-01-01", "2026-01-31")).toBe("20260101-20260131");
    expect(dicomDateRange("2026-01-01", "")).toBe("20260101-");
    expect(dicomDateRange("", "2026-01-31")).toBe("-20260131");
    expect(dicomDateRange("2026-01-01", "2026-01-01")).toBe("20260101");
    expect(dicomDateRange("", "")).toBeUndefined();
  });
  it("counts today as one of the last days", () => {
    expect(lastDays(7, new Date(2026, 2, 3))).toEqual({ from: "2026-02-25", to: "2026-03-03" });
  });
});

describe("problems", () => {
  it("keeps title, detail, code and hint of a problem document", () => {
    const problem = problemFrom(502, { title: "T", detail: "D", code: "c", hint: "H" });
    expect([problem.title, problem.message, problem.code, problem.hint]).toEqual(["T", "D", "c", "H"]);
  });
  it("makes one up from the status when the body has none", () => {
    expect(problemFrom(500, undefined).code).toBe("http-500");
  });
});
