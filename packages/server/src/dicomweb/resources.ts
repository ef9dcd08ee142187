/**
 * Resources of the service as a table: what each takes and gives. Methods are checked against it, and the capabilities
 * description (PS3.18 8.9) is written from it, so that the two cannot differ.
 */
import type { SourceCapabilities } from "@isocenter/archive";
import type { Resource } from "./resource.ts";

export interface ResourceMethod {
  readonly method: "GET" | "POST" | "DELETE";
  /** Of PS3.18; Delete is not of it. */
  readonly transaction: string;
  readonly takes?: readonly string[];
  readonly gives: readonly string[];
  readonly parameters?: readonly string[];
}

export interface ResourceEntry {
  readonly kind: Resource["kind"];
  /** URI templates below the service root (RFC 6570). */
  readonly paths: readonly string[];
  readonly methods: readonly ResourceMethod[];
}

const json = ["application/dicom+json", 'multipart/related; type="application/dicom+xml"'];
const files = ['multipart/related; type="application/dicom"', "application/dicom", "application/zip"];
const frames = [
  "application/octet-stream",
  "image/jpeg",
  "image/dicom-rle",
  "image/jls",
  "image/jp2",
  "image/jphc",
].flatMap((type) => [`multipart/related; type="${type}"`, type]);
const pictures = ["image/jpeg", "image/png"];
const stored = ["application/dicom+json", "application/dicom+xml"];
const sent = [
  'multipart/related; type="application/dicom"',
  'multipart/related; type="application/dicom+json"',
  'multipart/related; type="application/dicom+xml"',
  "application/dicom",
];
const searchParameters = ["{attributeID}", "includefield", "fuzzymatching", "limit", "offset", "accept"];
const renderingParameters = ["accept", "window", "viewport", "quality", "annotation", "iccprofile"];

const study = "studies/{study}";
const series = `${study}/series/{series}`;
const instance = `${series}/instances/{instance}`;
const levels = [study, series, instance];
const below = (suffix: string): string[] => levels.map((level) => `${level}/${suffix}`);

const search: ResourceMethod = {
  method: "GET",
  transaction: "Search",
  gives: json,
  parameters: searchParameters,
};
const store: ResourceMethod = { method: "POST", transaction: "Store", takes: sent, gives: stored };
const retrieve = (gives: readonly string[], parameters: readonly string[] = ["accept"]): ResourceMethod => ({
  method: "GET",
  transaction: "Retrieve",
  gives,
  parameters,
});
const remove: ResourceMethod = { method: "DELETE", transaction: "Delete", gives: [] };

export const resources: readonly ResourceEntry[] = [
  { kind: "search", paths: ["studies"], methods: [search, store] },
  {
    kind: "search",
    paths: ["series", "instances", `${study}/series`, `${study}/instances`, `${series}/instances`],
    methods: [search],
  },
  { kind: "dicom", paths: [study], methods: [retrieve(files), store, remove] },
  { kind: "dicom", paths: [series, instance], methods: [retrieve(files), remove] },
  { kind: "metadata", paths: below("metadata"), methods: [retrieve(json)] },
  { kind: "bulkdata", paths: [`${instance}/bulkdata/{+path}`], methods: [retrieve(frames)] },
  { kind: "frames", paths: [`${instance}/frames/{frames}`], methods: [retrieve(frames)] },
  {
    kind: "rendered",
    paths: [...below("rendered"), `${instance}/frames/{frames}/rendered`],
    methods: [retrieve(pictures, renderingParameters)],
  },
  {
    kind: "thumbnail",
    paths: [...below("thumbnail"), `${instance}/frames/{frames}/thumbnail`],
    methods: [retrieve(pictures, renderingParameters)],
  },
  {
    kind: "wado-uri",
    paths: ["wado"],
    methods: [
      retrieve(
        [...pictures, "application/dicom"],
        [
          "requestType",
          "studyUID",
          "seriesUID",
          "objectUID",
          "contentType",
          "frameNumber",
          "rows",
          "columns",
          "windowCenter",
          "windowWidth",
          "imageQuality",
          "transferSyntax",
        ],
      ),
    ],
  },
];

/** Methods of a resource, HEAD and OPTIONS among them. */
export function methodsOf(resource: Resource): readonly string[] {
  if (resource.kind === "service") return ["GET", "HEAD", "OPTIONS"];
  const methods = new Set<string>();
  for (const { kind, methods: given } of resources) {
    if (kind !== resource.kind) continue;
    for (const { method } of given) methods.add(method);
  }
  // Instances are stored into studies, or anywhere.
  const isStudyOrAll =
    "series" in resource
      ? false
      : resource.kind === "dicom" ||
        (resource.kind === "search" && resource.level === "STUDY" && resource.study === undefined);
  if (!isStudyOrAll) methods.delete("POST");
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods, "OPTIONS"];
}

/** What of it a source can do. */
export function isServed(
  { transaction }: ResourceMethod,
  capabilities: SourceCapabilities,
  hasDelete: boolean,
): boolean {
  if (transaction === "Search") return capabilities.find;
  if (transaction === "Store") return capabilities.store;
  if (transaction === "Delete") return hasDelete;
  return capabilities.retrieve;
}
