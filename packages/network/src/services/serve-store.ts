/** C-STORE as an SCP, PS3.4 B: the data set is handed on as it arrives. */
import { Status } from "../dimse/status.ts";
import type { Served } from "./service-provider.ts";
import type { StatusAnswer, StorageService, StoreRequest } from "./types.ts";

export async function serveStore(served: Served, { onStore }: StorageService): Promise<void> {
  const { message, transferSyntaxUid, request } = served;
  const { command, dataSet } = message;
  const { affectedSopClassUid, affectedSopInstanceUid } = command;
  const echoed = affectedSopInstanceUid === undefined ? {} : { affectedSopInstanceUid };
  if (dataSet === undefined || affectedSopClassUid === undefined || affectedSopInstanceUid === undefined) {
    const errorComment = "A C-STORE-RQ needs SOP class, SOP instance and a data set.";
    return served.respond({ code: Status.CannotUnderstand, errorComment }, echoed);
  }
  let answer: StatusAnswer;
  try {
    const { callingAeTitle, calledAeTitle } = request;
    const rq = { ...command, callingAeTitle, calledAeTitle, transferSyntaxUid } as StoreRequest;
    answer = await onStore(dataSet, rq, request);
  } catch {
    answer = { code: Status.ProcessingFailure, errorComment: "The instance could not be processed." };
  } finally {
    dataSet.discard();
  }
  return served.respond(answer, echoed);
}
