/** C-FIND as an SCP, PS3.4 C.4.1 and K: a pending response per match, then the final one. */
import { type DataSet, DicomError, decodeDataSet, encodeDataSet } from "@isocenter/dicom";
import { Status } from "../dimse/status.ts";
import type { FindModel } from "./models.ts";
import type { Served } from "./service-provider.ts";
import { IdentifierError, type QueryExtensions, type QueryService, type StatusAnswer } from "./types.ts";

export async function serveFind(served: Served, query: QueryService, model: FindModel): Promise<void> {
  const { message, transferSyntaxUid, request } = served;
  const { signal } = request;
  let final: StatusAnswer = Status.Success;
  try {
    const identifier = await identifierOf(served);
    const extended = extensionsOf(served);
    for await (const match of query.onFind(identifier, { ...request, model, extended })) {
      if (signal.aborted) break;
      await served.respond(Status.Pending, {}, encodeMatch(match, transferSyntaxUid));
    }
  } catch (error) {
    // When the association is over there is nobody to answer, and sending says why.
    if (!signal.aborted) final = failureAnswer(error, "The query failed.");
  } finally {
    message.dataSet?.discard();
  }
  return served.respond(signal.aborted ? Status.Cancel : final);
}

/** @throws IdentifierError when there is none, or it cannot be read */
export async function identifierOf({ message, transferSyntaxUid }: Served): Promise<DataSet> {
  const bytes = await message.dataSet?.bytes();
  if (bytes === undefined) throw new IdentifierError("The request has no identifier.");
  try {
    return decodeDataSet(bytes, transferSyntaxUid);
  } catch (cause) {
    throw new IdentifierError("The identifier cannot be read as a data set.", { cause });
  }
}

export function failureAnswer(error: unknown, otherwise: string): StatusAnswer {
  return {
    code: error instanceof IdentifierError ? Status.IdentifierDoesNotMatch : Status.UnableToProcess,
    errorComment: error instanceof Error ? error.message : otherwise,
  };
}

/** What extended negotiation agreed on for this model, PS3.4 Table C.5-1. */
function extensionsOf({ context, request }: Served): QueryExtensions {
  const item = request.association.extendedNegotiations.find(
    ({ sopClassUid }) => sopClassUid === context.abstractSyntaxUid,
  );
  const agreed = (index: number): boolean => item?.information[index] === 1;
  return {
    relational: agreed(0),
    combinedDateTime: agreed(1),
    fuzzy: agreed(2),
    timezoneAdjustment: agreed(3),
  };
}

/** A match whose text is beyond its character set goes out in UTF-8, rather than with characters lost. */
function encodeMatch(match: DataSet, transferSyntaxUid: string): Uint8Array {
  try {
    return encodeDataSet(match, transferSyntaxUid, { sequences: "explicit-length" });
  } catch (error) {
    if (!(error instanceof DicomError) || error.code !== "text-unencodable") throw error;
    const utf8 = match.with("SpecificCharacterSet", "ISO_IR 192");
    return encodeDataSet(utf8, transferSyntaxUid, { sequences: "explicit-length" });
  }
}
