/**
 * A series on its way from a peer: retrieved once, however many ask, and open to all of them while it comes. A frame leaves
 * as soon as its instance is here; metadata flows as instances arrive.
 */
import type { ImageSource, InstanceKey, InstanceStream, Selection } from "@isocenter/archive";
import { metadataOf } from "./json.ts";
import { held, type Shelf } from "./shelf.ts";

export interface ArrivalOptions {
  readonly source: Pick<ImageSource, "retrieve">;
  readonly peer: string;
  readonly shelf: Shelf;
  readonly characterSet: string | undefined;
  /** Each instance as it came, for a cache. */
  readonly onInstance?: (instance: InstanceStream) => Promise<void>;
}

export type SeriesKey = Required<Pick<Selection, "studyInstanceUid" | "seriesInstanceUid">>;

export class Arrival {
  readonly key: SeriesKey;
  /** Resolves at its end, with the error that ended it early. */
  readonly ended: Promise<{ readonly error?: unknown }>;
  readonly #options: ArrivalOptions;
  readonly #metadata: string[] = [];
  readonly #arrived = new Set<string>();
  #isOver: { readonly error?: unknown } | undefined;
  #waiting: (() => void)[] = [];

  constructor(key: SeriesKey, options: ArrivalOptions) {
    this.key = key;
    this.#options = options;
    this.ended = this.#retrieve().then(
      () => this.#end({}),
      (error: unknown) => this.#end({ error }),
    );
  }

  get isOver(): boolean {
    return this.#isOver !== undefined;
  }

  has(sopInstanceUid: string): boolean {
    return this.#arrived.has(sopInstanceUid);
  }

  /** Resolves when the instance is here, with false when the series ended without it. */
  async arrived(sopInstanceUid: string, signal: AbortSignal): Promise<boolean> {
    while (!this.#arrived.has(sopInstanceUid)) {
      if (this.#isOver !== undefined || signal.aborted) return false;
      await this.#next(signal);
    }
    return true;
  }

  /** Of each instance, as they come. @throws what ended the retrieval, after what came */
  async *metadata(signal: AbortSignal | undefined): AsyncGenerator<string> {
    for (let index = 0; ; ) {
      signal?.throwIfAborted();
      const json = this.#metadata[index];
      if (json !== undefined) {
        index++;
        yield json;
      } else if (this.#isOver !== undefined) break;
      else await this.#next(signal);
    }
    if (this.#isOver.error !== undefined) throw this.#isOver.error;
  }

  async #retrieve(): Promise<void> {
    const { source, peer, shelf, characterSet, onInstance } = this.#options;
    for await (const instance of source.retrieve(this.key)) {
      const key: InstanceKey = { ...this.key, sopInstanceUid: instance.sopInstanceUid };
      const { object, isWhole } = await held(instance, key, shelf.largest);
      if (isWhole) {
        shelf.put(peer, object);
        await onInstance?.({
          ...instance,
          size: object.size - object.dataSetOffset,
          dataSet: () =>
            object.stream({ offset: object.dataSetOffset, length: object.size - object.dataSetOffset }),
        });
      }
      this.#metadata.push(await metadataOf(object, { isWhole, characterSet }));
      if (isWhole) this.#arrived.add(instance.sopInstanceUid);
      this.#tell();
    }
  }

  #end(how: { readonly error?: unknown }): { readonly error?: unknown } {
    this.#isOver = how;
    this.#tell();
    return how;
  }

  #tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.push(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }
}
