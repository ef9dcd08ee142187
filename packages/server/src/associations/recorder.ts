/**
 * The associations of late, incoming and outgoing, with their timelines: what an inspector draws, and what is looked at
 * when a peer does not do what it should. Bounded in every direction, and free of patient data (see `redact.ts`).
 */
import { randomUUID } from "node:crypto";
import type { AssociationEvent, AssociationObserver } from "@isocenter/network";
import { redacted, type RedactedEvent } from "./redact.ts";

export interface AssociationRecord {
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  /** Id of the peer that an outgoing one goes to, where it has one. */
  readonly peer?: string;
  readonly remote?: string;
  readonly callingAE?: string;
  readonly calledAE?: string;
  /** ISO 8601. */
  readonly openedAt: string;
  readonly endedAt?: string;
  readonly state: "opening" | "open" | "released" | "rejected" | "failed";
  /** Error code of what ended it otherwise than by a release. */
  readonly code?: string;
  /** Messages and data set bytes in both directions. */
  readonly messages: number;
  readonly bytes: number;
}

/** One line of the stream of all. */
export interface AssociationLine {
  /** Grows by one with each, from the start of the server. */
  readonly seq: number;
  readonly association: string;
  readonly event: RedactedEvent;
}

export interface RecorderLimits {
  /** Associations that are remembered. Default 200. */
  readonly associations: number;
  /** Events of each: the first fifty, which negotiate, and the newest. Default 400. */
  readonly events: number;
  /** Lines that a reader who comes back may have missed. Default 5,000. */
  readonly lines: number;
}

const defaultLimits: RecorderLimits = { associations: 200, events: 400, lines: 5000 };
const firstEvents = 50;
/** Of a data set, while recording is switched on. */
const recordedBytes = 65_536;

interface Entry {
  record: AssociationRecord;
  readonly first: RedactedEvent[];
  readonly newest: RedactedEvent[];
  readonly syntaxes: Map<number, string>;
  passedOver: number;
}

export class AssociationRecorder {
  readonly #limits: RecorderLimits;
  readonly #entries = new Map<string, Entry>();
  readonly #lines: AssociationLine[] = [];
  readonly #waiting = new Set<() => void>();
  #seq = 0;
  #recordUntil = 0;

  constructor(limits: Partial<RecorderLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Newest first. */
  list(): AssociationRecord[] {
    return [...this.#entries.values()].map(({ record }) => record).reverse();
  }

  /** With its events; `passedOver` of them in the middle are no longer kept. */
  get(
    id: string,
  ):
    | (AssociationRecord & { readonly events: readonly RedactedEvent[]; readonly passedOver: number })
    | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    return { ...entry.record, events: [...entry.first, ...entry.newest], passedOver: entry.passedOver };
  }

  /** When recording of data sets ends, in ms since 1970; undefined while it is off. */
  get recordingUntil(): number | undefined {
    return this.#recordUntil > Date.now() ? this.#recordUntil : undefined;
  }

  /** Data sets of associations that begin from now on are recorded, redacted, for so long; 0 switches it off. */
  record(ms: number): void {
    this.#recordUntil = ms === 0 ? 0 : Date.now() + ms;
  }

  /** What watches one association. */
  watch(about: Pick<AssociationRecord, "direction" | "peer" | "remote" | "callingAE" | "calledAE">): {
    readonly onEvent: AssociationObserver;
    readonly recordDataSets?: number;
  } {
    const id = randomUUID();
    const record: AssociationRecord = {
      id,
      ...about,
      openedAt: new Date().toISOString(),
      state: "opening",
      messages: 0,
      bytes: 0,
    };
    const entry: Entry = { record, first: [], newest: [], syntaxes: new Map(), passedOver: 0 };
    this.#entries.set(id, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#limits.associations && oldest !== undefined) this.#entries.delete(oldest);
    const onEvent = (event: AssociationEvent): void => this.#take(entry, event);
    return this.recordingUntil === undefined ? { onEvent } : { onEvent, recordDataSets: recordedBytes };
  }

  /** Lines after `since`, as far as they are kept, and then what comes, until the signal. */
  async *follow(since: number | undefined, signal: AbortSignal): AsyncGenerator<AssociationLine> {
    let last = since === undefined || since > this.#seq ? this.#seq : since;
    while (!signal.aborted) {
      const first = this.#lines[0]?.seq ?? 0;
      const missed = this.#lines.slice(Math.max(0, last + 1 - first));
      if (missed.length === 0) await this.#next(signal);
      for (const line of missed) {
        yield line;
        last = line.seq;
      }
    }
  }

  #take(entry: Entry, event: AssociationEvent): void {
    note(entry, event);
    const told = redacted(event, (contextId) => entry.syntaxes.get(contextId));
    const { events: limit, lines } = this.#limits;
    if (entry.first.length < firstEvents) entry.first.push(told);
    else {
      entry.newest.push(told);
      if (entry.newest.length > limit - firstEvents) {
        entry.newest.shift();
        entry.passedOver++;
      }
    }
    this.#lines.push({ seq: ++this.#seq, association: entry.record.id, event: told });
    // Many at once: taking one off the front moves all the others.
    if (this.#lines.length > lines * 1.2) this.#lines.splice(0, this.#lines.length - lines);
    for (const wake of this.#waiting) wake();
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}

/** What the event means for the association's record. */
function note(entry: Entry, event: AssociationEvent): void {
  const { record } = entry;
  if (event.kind === "connected") {
    const remote = event.description?.remote ?? record.remote;
    entry.record = { ...record, ...(remote === undefined ? {} : { remote }) };
  } else if (event.kind === "pdu") {
    const { pdu } = event;
    if (pdu.kind === "A-ASSOCIATE-RQ") {
      entry.record = { ...record, callingAE: pdu.callingAeTitle, calledAE: pdu.calledAeTitle };
    } else if (pdu.kind === "A-ASSOCIATE-AC") {
      for (const { id, result, transferSyntaxUid } of pdu.contexts)
        if (result === "acceptance") entry.syntaxes.set(id, transferSyntaxUid);
      entry.record = { ...record, state: "open" };
    } else if (pdu.kind === "A-ASSOCIATE-RJ") entry.record = { ...record, state: "rejected" };
  } else if (event.kind === "command") {
    entry.record = { ...record, messages: record.messages + 1 };
  } else if (event.kind === "data-set") {
    entry.record = { ...record, bytes: record.bytes + event.bytes };
  } else if (event.kind === "ended") {
    const state =
      record.state === "rejected" ? "rejected" : event.error === undefined ? "released" : "failed";
    const code = event.error?.code;
    entry.record = {
      ...record,
      state,
      endedAt: new Date().toISOString(),
      ...(code === undefined ? {} : { code }),
    };
  }
}
