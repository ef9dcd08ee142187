/**
 * Group commit: everything that waits goes into one transaction, and what is committed while the disk syncs shares the
 * next sync.
 *
 * A single sender waits for nobody: its instance is committed at once. While a database elsewhere commits, others gather.
 */
import { addInstances, type HeldInstance, type NewInstance } from "../index/add-instances.ts";
import type { IndexDatabase } from "../index/database.ts";
import type { ObjectStore } from "../objects/object-store.ts";

/** Instances in one transaction; more would make those who wait for its end wait long. */
const mostInBatch = 128;

interface Waiting {
  readonly instance: NewInstance;
  readonly resolve: (held: HeldInstance | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

export class Committer {
  readonly #database: IndexDatabase;
  readonly #objects: ObjectStore;
  readonly #onCommitted: () => void;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(database: IndexDatabase, objects: ObjectStore, onCommitted: () => void) {
    this.#database = database;
    this.#objects = objects;
    this.#onCommitted = onCommitted;
  }

  /** @returns undefined when it was added and is durable, or what is held under its UID already */
  add(instance: NewInstance): Promise<HeldInstance | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ instance, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        // After what is ready in this turn of the event loop has come as well.
        queueMicrotask(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, mostInBatch);
      this.#waiting = this.#waiting.slice(mostInBatch);
      const committed = this.#commit(batch);
      // SQLite has committed by now, and only the sync is waited for, which those who come meanwhile may share.
      if (this.#database.kind === "postgres") await committed;
    }
    this.#running = false;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    let isCommitted = false;
    try {
      const held = await this.#database.writeThen(
        () =>
          addInstances(
            this.#database.kind,
            batch.map(({ instance }) => instance),
            { expectNew: true },
          ),
        (results, durable) => {
          isCommitted = true;
          batch.forEach(({ instance }, index) => {
            if (results[index] === undefined && instance.intent !== undefined)
              this.#objects.perform(instance.intent, durable);
          });
        },
      );
      batch.forEach(({ resolve }, index) => resolve(held[index]));
      this.#onCommitted();
    } catch (error) {
      // One that cannot be written must not take the others with it. Once the rows are there it is the disk that failed,
      // for all of them: doing it again would find them held.
      if (batch.length > 1 && !isCommitted) for (const one of batch) await this.#commit([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
