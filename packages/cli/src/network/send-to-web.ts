/** Files to a DICOMweb service (STOW-RS, PS3.18 10.5), with the outcomes that sending to a DICOM peer has. */
import type { InstanceStream } from "@isocenter/archive/image-source";
import { chunksOf, type SendOutcome, type StoreInstance } from "@isocenter/network";
import type { WebSession } from "./web-session.ts";

/** @param stop aborting it ends in order: what is under way is finished, nothing more is sent */
export async function* sendToWeb(
  { peer, hard }: WebSession,
  instances: AsyncIterable<StoreInstance> | Iterable<StoreInstance>,
  stop: AbortSignal,
): AsyncGenerator<SendOutcome> {
  const sent: StoreInstance[] = [];
  async function* streams(): AsyncGenerator<InstanceStream> {
    for await (const instance of instances) {
      if (stop.aborted) return;
      const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = instance;
      sent.push(instance);
      yield {
        sopClassUid,
        sopInstanceUid,
        transferSyntaxUid,
        dataSet: () => chunksOf(typeof dataSet === "function" ? dataSet() : dataSet),
      };
    }
  }
  for await (const { status, kind, reason } of peer.store(streams(), { signal: hard })) {
    // Outcomes come in the order in which the instances went.
    const instance = sent.shift();
    if (instance === undefined) return;
    const words = reason === undefined ? {} : { reason };
    if (kind === "failed") yield { kind, instance, status, ...words };
    else yield { kind: status === 0 ? "stored" : "warning", instance, status, ...words };
  }
}
