/**
 * A DICOM peer as the DICOMweb face needs it: with metadata, and with instances at random access, which DIMSE has not.
 *
 * Asking for a series' metadata retrieves the series, because C-FIND does not tell enough; what comes is held, so that the
 * frames that a viewer asks for next are here already. A single instance (a thumbnail, a picture of the middle slice) is
 * retrieved by itself, before and beside anything else that is under way.
 */
import {
  ArchiveError,
  type CallOptions,
  type ImageSource,
  type InstanceKey,
  type InstanceObject,
  type InstanceStream,
  type Query,
  type Selection,
  type SourceCapabilities,
  type StoreOutcome,
} from "@isocenter/archive";
import { type HeldObject, holdInstance } from "@isocenter/archive/dicomweb";
import type { DataSet } from "@isocenter/dicom";
import { Arrival, type SeriesKey } from "./arrival.ts";
import { withFallback } from "./character-set.ts";
import { retrieveInParallel } from "./in-parallel.ts";
import { metadataOf } from "./json.ts";
import { seriesOf } from "./series-of.ts";
import type { Shelf } from "./shelf.ts";

export interface GatewaySourceOptions {
  readonly peer: string;
  readonly source: ImageSource;
  readonly shelf: Shelf;
  readonly characterSet?: string | undefined;
  /** Associations at a time for retrieving; series are shared out among them. */
  readonly parallel?: number | undefined;
  readonly onInstance?: (instance: InstanceStream) => Promise<void>;
}

/** A series that has come is told again from memory for so long. */
const keptMs = 60_000;
const mostKept = 100;
/** An instance that a series under way has not brought by then is retrieved by itself. */
const patienceMs = 150;
/** Series under way at a time, beyond what `parallel` says. */
const leastArrivals = 2;

export class GatewaySource implements ImageSource {
  readonly #options: GatewaySourceOptions;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #fetching = new Map<string, Promise<HeldObject>>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: GatewaySourceOptions) {
    this.#options = options;
  }

  capabilities(): SourceCapabilities {
    return this.#options.source.capabilities();
  }

  async *find(query: Query, options?: CallOptions): AsyncGenerator<DataSet> {
    const { source, characterSet } = this.#options;
    for await (const match of source.find(query, options)) yield withFallback(match, characterSet);
  }

  async *retrieve(selection: Selection, options: CallOptions = {}): AsyncGenerator<InstanceStream> {
    const { source, parallel = 1, onInstance } = this.#options;
    const { sopInstanceUid } = selection;
    const found = retrieveInParallel(source, selection, parallel, options);
    for await (const instance of found) {
      if (sopInstanceUid !== undefined && instance.sopInstanceUid !== sopInstanceUid) continue;
      yield onInstance === undefined ? instance : teed(instance, onInstance);
    }
  }

  store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options?: CallOptions,
  ): AsyncIterable<StoreOutcome> {
    return this.#options.source.store(instances, options);
  }

  async *metadata(selection: Selection, options: CallOptions = {}): AsyncGenerator<string> {
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = selection;
    if (seriesInstanceUid === undefined) {
      // All begin before the first is told, as many at a time as there may be.
      const series = await seriesOf(this.#options.source, selection, options);
      const arrivals = series.map((key) => this.#arrival(key));
      for (const arrival of arrivals) yield* (await arrival).metadata(options.signal);
      return;
    }
    const key = { studyInstanceUid, seriesInstanceUid };
    if (sopInstanceUid === undefined) {
      yield* (await this.#arrival(key)).metadata(options.signal);
      return;
    }
    const object = await this.#object({ ...key, sopInstanceUid });
    yield metadataOf(object, { isWhole: true, characterSet: this.#options.characterSet });
  }

  async open(key: InstanceKey): Promise<InstanceObject> {
    return this.#object(key);
  }

  async #object(key: InstanceKey): Promise<HeldObject> {
    const { peer, shelf } = this.#options;
    const known = shelf.get(peer, key.sopInstanceUid);
    if (known !== undefined) return known;
    const arrival = this.#arrivals.get(nameOf(key));
    if (arrival !== undefined && !arrival.isOver) {
      const patience = AbortSignal.timeout(patienceMs);
      if (await arrival.arrived(key.sopInstanceUid, patience)) {
        const come = shelf.get(peer, key.sopInstanceUid);
        if (come !== undefined) return come;
      }
      return this.#whicheverFirst(key, arrival);
    }
    return this.#fetched(key);
  }

  /** By itself or with its series. */
  async #whicheverFirst(key: InstanceKey, arrival: Arrival): Promise<HeldObject> {
    const { peer, shelf } = this.#options;
    const done = new AbortController();
    const withSeries = arrival.arrived(key.sopInstanceUid, done.signal).then((isHere) => {
      const object = isHere ? shelf.get(peer, key.sopInstanceUid) : undefined;
      if (object === undefined) throw new ArchiveError("instance-unknown", "There is no such instance.");
      return object;
    });
    const single = this.#fetched(key);
    try {
      return await Promise.any([single, withSeries]);
    } catch {
      return await single; // for its error
    } finally {
      done.abort();
    }
  }

  /** Requests for one instance at the same time share its retrieval. */
  #fetched(key: InstanceKey): Promise<HeldObject> {
    const { peer, shelf } = this.#options;
    const known = this.#fetching.get(key.sopInstanceUid);
    if (known !== undefined) return known;
    const fetching = holdInstance(this, key)
      .then((object) => {
        if (object.size <= shelf.largest) shelf.put(peer, object);
        return object;
      })
      .finally(() => this.#fetching.delete(key.sopInstanceUid));
    this.#fetching.set(key.sopInstanceUid, fetching);
    return fetching;
  }

  /** The series' arrival, begun when there is room for it. */
  async #arrival(key: SeriesKey): Promise<Arrival> {
    const name = nameOf(key);
    const known = this.#arrivals.get(name);
    if (known !== undefined) return known;
    const most = Math.max(leastArrivals, this.#options.parallel ?? 1);
    while (this.#running >= most) await new Promise<void>((resolve) => this.#queue.push(resolve));
    const meanwhile = this.#arrivals.get(name);
    if (meanwhile !== undefined) return meanwhile;
    this.#running++;
    const arrival = new Arrival(key, { ...this.#options, characterSet: this.#options.characterSet });
    this.#arrivals.set(name, arrival);
    void arrival.ended.then(({ error }) => {
      this.#running--;
      this.#queue.shift()?.();
      // One that broke off is tried anew; a whole one is asked for again soon.
      if (error === undefined) setTimeout(() => this.#forget(name, arrival), keptMs).unref();
      else this.#forget(name, arrival);
    });
    const [oldest] = [...this.#arrivals].filter(([, { isOver }]) => isOver);
    if (this.#arrivals.size > mostKept && oldest !== undefined) this.#forget(...oldest);
    return arrival;
  }

  #forget(name: string, arrival: Arrival): void {
    if (this.#arrivals.get(name) === arrival) this.#arrivals.delete(name);
  }
}

const nameOf = ({ studyInstanceUid, seriesInstanceUid }: SeriesKey): string =>
  `${studyInstanceUid} ${seriesInstanceUid}`;

/** To whoever reads it, and when it is read to its end, to the cache. Large instances only pass through. */
function teed(
  instance: InstanceStream,
  onInstance: (instance: InstanceStream) => Promise<void>,
): InstanceStream {
  return {
    ...instance,
    async *dataSet() {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of instance.dataSet()) {
        size += chunk.byteLength;
        if (size <= teedBytes) chunks.push(chunk);
        else chunks.length = 0;
        yield chunk;
      }
      if (size > teedBytes) return;
      await onInstance({ ...instance, size, dataSet: () => listed(chunks) });
    },
  };
}

const teedBytes = 64 << 20;

async function* listed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
