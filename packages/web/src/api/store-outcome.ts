/** What became of the instances of a store request (PS3.18 Annex I). */
import { items, number, Tag, text } from "../dicom/attributes.ts";
import type { StoreAnswer } from "./dicomweb.ts";
import { ApiProblem } from "./problem.ts";

export interface InstanceOutcome {
  readonly sopInstanceUid: string;
  readonly kind: "stored" | "warning" | "failed";
  /** (0008,1197) or (0008,1196). */
  readonly reason: number | undefined;
  readonly words: string | undefined;
}

export function outcomesOf({ answer }: StoreAnswer): readonly InstanceOutcome[] {
  const stored = items(answer, Tag.ReferencedSOPSequence).map((item): InstanceOutcome => {
    const reason = number(item, Tag.WarningReason);
    return {
      sopInstanceUid: text(item, Tag.ReferencedSOPInstanceUID) ?? "",
      kind: reason === undefined ? "stored" : "warning",
      reason,
      words: undefined,
    };
  });
  const failed = items(answer, Tag.FailedSOPSequence).map(
    (item): InstanceOutcome => ({
      sopInstanceUid: text(item, Tag.ReferencedSOPInstanceUID) ?? "",
      kind: "failed",
      reason: number(item, Tag.FailureReason),
      words: text(item, "00000902"),
    }),
  );
  return [...stored, ...failed];
}

/** @throws ApiProblem when any of them was not stored */
export function storedOrThrow(answer: StoreAnswer): void {
  const failed = outcomesOf(answer).find(({ kind }) => kind === "failed");
  if (failed === undefined) return;
  throw new ApiProblem({
    title: "Not stored",
    detail: failed.words ?? "The archive refused the document.",
    code: `store-${(failed.reason ?? 0).toString(16)}`,
  });
}
