/** Following the feed of changes: what is recorded already, and then what comes. */
import type { IndexDatabase } from "../index/database.ts";
import type { Change, ChangeKind } from "../index/changes.ts";

const pageSize = 500;
/** Other processes on the same database cannot tell this one. */
const pollMs = 1000;

export interface ChangesOptions {
  /** The last number seen; what follows it is given. From now on when left out. */
  readonly since?: number | undefined;
  /** Ends the iteration; it would go on for ever otherwise. */
  readonly signal?: AbortSignal | undefined;
  /** Ends when everything recorded so far was given. */
  readonly untilNow?: boolean | undefined;
}

export class ChangeFeed {
  readonly #database: IndexDatabase;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(database: IndexDatabase) {
    this.#database = database;
  }

  /** This process committed something. */
  notify(): void {
    for (const wake of this.#waiting) wake();
  }

  close(): void {
    this.#closed = true;
    this.notify();
  }

  /** In order, each once. Numbers missing after `since` say that older entries are no longer kept. */
  async *follow({ since, signal, untilNow = false }: ChangesOptions = {}): AsyncGenerator<Change> {
    let last = since ?? (await this.#newest());
    while (!this.#closed && signal?.aborted !== true) {
      // Before reading, so that what is committed meanwhile is not slept through.
      const next = this.#next(signal);
      try {
        for (let page = await this.#page(last); page.length > 0; page = await this.#page(last)) {
          for (const change of page) {
            yield change;
            last = change.seq;
          }
        }
        if (untilNow) return;
        await next.woken;
      } finally {
        next.cancel();
      }
    }
  }

  #next(signal: AbortSignal | undefined): { readonly woken: Promise<void>; cancel(): void } {
    let cancel = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      const timer = this.#database.kind === "postgres" ? setTimeout(resolve, pollMs) : undefined;
      timer?.unref();
      const wake = (): void => resolve();
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake);
      cancel = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
      };
    });
    return { woken, cancel };
  }

  async #newest(): Promise<number> {
    const row = await this.#database.db
      .selectFrom("change")
      .select("seq")
      .orderBy("seq", "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.seq ?? 0;
  }

  async #page(after: number): Promise<Change[]> {
    const rows = await this.#database.db
      .selectFrom("change")
      .selectAll()
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(pageSize)
      .execute();
    return rows.map((row) => ({
      seq: row.seq,
      at: row.at,
      kind: row.kind as ChangeKind,
      studyInstanceUid: row.study_uid,
      ...(row.series_uid === "" ? {} : { seriesInstanceUid: row.series_uid }),
      ...(row.sop_uid === "" ? {} : { sopInstanceUid: row.sop_uid }),
    }));
  }
}
