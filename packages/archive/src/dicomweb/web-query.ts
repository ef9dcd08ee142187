/** A {@link Query} as the path and parameters of a search (PS3.18 10.6.1, 8.3.4). */
import { type DataElement, type DataSet, tagToHex } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import type { Query, Selection } from "../image-source.ts";

const studyUid = 0x0020000d;
const seriesUid = 0x0020000e;
/** Of the C-FIND protocol, not of the match. */
const notKeys = new Set([0x00080005, 0x00080052, 0x00080054, 0x00080056, 0x00080201]);

/** @throws ArchiveError `query-unsupported` */
export function searchPath(query: Query): { path: string; parameters: URLSearchParams } {
  const study = only(query.keys, studyUid);
  const series = only(query.keys, seriesUid);
  const inPath = new Set<number>();
  let path: string;
  if (query.level === "STUDY") path = "/studies";
  else if (query.level === "SERIES")
    path = study === undefined ? "/series" : selectionPath({ studyInstanceUid: study }) + "/series";
  else if (query.level === "IMAGE") {
    if (study === undefined) path = "/instances";
    else if (series === undefined) path = `${selectionPath({ studyInstanceUid: study })}/instances`;
    else path = `${selectionPath({ studyInstanceUid: study, seriesInstanceUid: series })}/instances`;
  } else throw new ArchiveError("query-unsupported", "DICOMweb has no search for patients.");
  if (query.level !== "STUDY" && study !== undefined) {
    inPath.add(studyUid);
    if (query.level === "IMAGE" && series !== undefined) inPath.add(seriesUid);
  }
  const parameters = new URLSearchParams();
  const fields: string[] = [];
  for (const element of query.keys) {
    if (notKeys.has(element.tag) || inPath.has(element.tag)) continue;
    addKey(query.keys, element, "", parameters, fields);
  }
  if (query.include === "all") fields.push("all");
  else for (const tag of query.include ?? []) fields.push(tagToHex(tag));
  if (fields.length > 0) parameters.set("includefield", [...new Set(fields)].join(","));
  if (query.fuzzy === true) parameters.set("fuzzymatching", "true");
  return { path, parameters };
}

/** `/studies/…/series/…/instances/…` as far as the UIDs go. */
export function selectionPath({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Selection): string {
  let path = `/studies/${encodeURIComponent(studyInstanceUid)}`;
  if (seriesInstanceUid !== undefined) path += `/series/${encodeURIComponent(seriesInstanceUid)}`;
  if (sopInstanceUid !== undefined) path += `/instances/${encodeURIComponent(sopInstanceUid)}`;
  return path;
}

function only(keys: DataSet, tag: number): string | undefined {
  const values = keys.strings(tag).filter((value) => value !== "");
  return values.length === 1 && !/[*?]/.test(values[0] ?? "") ? values[0] : undefined;
}

function addKey(
  keys: DataSet,
  element: DataElement,
  prefix: string,
  parameters: URLSearchParams,
  fields: string[],
): void {
  const name = prefix + tagToHex(element.tag);
  if (element.vr === "SQ") {
    const [item] = element.items ?? [];
    if (item === undefined || item.size === 0) fields.push(name);
    else for (const inner of item) addKey(item, inner, `${name}.`, parameters, fields);
    return;
  }
  const values =
    element.vr === "OB" || element.vr === "UN"
      ? []
      : keys.strings(element.tag).filter((value) => value !== "");
  if (values.length === 0) fields.push(prefix === "" ? name : prefix.slice(0, 8));
  else parameters.append(name, values.join(element.vr === "UI" ? "," : "\\"));
}
