/** What is searched for: as the form holds it, as QIDO-RS asks it, and as the API's criteria. */
import type { Criteria } from "../api/types.ts";
import { dicomDateRange } from "../format/date-range.ts";

export interface Filters {
  readonly patientName: string;
  readonly patientId: string;
  readonly birthDate: string;
  readonly accession: string;
  readonly description: string;
  readonly referring: string;
  readonly studyId: string;
  readonly studyUid: string;
  readonly modalities: readonly string[];
  /** `YYYY-MM-DD`, or empty. */
  readonly from: string;
  readonly to: string;
}

export const noFilters: Filters = {
  patientName: "",
  patientId: "",
  birthDate: "",
  accession: "",
  description: "",
  referring: "",
  studyId: "",
  studyUid: "",
  modalities: [],
  from: "",
  to: "",
};

export const isEmpty = (filters: Filters): boolean => criteriaOf(filters).length === 0;

/** Keywords and values. What is typed is the beginning of a name or number, or a part of a description. */
function criteriaOf(filters: Filters): [keyword: string, value: string][] {
  const date = dicomDateRange(filters.from, filters.to);
  const pairs: [string, string | undefined][] = [
    ["PatientName", begins(filters.patientName)],
    ["PatientID", begins(filters.patientId)],
    ["PatientBirthDate", filters.birthDate.replaceAll("-", "")],
    ["AccessionNumber", begins(filters.accession)],
    ["StudyDescription", contains(filters.description)],
    ["ReferringPhysicianName", begins(filters.referring)],
    ["StudyID", filters.studyId.trim()],
    ["StudyInstanceUID", filters.studyUid.trim()],
    ["ModalitiesInStudy", filters.modalities.join("\\")],
    ["StudyDate", date],
  ];
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
}

const hasWildcard = (text: string): boolean => /[*?]/.test(text);
const begins = (text: string): string => {
  const trimmed = text.trim();
  return trimmed === "" || hasWildcard(trimmed) ? trimmed : `${trimmed}*`;
};
const contains = (text: string): string => {
  const trimmed = text.trim();
  return trimmed === "" || hasWildcard(trimmed) ? trimmed : `*${trimmed}*`;
};

export function qidoParameters(filters: Filters, limit: number, offset: number): URLSearchParams {
  const parameters = new URLSearchParams(criteriaOf(filters));
  for (const field of ["StudyDescription", "ReferringPhysicianName"])
    parameters.append("includefield", field);
  parameters.set("limit", String(limit));
  if (offset > 0) parameters.set("offset", String(offset));
  return parameters;
}

export const findCriteria = (filters: Filters): Criteria => Object.fromEntries(criteriaOf(filters));

/** Those that identify nobody may stand in an address. */
export function addressOfFilters({ modalities, from, to }: Filters): Record<string, string> {
  return { modality: modalities.join(","), from, to };
}

/** @param kept what the history keeps beside the address: everything else */
export function filtersFrom(query: URLSearchParams, kept: Partial<Filters> | undefined): Filters {
  const modalities = (query.get("modality") ?? "").split(",").filter((one) => one !== "");
  return { ...noFilters, ...kept, modalities, from: query.get("from") ?? "", to: query.get("to") ?? "" };
}
