/**
 * A study over several associations: its series are shared out among them, and the instances come as they come. Each is
 * the reader's until it asks for the next; the other associations go on meanwhile, as far as they read ahead.
 */
import type { CallOptions, ImageSource, InstanceStream, Selection } from "@isocenter/archive";
import { seriesOf } from "./series-of.ts";

export async function* retrieveInParallel(
  source: Pick<ImageSource, "find" | "retrieve">,
  selection: Selection,
  parallel: number,
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  const series =
    parallel > 1 && selection.seriesInstanceUid === undefined
      ? await seriesOf(source, selection, options)
      : [];
  // A peer that tells of no series may still have the study.
  if (series.length < 2) yield* source.retrieve(selection, options);
  else yield* inParallel(source, series, parallel, options);
}

/** Several selections, so many at a time. */
export async function* inParallel(
  source: Pick<ImageSource, "retrieve">,
  selections: readonly Selection[],
  parallel: number,
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  const waiting = [...selections];
  const lanes = new Map<number, { readonly iterator: AsyncIterator<InstanceStream>; next: Promise<Step> }>();
  const open = (id: number): void => {
    const selection = waiting.shift();
    if (selection === undefined) return;
    const iterator = source.retrieve(selection, options)[Symbol.asyncIterator]();
    lanes.set(id, { iterator, next: stepOf(id, iterator) });
  };
  for (let id = 0; id < parallel; id++) open(id);
  try {
    while (lanes.size > 0) {
      const { id, result } = await Promise.race([...lanes.values()].map(({ next }) => next));
      const lane = lanes.get(id);
      if (lane === undefined) continue;
      if (result.done === true) {
        lanes.delete(id);
        open(id);
        continue;
      }
      yield result.value;
      lane.next = stepOf(id, lane.iterator);
    }
  } finally {
    // Whoever leaves early, and an error of one, ends the others.
    await Promise.all(
      [...lanes.values()].map(async ({ iterator, next }) => {
        await next.catch(() => undefined); // the first error is the one that is told
        await iterator.return?.();
      }),
    );
  }
}

interface Step {
  readonly id: number;
  readonly result: IteratorResult<InstanceStream>;
}

async function stepOf(id: number, iterator: AsyncIterator<InstanceStream>): Promise<Step> {
  return { id, result: await iterator.next() };
}
