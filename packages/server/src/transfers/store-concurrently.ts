/**
 * Instances into the archive as they come from elsewhere, several at a time where that costs nothing: durability is paid
 * once for those that are stored together.
 *
 * A source's instance is the consumer's until it asks for the next, so small ones are taken into memory, where the source
 * has them as a rule anyway; a large one is stored as it arrives, by itself.
 */
import type { CallOptions, InstanceStream, StoreOutcome } from "@isocenter/archive";
import { mapConcurrently } from "@isocenter/network";

export type StoreOne = (instance: InstanceStream, options: CallOptions) => Promise<StoreOutcome>;

/** Instances stored at a time, and bytes of one above which it is not taken into memory: 64 MiB together. */
const atATime = 16;
const smallBytes = 4 << 20;

export function storeConcurrently(
  storeOne: StoreOne,
  instances: AsyncIterable<InstanceStream>,
  options: CallOptions,
): AsyncGenerator<StoreOutcome> {
  return mapConcurrently(settled(storeOne, instances, options), atATime, async (item) =>
    "kind" in item ? item : await storeOne(item, options),
  );
}

/** Small instances in memory; the outcomes of large ones, which were stored on the way. */
async function* settled(
  storeOne: StoreOne,
  instances: AsyncIterable<InstanceStream>,
  options: CallOptions,
): AsyncGenerator<InstanceStream | StoreOutcome> {
  for await (const instance of instances) {
    const { size } = instance;
    if (size === undefined || size > smallBytes) {
      yield await storeOne(instance, options);
      continue;
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of instance.dataSet()) chunks.push(chunk);
    yield { ...instance, dataSet: () => listed(chunks) };
  }
}

async function* listed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
