/** Store Instances Response (PS3.18 10.5.3, Annex I): what became of each instance. */
import type { StoreOutcome } from "@isocenter/archive";
import { DataSet, type DataSetInit, toDicomJson, toNativeXml } from "@isocenter/dicom";
import { answer } from "./answer.ts";
import type { PathUids } from "./resource.ts";
import { resourceUrl } from "./urls.ts";
import type { WebRequest } from "./web-request.ts";

/** An instance that was not stored. */
export interface Failure {
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  /** (0008,1197), PS3.18 Table I.2-2. */
  readonly reason: number;
  /** For (0008,1196)'s comment; without patient data. */
  readonly words: string;
}

interface Known {
  readonly failures: readonly Failure[];
  readonly study: string | undefined;
  readonly places: ReadonlyMap<string, PathUids>;
}

export function storeAnswer(
  web: WebRequest,
  outcomes: readonly StoreOutcome[],
  { failures, study, places }: Known,
  mediaType: string,
): Response {
  const stored = outcomes.filter(({ kind }) => kind !== "failed");
  const failed: Failure[] = [
    ...failures,
    ...outcomes
      .filter(({ kind }) => kind === "failed")
      .map(({ sopClassUid, sopInstanceUid, status, reason = "" }) => ({
        sopClassUid,
        sopInstanceUid,
        reason: status,
        words: reason,
      })),
  ];
  const hasWarnings = stored.some(({ status }) => status !== 0);
  // PS3.18 Table 10.5.3-1: all, some, or none of them.
  const status = stored.length === 0 ? 409 : failed.length > 0 || hasWarnings ? 202 : 200;
  const init: Record<string, unknown> = {};
  if (study !== undefined && stored.length > 0) init["RetrieveURL"] = resourceUrl(web.base, { study });
  if (failed.length > 0) init["FailedSOPSequence"] = failed.map(failedItem);
  if (stored.length > 0) {
    init["ReferencedSOPSequence"] = stored.map((outcome) =>
      storedItem(web, outcome, places.get(outcome.sopInstanceUid)),
    );
  }
  const response = DataSet.of(init as DataSetInit);
  const headers = { "content-type": mediaType, "cache-control": "no-store" };
  if (mediaType === "application/dicom+xml") return answer(toNativeXml(response), headers, status);
  return answer(JSON.stringify(toDicomJson(response)), headers, status);
}

function failedItem({ sopClassUid, sopInstanceUid, reason, words }: Failure): DataSetInit {
  return {
    ...(sopClassUid === undefined ? {} : { ReferencedSOPClassUID: sopClassUid }),
    ...(sopInstanceUid === undefined ? {} : { ReferencedSOPInstanceUID: sopInstanceUid }),
    FailureReason: reason,
    // (0000,0902) Error Comment. Not of Annex I, but others send it too, and there is no other place for words.
    ...(words === "" ? {} : { "(0000,0902)": { vr: "LO", value: words.slice(0, 64) } }),
  } as DataSetInit;
}

function storedItem(
  web: WebRequest,
  { sopClassUid, sopInstanceUid, status }: StoreOutcome,
  place: PathUids | undefined,
): DataSetInit {
  const isKnown = place?.study !== undefined && place.series !== undefined;
  return {
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    ...(isKnown ? { RetrieveURL: resourceUrl(web.base, place) } : {}),
    ...(status === 0 ? {} : { WarningReason: status }),
  } as DataSetInit;
}
