import { describe, expect, it } from "vitest";
import {
  addressOfFilters,
  filtersFrom,
  findCriteria,
  isEmpty,
  noFilters,
  qidoParameters,
} from "./filters.ts";

describe("filters", () => {
  it("find names by their beginning and descriptions by a part, unless wildcards are typed", () => {
    expect(findCriteria({ ...noFilters, patientName: "lind ", description: "head" })).toEqual({
      PatientName: "lind*",
      StudyDescription: "*head*",
    });
    expect(findCriteria({ ...noFilters, patientName: "*strid", patientId: "A?1" })).toEqual({
      PatientName: "*strid",
      PatientID: "A?1",
    });
  });
  it("ask for a page, and for what the list shows", () => {
    const parameters = qidoParameters(
      { ...noFilters, modalities: ["CT", "MR"], from: "2026-01-01" },
      100,
      200,
    );
    expect(parameters.get("ModalitiesInStudy")).toBe("CT\\MR");
    expect(parameters.get("StudyDate")).toBe("20260101-");
    expect([parameters.get("limit"), parameters.get("offset")]).toEqual(["100", "200"]);
    expect(parameters.getAll("includefield")).toContain("StudyDescription");
  });
  it("put nothing into an address that names a person", () => {
    const filters = {
      ...noFilters,
      patientName: "Doe",
      patientId: "4711",
      accession: "A1",
      modalities: ["US"],
    };
    const address = addressOfFilters(filters);
    expect(JSON.stringify(address)).not.toMatch(/Doe|4711|A1/);
    expect(filtersFrom(new URLSearchParams(address), { patientName: "Doe" })).toMatchObject({
      patientName: "Doe",
      modalities: ["US"],
    });
  });
  it("know when nothing is asked", () => {
    expect(isEmpty(noFilters)).toBe(true);
    expect(isEmpty({ ...noFilters, to: "2026-01-01" })).toBe(false);
  });
});
