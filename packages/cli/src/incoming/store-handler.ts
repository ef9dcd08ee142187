/** C-STORE requests into a folder: the answer for each, and word of it to whoever counts. */
import { DicomError } from "@isocenter/dicom";
import { Status, type StatusAnswer, type StoreHandler } from "@isocenter/network";
import type { Arrival, Incoming, IncomingFolder } from "./incoming-folder.ts";

export type Delivery = Incoming &
  (
    | ({ readonly kind: Arrival["kind"] } & Omit<Arrival, "kind">)
    | { readonly kind: "failed"; readonly reason: string }
  );

/** @param onDelivery called before the answer is sent */
export function storeHandler(folder: IncomingFolder, onDelivery: (delivery: Delivery) => void): StoreHandler {
  return async (bytes, request, { signal }) => {
    const instance: Incoming = {
      sopClassUid: request.affectedSopClassUid,
      sopInstanceUid: request.affectedSopInstanceUid,
      transferSyntaxUid: request.transferSyntaxUid,
      sourceAeTitle: request.callingAeTitle,
    };
    const { delivery, answer } = await deliver(folder, instance, bytes, signal);
    onDelivery(delivery);
    return answer;
  };
}

/** Writes one instance, whatever it came by. @returns what became of it, and what a C-STORE would be answered */
export async function deliver(
  folder: IncomingFolder,
  instance: Incoming,
  bytes: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ readonly delivery: Delivery; readonly answer: StatusAnswer }> {
  try {
    const arrival = await folder.take(instance, bytes, signal);
    const answer =
      arrival.kind === "refused"
        ? { code: Status.DuplicateSopInstance, errorComment: "The instance is here already." }
        : Status.Success;
    return { delivery: { ...instance, ...arrival }, answer };
  } catch (error) {
    const answer = failureOf(error);
    return { delivery: { ...instance, kind: "failed", reason: answer.errorComment }, answer };
  }
}

/** PS3.4 Table B.2-1: A7xx out of resources, Cxxx cannot understand. */
function failureOf(error: unknown): Extract<StatusAnswer, object> & { readonly errorComment: string } {
  if (error instanceof DicomError) return { code: Status.CannotUnderstand, errorComment: error.message };
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOSPC" || code === "EDQUOT")
    return { code: Status.OutOfResources, errorComment: "The receiver's storage is full." };
  if (/^E[A-Z]+$/.test(code))
    return {
      code: Status.OutOfResources,
      errorComment: `The receiver's storage cannot be written (${code}).`,
    };
  return {
    code: Status.ProcessingFailure,
    errorComment: error instanceof Error ? error.message : String(error),
  };
}
