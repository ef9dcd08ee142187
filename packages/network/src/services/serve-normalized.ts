/** N-services as an SCP, PS3.7 10: one handler for all operations of its SOP classes. */
import { type DataSet, decodeDataSet, encodeDataSet } from "@isocenter/dicom";
import { Status } from "../dimse/status.ts";
import type { Command } from "../dimse/types.ts";
import type { Served } from "./service-provider.ts";
import type { NormalizedAnswer, NormalizedOperation, NormalizedRequest, NormalizedService } from "./types.ts";

export async function serveNormalized(served: Served, service: NormalizedService): Promise<void> {
  const { message, transferSyntaxUid, request } = served;
  const { command } = message;
  const asked = await requestOf(served);
  if (asked === undefined) {
    const errorComment = "The data set of the request cannot be read.";
    return served.respond({ code: Status.ProcessingFailure, errorComment });
  }
  let answer: NormalizedAnswer;
  try {
    answer = await service.onRequest(asked, request);
  } catch {
    answer = { status: Status.ProcessingFailure, errorComment: "The request could not be processed." };
  }
  const { status, errorComment, errorId, sopInstanceUid, attributeIdentifierList, dataSet } = answer;
  const instanceUid = sopInstanceUid ?? asked.sopInstanceUid;
  const more: Partial<Command> = {
    ...(instanceUid === undefined ? {} : { affectedSopInstanceUid: instanceUid }),
    ...(command.eventTypeId === undefined ? {} : { eventTypeId: command.eventTypeId }),
    ...(command.actionTypeId === undefined ? {} : { actionTypeId: command.actionTypeId }),
    ...(errorId === undefined ? {} : { errorId }),
    ...(attributeIdentifierList === undefined ? {} : { attributeIdentifierList }),
  };
  const body =
    dataSet === undefined || dataSet.size === 0
      ? undefined
      : encodeDataSet(dataSet, transferSyntaxUid, { sequences: "explicit-length" });
  return served.respond(errorComment === undefined ? status : { code: status, errorComment }, more, body);
}

/** Undefined when its data set cannot be read. */
async function requestOf({
  message,
  transferSyntaxUid,
  context,
}: Served): Promise<NormalizedRequest | undefined> {
  const { command } = message;
  const bytes = await message.dataSet?.bytes();
  let dataSet: DataSet | undefined;
  try {
    if (bytes !== undefined) dataSet = decodeDataSet(bytes, transferSyntaxUid);
  } catch {
    return undefined; // a malformed data set is the peer's fault, and the answer says so
  }
  return {
    operation: command.kind.replace(/-RQ$/, "") as NormalizedOperation,
    sopClassUid: command.affectedSopClassUid ?? command.requestedSopClassUid ?? context.abstractSyntaxUid,
    sopInstanceUid: command.affectedSopInstanceUid ?? command.requestedSopInstanceUid,
    eventTypeId: command.eventTypeId,
    actionTypeId: command.actionTypeId,
    attributeIdentifierList: command.attributeIdentifierList,
    dataSet,
  };
}
