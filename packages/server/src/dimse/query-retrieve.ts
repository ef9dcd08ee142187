/** C-FIND, C-GET and C-MOVE over what can be searched and retrieved (PS3.4 C). */
import {
  type ImageSource,
  type InstanceStream,
  type QueryLevel,
  type Selection,
  storeInstanceOf,
  transcodeInstance,
} from "@isocenter/archive";
import {
  type MoveDestination,
  PatientRootFind,
  PatientRootGet,
  PatientRootMove,
  PatientStudyOnlyFind,
  PatientStudyOnlyGet,
  PatientStudyOnlyMove,
  type RequestContext,
  type Retrieval,
  type Services,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "@isocenter/network";
import { levelOf, retrieveAll, selectionsOf } from "./selections.ts";

export interface QueryRetrieveOptions {
  readonly source: Pick<ImageSource, "find" | "retrieve">;
  /** The source knows what is there before it is read; of another, an instance ends when the next is asked for. */
  readonly isLocal: boolean;
  /** What the source can do beside hierarchical queries, PS3.4 C.5.1.1. */
  readonly extended?: NonNullable<Services["query"]>["extended"];
  /** Told of each query, and of each selection that is read. */
  readonly onQuery?: (level: QueryLevel, context: RequestContext) => void;
  readonly onRead?: (selection: Selection, context: RequestContext) => void;
  /** Destinations of C-MOVE by AE title. @param callingAeTitle who we are there: the title that we were called by */
  readonly destination: (aeTitle: string, callingAeTitle: string) => MoveDestination | undefined;
}

export function queryRetrieveServices({
  source,
  isLocal,
  extended,
  onQuery,
  onRead,
  destination,
}: QueryRetrieveOptions): Required<Pick<Services, "query" | "retrieve">> {
  return {
    query: {
      models: [PatientRootFind, StudyRootFind, PatientStudyOnlyFind],
      ...(extended === undefined ? {} : { extended }),
      onFind(identifier, context) {
        const { signal, extended: agreed } = context;
        const level = levelOf(identifier);
        onQuery?.(level, context);
        return source.find({ level, keys: identifier, fuzzy: agreed.fuzzy === true }, { signal });
      },
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
      relational: true,
      transcode: transcodeInstance,
      async onRetrieve(identifier, context): Promise<Retrieval> {
        const { signal } = context;
        const selections = await selectionsOf(identifier, source, { signal });
        for (const selection of selections) onRead?.(selection, context);
        return retrievalOf(isLocal, retrieveAll(source, selections, { signal }));
      },
      destination: (title, { calledAeTitle }) => destination(title, calledAeTitle),
    },
  };
}

async function retrievalOf(isLocal: boolean, found: AsyncIterable<InstanceStream>): Promise<Retrieval> {
  if (!isLocal) return { instances: sendable(found), isLive: true };
  const instances: InstanceStream[] = [];
  for await (const instance of found) instances.push(instance);
  return { count: instances.length, instances: instances.map(storeInstanceOf) };
}

async function* sendable(found: AsyncIterable<InstanceStream>) {
  for await (const instance of found) yield storeInstanceOf(instance);
}
