/**
 * From what happens by the thousand to entries that somebody can read: instances that one sender stores are gathered, and
 * an access to a study is told once in a while for each who reads it.
 */
import type { StoreOutcome } from "@isocenter/archive";
import type { AuditEvent, AuditFields, AuditWho } from "./audit-entry.ts";
import type { AuditTrail } from "./audit-trail.ts";

/** A gathered entry is written when it is this old, or this long. */
const gatherMs = 5000;
const gatherMost = 500;
/** An access to the same study by the same user is not told again for so long. */
const quietMs = 300_000;
const mostRemembered = 10_000;

interface Gathered {
  readonly event: AuditEvent;
  readonly who: AuditWho;
  readonly detail: string | undefined;
  readonly instances: string[];
  failed: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class AccessLog {
  readonly #trail: AuditTrail;
  readonly #gathered = new Map<string, Gathered>();
  readonly #told = new Map<string, number>();

  constructor(trail: AuditTrail) {
    this.#trail = trail;
  }

  add(fields: AuditFields): void {
    this.#trail.add(fields);
  }

  /** One of many instances that were stored here, or sent elsewhere. */
  transferred(
    event: "instances-stored" | "instances-sent",
    who: AuditWho,
    { sopInstanceUid, kind }: Pick<StoreOutcome, "sopInstanceUid" | "kind">,
    detail?: string,
  ): void {
    const key = JSON.stringify([event, who.user, who.address, detail]);
    let entry = this.#gathered.get(key);
    if (entry === undefined) {
      const timer = setTimeout(() => this.#write(key), gatherMs);
      timer.unref();
      entry = { event, who, detail, instances: [], failed: 0, timer };
      this.#gathered.set(key, entry);
    }
    entry.instances.push(sopInstanceUid);
    if (kind === "failed") entry.failed++;
    if (entry.instances.length >= gatherMost) this.#write(key);
  }

  /** A study that was read, or a query: told at most once in a while. */
  accessed(
    event: "instances-accessed" | "query",
    who: AuditWho,
    about: { readonly study?: string | undefined; readonly detail?: string },
    now = Date.now(),
  ): void {
    const key = JSON.stringify([event, who.user, who.address, about.study, about.detail]);
    const before = this.#told.get(key);
    if (before !== undefined && now - before < quietMs) return;
    this.#told.delete(key);
    this.#told.set(key, now);
    const [oldest] = this.#told.keys();
    if (this.#told.size > mostRemembered && oldest !== undefined) this.#told.delete(oldest);
    const { study, detail } = about;
    this.#trail.add({
      event,
      who,
      outcome: "success",
      ...(study === undefined ? {} : { studies: [study] }),
      ...(detail === undefined ? {} : { detail }),
    });
  }

  async close(): Promise<void> {
    for (const key of this.#gathered.keys()) this.#write(key);
    await this.#trail.close();
  }

  #write(key: string): void {
    const entry = this.#gathered.get(key);
    if (entry === undefined) return;
    this.#gathered.delete(key);
    clearTimeout(entry.timer);
    const { event, who, instances, failed, detail } = entry;
    const outcome = failed === 0 ? "success" : failed === instances.length ? "failure" : "minor-failure";
    const about = detail === undefined ? {} : { detail };
    this.#trail.add({ event, who, outcome, instances, count: instances.length, ...about });
  }
}
