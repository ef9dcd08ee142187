/**
 * Settles intents in the background: makes durable what was performed, many at once, and forgets it.
 *
 * It waits until a good number has gathered or some time has passed, because by then the system has written most of it on
 * its own and the syncs are nearly free.
 */
import { ArchiveError } from "../../errors.ts";
import type { IndexDatabase } from "../index/database.ts";
import {
  forgetIntents,
  type Intent,
  intentBytes,
  type IntentInit,
  pendingIntents,
} from "../index/intents.ts";
import type { ObjectStore } from "../objects/object-store.ts";

const enough = 2000;
const latestMs = 15_000;
const batch = 200;

export class Settler {
  readonly #database: IndexDatabase;
  readonly #objects: ObjectStore;
  #sinceLast = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(database: IndexDatabase, objects: ObjectStore) {
    this.#database = database;
    this.#objects = objects;
  }

  /** Something was committed that may want settling. */
  notice(count = 1): void {
    this.#sinceLast += count;
    if (this.#closed) return;
    if (this.#sinceLast >= enough) this.#start();
    else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#start(), latestMs);
      this.#timer.unref();
    }
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined) return;
    this.#sinceLast = 0;
    this.#running = this.settle()
      .then(() => undefined)
      .catch((error: unknown) => {
        // What could not be settled stays in the index and is tried again: the disk may have space by then.
        if (!this.#closed) this.notice();
        if (!(error instanceof ArchiveError) && !(error instanceof Error && "code" in error)) throw error;
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /**
   * All there is now.
   * @param options.verify after a crash
   * @returns how many there were
   */
  async settle({ verify = false } = {}): Promise<number> {
    let count = 0;
    let after = 0;
    for (;;) {
      const from = after;
      const intents = await this.#database.read(() => pendingIntents(batch, from));
      if (intents.length === 0) return count;
      const bytesOf = (intent: IntentInit): Promise<Uint8Array | undefined> =>
        this.#database.read(() => intentBytes((intent as Intent).id));
      await this.#objects.settle(intents, bytesOf, { verify });
      await this.#database.write(() => forgetIntents(intents.map(({ id }) => id)));
      count += intents.length;
      after = intents.at(-1)?.id ?? after;
    }
  }

  /** Ends the background work, and settles what is left. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.settle();
  }
}
