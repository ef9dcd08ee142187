/**
 * A few instances kept in memory for a little while, so that a viewer that asks for frame after frame of one fetches it
 * once. For sources that have no random access.
 */
import type { HeldObject } from "./held-object.ts";

interface Entry {
  readonly object: Promise<HeldObject>;
  readonly until: number;
  size: number;
}

export class HeldInstances {
  readonly #entries = new Map<string, Entry>();
  readonly #maximumBytes: number;
  readonly #keptMs: number;

  /** @param maximumBytes of all instances; the one asked for last stays even when it is larger */
  constructor(maximumBytes = 256 * 1024 * 1024, keptMs = 60_000) {
    this.#maximumBytes = maximumBytes;
    this.#keptMs = keptMs;
  }

  /**
   * Requests for one instance at the same time share its retrieval, which therefore must not end with any one of them.
   * @param now in ms
   */
  get(name: string, load: () => Promise<HeldObject>, now = Date.now()): Promise<HeldObject> {
    const known = this.#entries.get(name);
    if (known !== undefined && known.until > now) {
      this.#entries.delete(name);
      this.#entries.set(name, known);
      return known.object;
    }
    const object = load();
    const entry: Entry = { object, until: now + this.#keptMs, size: 0 };
    this.#entries.set(name, entry);
    object.then(
      ({ size }) => {
        entry.size = size;
        this.#makeRoom(now);
      },
      () => {
        if (this.#entries.get(name) === entry) this.#entries.delete(name);
      },
    );
    return object;
  }

  /** What is held already. */
  peek(name: string, now = Date.now()): Promise<HeldObject> | undefined {
    const known = this.#entries.get(name);
    return known !== undefined && known.until > now ? known.object : undefined;
  }

  /** After a change nothing of before is given. */
  clear(): void {
    this.#entries.clear();
  }

  #makeRoom(now: number): void {
    let total = 0;
    for (const { size } of this.#entries.values()) total += size;
    for (const [name, { size, until }] of this.#entries) {
      if ((total <= this.#maximumBytes || this.#entries.size === 1) && until > now) return;
      this.#entries.delete(name);
      total -= size;
    }
  }
}
