/**
 * Query parameters of a search (PS3.18 8.3.4) to a {@link Query}.
 *
 * Names that look like attributes must be attributes: a key that is mistyped and passed over would answer with
 * everybody's studies. Other unknown parameters are passed over.
 */
import type { Query } from "@isocenter/archive";
import {
  DataSet,
  type DataSetInit,
  DicomError,
  dictionaryEntry,
  formatTag,
  type InitValue,
  isPrivate,
  isVr,
  parseTag,
  type Tag,
  type Vr,
  vrInfo,
} from "@isocenter/dicom";
import { levelsAbove, optionalAttributes, requiredAttributes, type SearchLevel } from "./attributes.ts";
import { badParameter } from "./problem.ts";
import { isUid, type PathUids } from "./resource.ts";

export interface SearchRequest {
  readonly query: Query & { readonly limit: number; readonly offset: number };
  readonly isFuzzy: boolean;
}

/** Keys of a search that a person or a program writes; more are not read. */
const maximumParameters = 200;
const maximumValueLength = 16 * 1024;
const maximumPathLength = 8;

/** @throws WebProblem 400 `parameter-invalid` */
export function searchOf(
  level: SearchLevel,
  uids: PathUids,
  parameters: URLSearchParams,
  maximumResults: number,
): SearchRequest {
  if (parameters.size > maximumParameters)
    throw badParameter("(all)", `list has more than ${maximumParameters}`);
  const matches = new Map<string, string[]>();
  const include = new Set<Tag>();
  let isAll = false;
  let isFuzzy = false;
  let limit = maximumResults;
  let offset = 0;
  for (const [name, value] of parameters) {
    if (value.length > maximumValueLength) throw badParameter(name, "is too long");
    switch (name) {
      case "limit":
        limit = Math.min(maximumResults, unsigned(name, value));
        break;
      case "offset":
        offset = unsigned(name, value);
        break;
      case "fuzzymatching":
        isFuzzy = truth(name, value);
        break;
      case "includefield":
        for (const field of value.split(",")) {
          if (field === "all") isAll = true;
          else if (field !== "") include.add(pathOf(name, field)[0] ?? 0);
        }
        break;
      default:
        if (looksLikeAttribute(name)) matches.set(name, [...(matches.get(name) ?? []), value]);
    }
  }
  const keys = new Keys();
  for (const tag of returned(level, uids, isAll)) keys.add([tag], []);
  for (const tag of include) keys.add([tag], []);
  for (const [name, values] of matches) keys.add(pathOf(name, name), values, name);
  for (const [tag, uid] of [
    [0x0020000d, uids.study],
    [0x0020000e, uids.series],
  ] as const) {
    // The path rules: a parameter must not widen it to another study.
    if (uid !== undefined) keys.set(tag, [uid]);
  }
  return {
    isFuzzy,
    query: {
      level,
      keys: keys.dataSet(),
      limit,
      offset,
      ...(isFuzzy ? { fuzzy: true } : {}),
      ...(isAll ? { include: "all" as const } : include.size > 0 ? { include: [...include] } : {}),
    },
  };
}

function returned(level: SearchLevel, uids: PathUids, isAll: boolean): readonly Tag[] {
  const levels = [level, ...levelsAbove[level].filter((above) => !isGiven(above, uids))];
  return levels.flatMap((one) => [...requiredAttributes[one], ...(isAll ? optionalAttributes[one] : [])]);
}

const isGiven = (level: SearchLevel, uids: PathUids): boolean =>
  level === "STUDY" ? uids.study !== undefined : uids.series !== undefined;

/** Keywords begin with a capital, tags are hexadecimal; `orderby` and `_` are neither. */
function looksLikeAttribute(name: string): boolean {
  return /^[A-Z]/.test(name) || /^[0-9A-Fa-f]{4,}/.test(name);
}

/** `PatientName`, `00100010`, `00400275.00400007`, `RequestAttributesSequence.ScheduledProcedureStepID`. */
function pathOf(parameter: string, text: string): Tag[] {
  const path = text.split(".").map((part) => {
    const tag = parseTag(part);
    if (tag === undefined) throw badParameter(parameter, "names what is no keyword or tag of DICOM");
    return tag;
  });
  if (path.length > maximumPathLength) throw badParameter(parameter, "names a path of too many sequences");
  return path;
}

function unsigned(name: string, value: string): number {
  if (!/^[0-9]{1,12}$/.test(value)) throw badParameter(name, "is a whole number from 0");
  return Number(value);
}

function truth(name: string, value: string): boolean {
  if (value === "true") return true;
  if (value === "false") return false;
  throw badParameter(name, "is true or false");
}

/** An identifier under construction: values at the leaves, nested keys below sequences. */
class Keys {
  readonly #values = new Map<Tag, readonly string[]>();
  readonly #items = new Map<Tag, Keys>();

  add(path: readonly Tag[], values: readonly string[], parameter = ""): void {
    const [tag, ...below] = path;
    if (tag === undefined) return;
    if (below.length > 0) {
      const item = this.#items.get(tag) ?? new Keys();
      this.#items.set(tag, item);
      item.add(below, values, parameter);
    } else {
      const wanted = values.flatMap((value) => valuesOf(parameter, tag, value));
      this.#values.set(tag, [...(this.#values.get(tag) ?? []), ...wanted]);
    }
  }

  set(tag: Tag, values: readonly string[]): void {
    this.#values.set(tag, values);
  }

  dataSet(): DataSet {
    const init: Record<string, InitValue> = {};
    for (const [tag, values] of this.#values) {
      if (!this.#items.has(tag)) {
        init[formatTag(tag)] = { vr: vrOf(tag), value: values.length === 0 ? "" : values };
      }
    }
    for (const [tag, item] of this.#items) init[formatTag(tag)] = { vr: "SQ", value: [item.dataSet()] };
    return DataSet.of(init as DataSetInit);
  }
}

/** Lists are of UIDs, by comma or backslash (PS3.18 8.3.4.1, PS3.4 C.2.2.2.2); other VRs separate by backslash. */
function valuesOf(parameter: string, tag: Tag, value: string): readonly string[] {
  if (value === "" || value === '""') return [];
  const vr = vrOf(tag);
  if (vr === "SQ") throw badParameter(parameter, "is a sequence; name an attribute in it");
  if (vr === "UI") {
    const uids = value.split(/[,\\]/).filter((uid) => uid !== "");
    if (!uids.every(isUid)) throw badParameter(parameter, "holds what is no UID");
    return uids;
  }
  const { kind, multiple } = vrInfo(vr);
  if (kind === "bytes") throw badParameter(parameter, "holds bytes, which are not matched");
  const values = multiple ? value.split("\\") : [value];
  if (kind === "number" && values.some((one) => one.trim() === "" || Number.isNaN(Number(one)))) {
    throw badParameter(parameter, "is a number");
  }
  if (kind === "tag" && values.some((one) => parseTag(one) === undefined)) {
    throw badParameter(parameter, "is a tag");
  }
  return values;
}

function vrOf(tag: Tag): Vr {
  const entry = dictionaryEntry(tag);
  const [vr = ""] = (entry?.vr ?? "").split("|");
  if (isVr(vr)) return vr;
  return isPrivate(tag) ? "LO" : "UN";
}

/** What DICOM itself cannot hold in a key is the request's fault. */
export function checkedSearch(...given: Parameters<typeof searchOf>): SearchRequest {
  try {
    return searchOf(...given);
  } catch (error) {
    if (error instanceof DicomError)
      throw badParameter(formatTag(error.tag ?? 0), "has a value that its VR cannot hold");
    throw error;
  }
}
