/**
 * A peer with the archive as its cache: what is complete there is answered from there, and what the peer sends is kept on
 * its way. What there is, is always the peer's word: searches go to it.
 */
import type {
  CallOptions,
  ImageSource,
  InstanceKey,
  InstanceObject,
  InstanceStream,
  Query,
  Selection,
  SourceCapabilities,
  StoreOutcome,
} from "@isocenter/archive";
import { ArchiveError } from "@isocenter/archive";
import type { DataSet } from "@isocenter/dicom";
import { expectedInstances } from "../transfers/expected.ts";

/** How long a comparison holds. */
const heldMs = 30_000;
const mostHeld = 5000;

export type CacheArchive = Pick<Required<ImageSource>, "find" | "retrieve" | "metadata" | "open">;

export class CachedSource implements ImageSource {
  readonly #source: ImageSource;
  readonly #cache: CacheArchive;
  readonly #complete = new Map<string, { readonly is: Promise<boolean>; readonly until: number }>();

  constructor(source: ImageSource, cache: CacheArchive) {
    this.#source = source;
    this.#cache = cache;
  }

  capabilities(): SourceCapabilities {
    return this.#source.capabilities();
  }

  find(query: Query, options?: CallOptions): AsyncIterable<DataSet> {
    return this.#source.find(query, options);
  }

  async *retrieve(selection: Selection, options: CallOptions = {}): AsyncGenerator<InstanceStream> {
    yield* ((await this.#isComplete(selection)) ? this.#cache : this.#source).retrieve(selection, options);
  }

  async *metadata(selection: Selection, options: CallOptions = {}): AsyncGenerator<string> {
    if (await this.#isComplete(selection)) yield* this.#cache.metadata(selection, options);
    else if (this.#source.metadata !== undefined) yield* this.#source.metadata(selection, options);
    else throw new ArchiveError("not-supported", "The peer has no metadata.");
  }

  /** One instance needs no comparison: under its UID there is no other content. */
  async open(key: InstanceKey, options?: CallOptions): Promise<InstanceObject> {
    try {
      return await this.#cache.open(key, options);
    } catch (error) {
      const isThere = !(error instanceof ArchiveError && error.code === "instance-unknown");
      if (isThere || this.#source.open === undefined) throw error;
      return this.#source.open(key, options);
    }
  }

  store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options?: CallOptions,
  ): AsyncIterable<StoreOutcome> {
    this.#complete.clear();
    return this.#source.store(instances, options);
  }

  #isComplete(selection: Selection, now = Date.now()): Promise<boolean> {
    const name = JSON.stringify([
      selection.studyInstanceUid,
      selection.seriesInstanceUid,
      selection.sopInstanceUid,
    ]);
    const known = this.#complete.get(name);
    if (known !== undefined && known.until > now) return known.is;
    const is = this.#compare(selection);
    const entry = { is, until: now + heldMs };
    this.#complete.set(name, entry);
    const [oldest] = this.#complete.keys();
    if (this.#complete.size > mostHeld && oldest !== undefined) this.#complete.delete(oldest);
    // What is missing may come at any moment, by the request that asks.
    const forget = (): void => {
      if (this.#complete.get(name) === entry) this.#complete.delete(name);
    };
    is.then((isComplete) => (isComplete ? undefined : forget()), forget);
    return is;
  }

  /** The archive's count first: it costs nothing, and mostly there is none. */
  async #compare(selection: Selection): Promise<boolean> {
    const here = await expectedInstances(this.#cache as ImageSource, [selection], {});
    if (here === undefined || here === 0) return false;
    const there = await expectedInstances(this.#source, [selection], {});
    return there !== undefined && here >= there;
  }
}
