/** From the identifier of a C-GET or C-MOVE to what an image source retrieves, PS3.4 C.4.2.2.1 and C.4.3.2.1. */
import type { CallOptions, ImageSource, InstanceStream, QueryLevel, Selection } from "@isocenter/archive";
import { queryLevels } from "@isocenter/archive";
import { DataSet } from "@isocenter/dicom";
import { IdentifierError } from "@isocenter/network";

export function levelOf(identifier: DataSet): QueryLevel {
  const text = identifier.string("QueryRetrieveLevel")?.trim();
  const level = queryLevels.find((one) => one === text);
  if (level === undefined)
    throw new IdentifierError("The identifier has no known Query/Retrieve Level (0008,0052).");
  return level;
}

/**
 * Unique keys may be lists of UIDs at the level asked for (PS3.4 C.2.2.2.2); above it there is one of each.
 * @throws IdentifierError when a unique key that the level needs is missing
 */
export async function selectionsOf(
  identifier: DataSet,
  source: Pick<ImageSource, "find">,
  options: CallOptions,
): Promise<readonly Selection[]> {
  const level = levelOf(identifier);
  const uids = (keyword: string): readonly string[] =>
    identifier.strings(keyword).filter((uid) => uid !== "");
  if (level === "PATIENT") return studiesOfPatient(identifier, source, options);
  const studies = uids("StudyInstanceUID");
  const series = level === "STUDY" ? [] : uids("SeriesInstanceUID");
  const instances = level === "IMAGE" ? uids("SOPInstanceUID") : [];
  const [study] = studies;
  if (level === "STUDY") {
    if (study === undefined) throw missing("StudyInstanceUID");
    return studies.map((studyInstanceUid) => ({ studyInstanceUid }));
  }
  if (study === undefined) return relational(level, series, instances, source, options);
  if (level === "SERIES") {
    if (series.length === 0) throw missing("SeriesInstanceUID");
    return series.map((seriesInstanceUid) => ({ studyInstanceUid: study, seriesInstanceUid }));
  }
  if (instances.length === 0) throw missing("SOPInstanceUID");
  const [one] = series;
  return instances.map((sopInstanceUid) => ({
    studyInstanceUid: study,
    ...(one === undefined ? {} : { seriesInstanceUid: one }),
    sopInstanceUid,
  }));
}

/** Instances one after another; a source that has nothing for a selection adds nothing. */
export async function* retrieveAll(
  source: Pick<ImageSource, "retrieve">,
  selections: readonly Selection[],
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  for (const selection of selections) yield* source.retrieve(selection, options);
}

async function studiesOfPatient(
  identifier: DataSet,
  source: Pick<ImageSource, "find">,
  options: CallOptions,
): Promise<readonly Selection[]> {
  const patients = identifier.strings("PatientID").filter((id) => id !== "");
  if (patients.length === 0) throw missing("PatientID");
  const selections: Selection[] = [];
  for (const id of patients) {
    const keys = DataSet.of({ PatientID: literal(id), StudyInstanceUID: "" });
    for await (const match of source.find({ level: "STUDY", keys }, options)) {
      const studyInstanceUid = match.string("StudyInstanceUID");
      if (studyInstanceUid !== undefined) selections.push({ studyInstanceUid });
    }
  }
  return selections;
}

/** Relational retrieval (PS3.4 C.4.2.2.2): without the keys above, which the source is asked for. */
async function relational(
  level: "SERIES" | "IMAGE",
  series: readonly string[],
  instances: readonly string[],
  source: Pick<ImageSource, "find">,
  options: CallOptions,
): Promise<readonly Selection[]> {
  const wanted = level === "SERIES" ? series : instances;
  if (wanted.length === 0) throw missing(level === "SERIES" ? "SeriesInstanceUID" : "SOPInstanceUID");
  const keys = DataSet.of({
    StudyInstanceUID: "",
    SeriesInstanceUID: [...series],
    ...(level === "IMAGE" ? { SOPInstanceUID: [...instances] } : {}),
  });
  const selections: Selection[] = [];
  for await (const match of source.find({ level, keys }, options)) {
    const [studyInstanceUid, seriesInstanceUid, sopInstanceUid] = [
      match.string("StudyInstanceUID"),
      match.string("SeriesInstanceUID"),
      match.string("SOPInstanceUID"),
    ];
    if (studyInstanceUid === undefined || seriesInstanceUid === undefined) continue;
    selections.push({
      studyInstanceUid,
      seriesInstanceUid,
      ...(level === "IMAGE" && sopInstanceUid !== undefined ? { sopInstanceUid } : {}),
    });
  }
  return selections;
}

/** Patient IDs are unique keys here: wildcard characters in them mean themselves, and match any one character. */
const literal = (id: string): string => id.replace(/\*/g, "?");

const missing = (keyword: string): IdentifierError =>
  new IdentifierError(`The identifier has no ${keyword}.`);
