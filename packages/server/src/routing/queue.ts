/**
 * What is to be forwarded: one row for each instance and destination, on stable storage before the feed of changes is gone
 * past, and taken away when the destination has it. A kill or a power loss at any moment loses none; at worst an instance
 * goes twice, which a receiver takes as the same one.
 */
import type { StateDatabase } from "../state/state-database.ts";
import type { InstanceKey } from "@isocenter/archive";
import type { Route } from "./match.ts";

export interface QueueItem extends InstanceKey {
  readonly id: number;
  readonly destination: string;
  readonly rule: string;
  /** `dead`: given up, until somebody tries it again. */
  readonly state: "waiting" | "dead";
  readonly attempts: number;
  /** When it is tried next, and when it came, in ms since 1970. */
  readonly nextAt: number;
  readonly createdAt: number;
  /** Code of the last failure; empty before one. */
  readonly error: string;
}

interface Row {
  id: number;
  destination: string;
  rule: string;
  study_uid: string;
  series_uid: string;
  sop_uid: string;
  state: "waiting" | "dead";
  attempts: number;
  next_at: number;
  created_at: number;
  error: string;
}

export interface QueueFilter {
  readonly destination?: string | undefined;
  readonly state?: "waiting" | "dead" | undefined;
}

export class ForwardQueue {
  readonly #state: StateDatabase;

  constructor(state: StateDatabase) {
    this.#state = state;
  }

  /** The number of the last change that was looked at; undefined before the first. */
  get position(): number | undefined {
    const [row] = this.#state.all<{ value: string }>(
      "select value from setting where name = 'forward-position'",
    );
    return row === undefined ? undefined : Number(row.value);
  }

  /** The next time, what is there then stays where it is. */
  forgetPosition(): void {
    this.#state.run("delete from setting where name = 'forward-position'");
  }

  /** Takes routes in and goes on in the feed, both or neither. What waits already is not put in again. */
  advance(position: number, routes: readonly (Route & InstanceKey)[], now = Date.now()): void {
    this.#state.transaction(() => {
      for (const route of routes) {
        this.#state.run(
          `insert into forward (destination, rule, study_uid, series_uid, sop_uid, created_at) values (?, ?, ?, ?, ?, ?)
           on conflict (destination, sop_uid) do update set
             study_uid = excluded.study_uid, series_uid = excluded.series_uid, state = 'waiting', attempts = 0, next_at = 0`,
          route.destination,
          route.rule,
          route.studyInstanceUid,
          route.seriesInstanceUid,
          route.sopInstanceUid,
          now,
        );
      }
      this.#state.run(
        "insert into setting (name, value) values ('forward-position', ?) on conflict (name) do update set value = excluded.value",
        String(position),
      );
    });
  }

  /** The oldest that are due. */
  due(destination: string, limit: number, now = Date.now()): QueueItem[] {
    return this.#state
      .all<Row>(
        "select * from forward where destination = ? and state = 'waiting' and next_at <= ? order by id limit ?",
        destination,
        now,
        limit,
      )
      .map(itemOf);
  }

  /** When the next of a destination is due, in ms since 1970; undefined when none waits. */
  nextDue(destination: string): number | undefined {
    const [row] = this.#state.all<{ next: number | null }>(
      "select min(next_at) as next from forward where destination = ? and state = 'waiting'",
      destination,
    );
    return row?.next ?? undefined;
  }

  delivered(ids: readonly number[]): void {
    this.#state.transaction(() => {
      for (const id of ids) this.#state.run("delete from forward where id = ?", id);
    });
  }

  /** Is tried again at `nextAt`, or given up when that is undefined. */
  failed(id: number, error: string, attempts: number, nextAt: number | undefined): void {
    this.#state.run(
      "update forward set state = ?, attempts = ?, error = ?, next_at = ? where id = ?",
      nextAt === undefined ? "dead" : "waiting",
      attempts,
      error,
      nextAt ?? 0,
      id,
    );
  }

  list({ destination, state }: QueueFilter, limit: number, after = 0): QueueItem[] {
    return this.#state
      .all<Row>(
        `select * from forward where id > ? and (? is null or destination = ?) and (? is null or state = ?) order by id limit ?`,
        after,
        destination ?? null,
        destination ?? null,
        state ?? null,
        state ?? null,
        limit,
      )
      .map(itemOf);
  }

  counts(): { readonly destination: string; readonly state: "waiting" | "dead"; readonly count: number }[] {
    return this.#state.all(
      "select destination, state, count(*) as count from forward group by destination, state order by destination, state",
    );
  }

  /** One, or all that fit. @returns how many */
  retry(which: number | QueueFilter): number {
    return this.#each(
      "update forward set state = 'waiting', attempts = 0, next_at = 0, created_at = max(created_at, ?)",
      which,
      [Date.now()],
    );
  }

  /** @returns how many */
  discard(which: number | QueueFilter): number {
    return this.#each("delete from forward", which, []);
  }

  #each(what: string, which: number | QueueFilter, values: readonly number[]): number {
    if (typeof which === "number") return this.#state.run(`${what} where id = ?`, ...values, which);
    const { destination = null, state = null } = which;
    return this.#state.run(
      `${what} where (? is null or destination = ?) and (? is null or state = ?)`,
      ...values,
      destination,
      destination,
      state,
      state,
    );
  }
}

const itemOf = (row: Row): QueueItem => ({
  id: row.id,
  destination: row.destination,
  rule: row.rule,
  studyInstanceUid: row.study_uid,
  seriesInstanceUid: row.series_uid,
  sopInstanceUid: row.sop_uid,
  state: row.state,
  attempts: row.attempts,
  nextAt: row.next_at,
  createdAt: row.created_at,
  error: row.error,
});
