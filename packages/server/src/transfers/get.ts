/** Retrieves from a peer into the archive: by C-GET, by C-MOVE to ourselves, or by DICOMweb, as the peer's source does it. */
import { ArchiveError, type CallOptions, type ImageSource, type Selection } from "@isocenter/archive";
import { retrieveInParallel } from "../gateway/in-parallel.ts";
import { expectedInstances } from "./expected.ts";
import { storeConcurrently, type StoreOne } from "./store-concurrently.ts";
import { Tally, type Transfer } from "./transfer.ts";

/**
 * @param options.parallel associations at a time, among which the series of a study are shared out
 * @throws what the peer's source throws before anything came; later the result tells it
 */
export async function* getInto(
  storeOne: StoreOne,
  source: ImageSource,
  selections: readonly Selection[],
  options: CallOptions & { readonly parallel?: number | undefined },
): Transfer {
  const { parallel = 1 } = options;
  const tally = new Tally(await expectedInstances(source, selections, options));
  yield tally.progress();
  for (const selection of selections) {
    try {
      const found = retrieveInParallel(source, selection, parallel, options);
      for await (const outcome of storeConcurrently(storeOne, found, options)) {
        tally.add(outcome);
        if (tally.isDue()) yield tally.progress();
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ArchiveError && error.code === "retrieve-incomplete")) throw error;
      tally.fail("", undefined, error.message);
    }
  }
  return tally.result();
}
