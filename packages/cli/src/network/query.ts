/** What a query or a retrieval asks: model, level and keys, as options and query files give them. */
import { readFile } from "node:fs/promises";
import { type QueryLevel, queryLevels } from "@isocenter/archive/image-source";
import { DataSet, type DicomJsonObject, fromDicomJson, keywordOf } from "@isocenter/dicom";
import type { OptionSpecs } from "../arguments.ts";
import { applyEdits, parseEdit } from "../edits.ts";
import { withFile } from "../files.ts";
import { UsageError } from "../usage-error.ts";

export const queryOptions = {
  model: {
    names: [],
    flags: { "-P": "patient", "-S": "study", "-O": "patient-study-only" },
    help: "Patient Root, Study Root or Patient/Study Only model (default Study Root; Patient Root for patients).",
  },
  keys: {
    names: ["-k", "--key"],
    value: "KEY[=VALUE]",
    repeatable: true,
    help: "A matching key, or a key to return when there is no value: PatientID=4711, (0010,0020), ScheduledProcedureStepSequence[0].Modality=CT.",
  },
  level: {
    names: ["-L", "--level"],
    value: "LEVEL",
    help: "PATIENT, STUDY, SERIES or IMAGE.",
  },
} as const satisfies OptionSpecs;

export type QueryModel = "patient" | "study" | "patient-study-only";

/** Keys of query files, with those of the options over them. @throws UsageError */
export async function readKeys(keys: readonly string[], queryFiles: readonly string[]): Promise<DataSet> {
  let dataSet = DataSet.empty;
  for (const path of queryFiles) dataSet = dataSet.merge(await queryFile(path));
  return applyEdits(
    dataSet,
    keys.map((key) => parseEdit(key.includes("=") ? key : `${key}=`)),
  );
}

/** DICOM JSON (one object, or an array of one), or a DICOM file. @throws UsageError */
export async function queryFile(path: string): Promise<DataSet> {
  if (!path.endsWith(".json")) return withFile(path, ({ dataSet }) => Promise.resolve(dataSet));
  try {
    const json = JSON.parse(await readFile(path, "utf8")) as unknown;
    return fromDicomJson((Array.isArray(json) ? json[0] : json) as DicomJsonObject);
  } catch (error) {
    throw new UsageError(
      `${path} is not DICOM JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * `-k QueryRetrieveLevel=SERIES`, as DCMTK's users write it, names the level too.
 * @returns undefined where nothing says it
 * @throws UsageError
 */
export function levelOf(option: string | undefined, keys: DataSet): QueryLevel | undefined {
  const wanted = (option ?? keys.string("QueryRetrieveLevel"))?.toUpperCase();
  if (wanted === undefined) return undefined;
  const level = queryLevels.find((one) => one === (wanted === "INSTANCE" ? "IMAGE" : wanted));
  if (level === undefined)
    throw new UsageError(`"${wanted}" is not a level: use PATIENT, STUDY, SERIES or IMAGE.`);
  return level;
}

/** Keywords of the keys at the top, without those of the protocol. */
export function keywordsOf(keys: DataSet): string[] {
  return [...keys].flatMap(({ tag, vr }) => {
    const keyword = keywordOf(tag);
    return keyword === undefined || vr === "SQ" || notColumns.has(keyword) ? [] : [keyword];
  });
}

const notColumns = new Set(["QueryRetrieveLevel", "SpecificCharacterSet", "TimezoneOffsetFromUTC"]);
