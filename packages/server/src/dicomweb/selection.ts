/** From a path's UIDs to what the archive calls them. */
import type { InstanceKey, Selection } from "@isocenter/archive";
import type { PathUids } from "./resource.ts";

export function selectionOf({ study = "", series, instance }: PathUids): Selection {
  return {
    studyInstanceUid: study,
    ...(series === undefined ? {} : { seriesInstanceUid: series }),
    ...(instance === undefined ? {} : { sopInstanceUid: instance }),
  };
}

export function keyOf({ study = "", series = "", instance = "" }: PathUids): InstanceKey {
  return { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance };
}
