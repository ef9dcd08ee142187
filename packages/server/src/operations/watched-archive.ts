/** The archive as the faces see it: measured. */
import type {
  CallOptions,
  InstanceKey,
  InstanceStream,
  LocalArchive,
  Query,
  Selection,
  ChangesOptions,
  StoreOutcome,
} from "@isocenter/archive";
import type { Metrics } from "./metrics.ts";

export type WatchedArchive = ReturnType<typeof watchedArchive>;

export function watchedArchive(archive: LocalArchive, metrics: Pick<Metrics, "archive">) {
  return {
    capabilities: () => archive.capabilities(),
    find: (query: Query, options?: CallOptions) => timed(archive.find(query, options), metrics),
    findJson: (query: Query, options?: CallOptions) => timed(archive.findJson(query, options), metrics),
    retrieve: (selection: Selection, options?: CallOptions) => archive.retrieve(selection, options),
    store: (instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>, options?: CallOptions) =>
      archive.store(instances, options),
    async storeOne(instance: InstanceStream, options?: CallOptions): Promise<StoreOutcome> {
      const start = performance.now();
      const outcome = await archive.storeOne(instance, options);
      metrics.archive("store", performance.now() - start);
      return outcome;
    },
    metadata: (selection: Selection, options?: CallOptions) => archive.metadata(selection, options),
    open: (key: InstanceKey, options?: CallOptions) => archive.open(key, options),
    delete: (selection: Selection, options?: CallOptions) => archive.delete(selection, options),
    counts: () => archive.counts(),
    changes: (options?: ChangesOptions) => archive.changes(options),
  };
}

async function* timed<T>(matches: AsyncIterable<T>, metrics: Pick<Metrics, "archive">): AsyncGenerator<T> {
  const start = performance.now();
  let isFirst = true;
  for await (const match of matches) {
    if (isFirst) metrics.archive("find", performance.now() - start);
    isFirst = false;
    yield match;
  }
  if (isFirst) metrics.archive("find", performance.now() - start);
}
