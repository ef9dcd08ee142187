/** Instances of the queue as they leave: those that are still here, in the transfer syntax that the destination is to get. */
import {
  type ImageSource,
  type InstanceStream,
  storeInstanceOf,
  transcodeInstance,
} from "@isocenter/archive";
import { chunksOf } from "@isocenter/network";
import type { QueueItem } from "./queue.ts";

export interface SendableEvents {
  /** It was removed from the archive since. */
  readonly gone: (item: QueueItem) => void;
  /** It cannot be read, or not be brought into the syntax. */
  readonly failed: (item: QueueItem, error: unknown) => void;
}

export async function* sendable(
  local: Pick<ImageSource, "retrieve">,
  items: readonly QueueItem[],
  transferSyntaxUid: string | undefined,
  events: SendableEvents,
): AsyncGenerator<InstanceStream> {
  for (const item of items) {
    let outgoing: InstanceStream | undefined;
    try {
      for await (const instance of local.retrieve(item)) {
        outgoing = await inSyntax(instance, transferSyntaxUid);
        break;
      }
    } catch (error) {
      events.failed(item, error);
      continue;
    }
    if (outgoing === undefined) events.gone(item);
    else yield outgoing;
  }
}

async function inSyntax(
  instance: InstanceStream,
  transferSyntaxUid: string | undefined,
): Promise<InstanceStream> {
  if (transferSyntaxUid === undefined || instance.transferSyntaxUid === transferSyntaxUid) return instance;
  const changed = await transcodeInstance(storeInstanceOf(instance), [transferSyntaxUid]);
  // A lossy syntax is not chosen for what is kept without loss: it goes as it is.
  if (changed === undefined) return instance;
  const { dataSet } = changed;
  const bytes = typeof dataSet === "function" ? dataSet() : dataSet;
  const { size: _size, ...rest } = instance;
  return {
    ...rest,
    transferSyntaxUid: changed.transferSyntaxUid,
    ...(bytes instanceof Uint8Array ? { size: bytes.byteLength } : {}),
    dataSet: () => chunksOf(bytes),
  };
}
