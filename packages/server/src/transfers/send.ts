/** Sends what the archive holds to a peer: C-STORE or STOW-RS, as the peer's source does it. */
import type { CallOptions, ImageSource, InstanceStream, Selection } from "@isocenter/archive";
import { expectedInstances } from "./expected.ts";
import { Tally, type Transfer } from "./transfer.ts";

/** @throws what the peer's source throws when it cannot be reached */
export async function* sendTo(
  target: ImageSource,
  local: ImageSource,
  selections: readonly Selection[],
  options: CallOptions,
): Transfer {
  const tally = new Tally(await expectedInstances(local, selections, options));
  yield tally.progress();
  for await (const outcome of target.store(all(local, selections, options), options)) {
    tally.add(outcome);
    if (tally.isDue()) yield tally.progress();
  }
  return tally.result();
}

async function* all(
  local: ImageSource,
  selections: readonly Selection[],
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  for (const selection of selections) yield* local.retrieve(selection, options);
}
