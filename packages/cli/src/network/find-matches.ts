/** C-FIND for the commands: matches until the end, the limit or Ctrl+C; the last two send C-CANCEL. */
import { type DataSet, TransferSyntax } from "@isocenter/dicom";
import type { Association, FindModel, PresentationContextProposal } from "@isocenter/network";

/** Explicit first, because it carries the VRs of private keys. */
export const plainSyntaxes = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];

export const plainContext = (
  sopClassUid: string,
  syntaxes: readonly string[] = [],
): PresentationContextProposal => ({
  abstractSyntaxUid: sopClassUid,
  transferSyntaxUids: syntaxes.length === 0 ? plainSyntaxes : syntaxes,
});

/** @throws NetworkError; the reason of the stop */
export async function* findMatches(
  association: Association,
  model: FindModel,
  identifier: DataSet,
  { stopping, limit = Number.POSITIVE_INFINITY }: { readonly stopping: AbortSignal; readonly limit?: number },
): AsyncGenerator<DataSet> {
  let left = limit;
  for await (const match of association.find(model, identifier, { cancel: stopping })) {
    // What was on its way when the query was cancelled.
    if (stopping.aborted) continue;
    yield match;
    if (--left <= 0) break;
  }
  if (stopping.aborted) {
    await association.release();
    stopping.throwIfAborted();
  }
}
