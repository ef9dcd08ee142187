/**
 * What a retrieval asks for. C-GET and C-MOVE take unique keys alone (PS3.4 C.4.2.1.4, C.4.3.1.4); whatever else the keys
 * say, such as a date or a modality, is resolved to unique keys with C-FIND first.
 */
import type { QueryLevel } from "@isocenter/archive/image-source";
import { DataSet, type DataSetInit, keywordOf } from "@isocenter/dicom";
import {
  type Association,
  type FindModel,
  PatientRootFind,
  PatientRootGet,
  PatientRootMove,
  PatientStudyOnlyFind,
  PatientStudyOnlyGet,
  PatientStudyOnlyMove,
  type RetrieveModel,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "@isocenter/network";
import { UsageError } from "../usage-error.ts";
import { findMatches } from "./find-matches.ts";
import type { QueryModel } from "./query.ts";

export interface RetrieveModels {
  readonly find: FindModel;
  readonly get: RetrieveModel;
  readonly move: RetrieveModel;
}

export const retrieveModels: Readonly<Record<QueryModel, RetrieveModels>> = {
  patient: { find: PatientRootFind, get: PatientRootGet, move: PatientRootMove },
  study: { find: StudyRootFind, get: StudyRootGet, move: StudyRootMove },
  "patient-study-only": { find: PatientStudyOnlyFind, get: PatientStudyOnlyGet, move: PatientStudyOnlyMove },
};

/** What one C-GET or C-MOVE is asked for: a level, and unique keys. */
export interface Selection {
  readonly level: QueryLevel;
  readonly uniqueKeys: Readonly<Partial<Record<UniqueKey, readonly string[]>>>;
}

/** A query at the peer, of whichever protocol. */
export type Ask = (level: QueryLevel, keys: DataSet) => AsyncIterable<DataSet>;

const uniqueKeys = ["PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"] as const;
type UniqueKey = (typeof uniqueKeys)[number];
const levels = ["PATIENT", "STUDY", "SERIES", "IMAGE"] as const;

/** Keys that belong to a series or an instance, where a query says no level. */
const seriesKeys = new Set([
  "Modality",
  "SeriesNumber",
  "SeriesDescription",
  "BodyPartExamined",
  "ProtocolName",
]);
const imageKeys = new Set(["InstanceNumber", "SOPClassUID"]);

export class Wanted {
  readonly model: QueryModel;
  readonly level: QueryLevel;
  /** The selection itself, where the keys are unique keys and no more. */
  readonly direct: Selection | undefined;
  readonly #keys: DataSet;

  /** @throws UsageError when nothing limits what is wanted */
  constructor(model: QueryModel | undefined, level: QueryLevel | undefined, keys: DataSet) {
    const given = [...keys].flatMap(({ tag }) => {
      const keyword = keywordOf(tag) ?? "";
      const isKey = keyword !== "QueryRetrieveLevel" && keyword !== "SpecificCharacterSet";
      return isKey && keys.string(tag) !== undefined ? [keyword] : [];
    });
    if (given.length === 0)
      throw new UsageError("Say what to retrieve with -k, for instance -k StudyInstanceUID=1.2.3.");
    this.level = level ?? deepestLevel(given, model);
    this.model = model ?? (this.level === "PATIENT" ? "patient" : "study");
    this.#keys = keys;
    const own = uniqueKeys[levels.indexOf(this.level)] ?? "StudyInstanceUID";
    const needed = uniqueKeys.slice(this.model === "study" ? 1 : 0, levels.indexOf(this.level) + 1);
    const isDirect =
      given.includes(own) &&
      given.every((keyword) => needed.includes(keyword as UniqueKey) || keyword === "PatientID") &&
      needed.every(
        (keyword) => given.includes(keyword) && !keys.strings(keyword).some((value) => /[*?]/.test(value)),
      );
    this.direct = isDirect ? selectionOf(this.level, keys, needed) : undefined;
  }

  get find(): FindModel {
    return retrieveModels[this.model].find;
  }

  /** With C-FIND, see {@link resolveWith}. */
  resolve(association: Association, stopping: AbortSignal): AsyncGenerator<Selection> {
    return this.resolveWith((level, keys) =>
      findMatches(association, this.find, keys.with("QueryRetrieveLevel", level), { stopping }),
    );
  }

  /** Asks the peer where {@link direct} is undefined: one selection for each match. */
  async *resolveWith(ask: Ask): AsyncGenerator<Selection> {
    if (this.direct !== undefined) {
      yield this.direct;
      return;
    }
    const isPatient = this.level === "PATIENT";
    const upper = DataSet.fromElements(
      [...this.#keys].filter(({ tag }) => isPatient || !belongsBelowStudy(keywordOf(tag) ?? "")),
    );
    const first = isPatient ? "PATIENT" : "STUDY";
    const top = await collected(
      ask(first, DataSet.of({ PatientID: "", ...(isPatient ? {} : { StudyInstanceUID: "" }) }).merge(upper)),
    );
    for (const match of top) {
      if (this.level === first) yield selectionOf(this.level, match, this.#needed());
      else yield* this.#below(match, ask);
    }
  }

  async *#below(study: DataSet, ask: Ask): AsyncGenerator<Selection> {
    const above = uniqueOf(study, ["PatientID", "StudyInstanceUID"]);
    const ofSeries = this.#own((keyword) => seriesKeys.has(keyword) || keyword === "SeriesInstanceUID");
    const series = DataSet.of({ ...above, SeriesInstanceUID: "" }).merge(ofSeries);
    for (const match of await collected(ask("SERIES", this.#withoutPatient(series)))) {
      const found = { ...above, ...uniqueOf(match, ["SeriesInstanceUID"]) };
      if (this.level === "SERIES") {
        yield selectionOf("SERIES", DataSet.of(found), this.#needed());
        continue;
      }
      const ofImages = this.#own((keyword) => imageKeys.has(keyword) || keyword === "SOPInstanceUID");
      const images = DataSet.of({ ...found, SOPInstanceUID: "" }).merge(ofImages);
      const uids: string[] = [];
      for await (const image of ask("IMAGE", this.#withoutPatient(images)))
        uids.push(image.string("SOPInstanceUID") ?? "");
      if (uids.length > 0)
        yield selectionOf("IMAGE", DataSet.of({ ...found, SOPInstanceUID: uids }), this.#needed());
    }
  }

  /** In the Study Root model the patient is no key below the study. */
  #withoutPatient(keys: DataSet): DataSet {
    return this.model === "study" ? keys.without("PatientID") : keys;
  }

  #own(belongs: (keyword: string) => boolean): DataSet {
    return DataSet.fromElements([...this.#keys].filter(({ tag }) => belongs(keywordOf(tag) ?? "")));
  }

  #needed(): readonly UniqueKey[] {
    return uniqueKeys.slice(this.model === "study" ? 1 : 0, levels.indexOf(this.level) + 1);
  }
}

/** The identifier of a C-GET or C-MOVE. */
export function identifierOf({ level, uniqueKeys: keys }: Selection): DataSet {
  return DataSet.of({ QueryRetrieveLevel: level, ...keys } as DataSetInit);
}

function deepestLevel(given: readonly string[], model: QueryModel | undefined): QueryLevel {
  if (given.includes("SOPInstanceUID") || given.some((keyword) => imageKeys.has(keyword))) return "IMAGE";
  if (given.includes("SeriesInstanceUID") || given.some((keyword) => seriesKeys.has(keyword)))
    return "SERIES";
  const isPatientAlone = given.length === 1 && given[0] === "PatientID";
  return model === "patient" && isPatientAlone ? "PATIENT" : "STUDY";
}

const belongsBelowStudy = (keyword: string): boolean =>
  seriesKeys.has(keyword) ||
  imageKeys.has(keyword) ||
  keyword === "SeriesInstanceUID" ||
  keyword === "SOPInstanceUID";

function selectionOf(level: QueryLevel, keys: DataSet, needed: readonly UniqueKey[]): Selection {
  return { level, uniqueKeys: uniqueOf(keys, needed) };
}

function uniqueOf(
  keys: DataSet,
  needed: readonly UniqueKey[],
): Partial<Record<UniqueKey, readonly string[]>> {
  return Object.fromEntries(
    needed.map((keyword) => [keyword, keys.strings(keyword).filter((value) => value !== "")]),
  );
}

/** All before the next question: one operation at a time is what an association is sure to allow. */
async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}
