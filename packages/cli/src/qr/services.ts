/** C-ECHO, C-FIND, C-GET, C-MOVE and C-STORE over what a folder holds (PS3.4 A, B, C). */
import {
  type InstanceStream,
  type Query,
  type QueryLevel,
  queryLevels,
  type Selection,
} from "@isocenter/archive/image-source";
import { DataSet, type DataSetInit } from "@isocenter/dicom";
import {
  IdentifierError,
  type MoveDestination,
  PatientRootFind,
  PatientRootGet,
  PatientRootMove,
  PatientStudyOnlyFind,
  PatientStudyOnlyGet,
  PatientStudyOnlyMove,
  type Retrieval,
  type Services,
  type StoreHandler,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "@isocenter/network";
import { transcodeInstance } from "@isocenter/archive/transcode";

/** What is asked, whether it stands in an archive's index or in memory. */
export interface QrSource {
  find(query: Query, options: { readonly signal: AbortSignal }): AsyncIterable<DataSet>;
  retrieve(selection: Selection, options: { readonly signal: AbortSignal }): AsyncIterable<InstanceStream>;
  /** Undefined where nothing may be stored. */
  readonly onStore: StoreHandler | undefined;
}

export function qrServices(
  source: QrSource,
  destination: (aeTitle: string) => MoveDestination | undefined,
): Services {
  return {
    verification: true,
    ...(source.onStore === undefined ? {} : { storage: { sopClasses: "any", onStore: source.onStore } }),
    query: {
      models: [PatientRootFind, StudyRootFind, PatientStudyOnlyFind],
      onFind: (identifier, { signal }) =>
        source.find(
          { level: levelOf(identifier), keys: identifier.without("QueryRetrieveLevel") },
          { signal },
        ),
    },
    retrieve: {
      models: [
        PatientRootGet,
        StudyRootGet,
        PatientStudyOnlyGet,
        PatientRootMove,
        StudyRootMove,
        PatientStudyOnlyMove,
      ],
      onRetrieve: (identifier, { signal }) => retrieval(source, identifier, signal),
      destination,
      transcode: transcodeInstance,
    },
  };
}

async function retrieval(source: QrSource, identifier: DataSet, signal: AbortSignal): Promise<Retrieval> {
  const instances: InstanceStream[] = [];
  for (const selection of await selectionsOf(source, identifier, signal))
    for await (const instance of source.retrieve(selection, { signal })) instances.push(instance);
  return {
    count: instances.length,
    instances: instances.map((one) => ({ ...one, dataSet: () => one.dataSet() })),
  };
}

const uniqueKeys = ["PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"] as const;

/** Lists of UIDs, and keys of levels above that were left out, are told apart by the source's own query. */
async function selectionsOf(
  source: QrSource,
  identifier: DataSet,
  signal: AbortSignal,
): Promise<Selection[]> {
  const level = levelOf(identifier);
  const own = uniqueKeys[queryLevels.indexOf(level)] ?? "StudyInstanceUID";
  if (identifier.string(own) === undefined)
    throw new IdentifierError(`A retrieval at the level ${level} needs ${own}.`);
  // A patient is retrieved as its studies.
  const asked = level === "PATIENT" ? "STUDY" : level;
  const keys: Record<string, readonly string[]> = {};
  for (const keyword of uniqueKeys) keys[keyword] = identifier.strings(keyword);
  const query = { level: asked, keys: DataSet.of(keys as DataSetInit) } as const;
  const selections: Selection[] = [];
  for await (const match of source.find(query, { signal })) {
    const studyInstanceUid = match.string("StudyInstanceUID");
    const seriesInstanceUid = match.string("SeriesInstanceUID");
    const sopInstanceUid = match.string("SOPInstanceUID");
    if (studyInstanceUid === undefined) continue;
    selections.push({
      studyInstanceUid,
      ...(asked === "STUDY" || seriesInstanceUid === undefined ? {} : { seriesInstanceUid }),
      ...(asked !== "IMAGE" || sopInstanceUid === undefined ? {} : { sopInstanceUid }),
    });
  }
  return selections;
}

/** @throws IdentifierError */
function levelOf(identifier: DataSet): QueryLevel {
  const text = identifier.string("QueryRetrieveLevel")?.trim();
  const level = queryLevels.find((one) => one === text);
  if (level === undefined)
    throw new IdentifierError(
      "(0008,0052) Query/Retrieve Level is none of PATIENT, STUDY, SERIES and IMAGE.",
    );
  return level;
}
