/**
 * Forwards: follows what comes into the archive, puts what the rules name into the queue, and has a worker for each
 * destination that sends what is due.
 *
 * A destination that cannot be reached is waited for without counting against its instances, up to a time; an instance
 * that is refused is tried a few times. Both end in the dead letters, where a person decides.
 */
import type { Change, ChangesOptions, ImageSource, InstanceKey, StoreOutcome } from "@isocenter/archive";
import { type DicomJsonObject, IsocenterError } from "@isocenter/dicom";
import type { Logger } from "pino";
import type { DestinationConfig, RoutingConfig } from "../config/routing.ts";
import { type BackOff, defaultBackOff, waitAfter } from "./back-off.ts";
import { type Route, type Router, routerOf } from "./match.ts";
import type { ForwardQueue, QueueItem } from "./queue.ts";
import { sendable } from "./sendable.ts";

export interface ForwarderOptions {
  readonly config: RoutingConfig;
  readonly queue: ForwardQueue;
  readonly local: Pick<Required<ImageSource>, "retrieve" | "metadata"> & {
    changes(options?: ChangesOptions): AsyncIterable<Change>;
  };
  /** The peer by its id, with so many associations at a time; undefined when it is no longer there. */
  readonly destination: (id: string, parallel: number | undefined) => ImageSource | undefined;
  readonly logger: Logger;
  readonly onSent?: (destination: string, outcome: StoreOutcome) => void;
  readonly backOff?: BackOff;
}

/** Instances sent on one set of associations. */
const batch = 200;
const defaultMaximumAttempts = 5;
const defaultGiveUpHours = 72;
/** Changes looked at before the queue is written. */
const mostAtOnce = 200;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #router: Router;
  readonly #stopping = new AbortController();
  readonly #destinations = new Map<string, Destination>();
  #following: Promise<void> | undefined;

  /** @throws ConfigError for a rule that cannot be followed */
  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#router = routerOf(options.config.rules);
  }

  start(): void {
    // Also what is left of a destination that no rule names any more.
    this.wake();
    const { config, queue } = this.#options;
    // Rules that come later are for what comes later.
    if (config.rules.length === 0) queue.forgetPosition();
    else this.#following = this.#follow();
  }

  /** Tries what waits, now: somebody asked for it. */
  wake(): void {
    for (const { destination } of this.#options.queue.counts()) this.#wake(destination, true);
  }

  /** Ends what runs; all of it is in the queue. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the server stops"));
    await this.#following;
    await Promise.all([...this.#destinations.values()].map((one) => one.stopped()));
  }

  async #follow(): Promise<void> {
    const { logger, backOff = defaultBackOff } = this.#options;
    for (let failures = 1; !this.#stopping.signal.aborted; failures++) {
      try {
        await this.#followOnce(() => {
          failures = 0;
        });
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        logger.error({ err: error }, "what came in could not be looked at for forwarding");
        await pause(waitAfter(failures + 1, backOff), this.#stopping.signal);
      }
    }
  }

  async #followOnce(progressed: () => void): Promise<void> {
    const { local, queue } = this.#options;
    const { signal } = this.#stopping;
    // The first time, what is there already stays where it is.
    if (queue.position === undefined) queue.advance(await newest(local), []);
    let routes: (Route & InstanceKey)[] = [];
    let count = 0;
    let at = queue.position ?? 0;
    const write = (): void => {
      queue.advance(at, routes);
      for (const destination of new Set(routes.map((route) => route.destination))) this.#wake(destination);
      routes = [];
      count = 0;
      progressed();
    };
    while (!signal.aborted) {
      for await (const change of local.changes({ since: at, signal, untilNow: true })) {
        routes.push(...(await this.#routesOf(change)));
        at = change.seq;
        if (++count >= mostAtOnce) write();
      }
      if (count > 0) write();
      // Until there is something new.
      for await (const change of local.changes({ since: at, signal })) {
        if (change.seq > at) break;
      }
    }
  }

  async #routesOf(change: Change): Promise<(Route & InstanceKey)[]> {
    const { kind, studyInstanceUid, seriesInstanceUid, sopInstanceUid } = change;
    if (kind !== "instance-stored" && kind !== "instance-replaced") return [];
    if (seriesInstanceUid === undefined || sopInstanceUid === undefined) return [];
    const key = { studyInstanceUid, seriesInstanceUid, sopInstanceUid };
    const { local } = this.#options;
    for await (const { sourceAeTitle = "" } of local.retrieve(key)) {
      for await (const json of local.metadata(key)) {
        const attributes = JSON.parse(json) as DicomJsonObject;
        return this.#router({ callingAeTitle: sourceAeTitle, attributes }).map((route) => ({
          ...route,
          ...key,
        }));
      }
    }
    return []; // removed since
  }

  #wake(destination: string, isAsked = false): void {
    let worker = this.#destinations.get(destination);
    if (worker === undefined) {
      worker = new Destination(destination, this.#options, this.#stopping.signal);
      this.#destinations.set(destination, worker);
    }
    worker.wake(isAsked);
  }
}

/** The worker of one destination. */
class Destination {
  readonly #id: string;
  readonly #options: ForwarderOptions;
  readonly #settings: DestinationConfig;
  readonly #signal: AbortSignal;
  #failures = 0;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #interrupt: (() => void) | undefined;

  constructor(id: string, options: ForwarderOptions, signal: AbortSignal) {
    this.#id = id;
    this.#options = options;
    this.#settings = options.config.destinations?.[id] ?? {};
    this.#signal = signal;
  }

  /** There may be something to do. @param isAsked also where its time has not come */
  wake(isAsked: boolean): void {
    this.#isWoken = true;
    // A destination that does not answer is not asked again before its time because something new came for it.
    if (isAsked || this.#failures === 0) this.#interrupt?.();
    this.#running ??= this.#run()
      .catch((error: unknown) => this.#broken(error))
      .finally(() => {
        this.#running = undefined;
        if (this.#isWoken && !this.#signal.aborted) this.wake(false);
      });
  }

  /** The queue itself could not be read or written: a full disk, as a rule. */
  async #broken(error: unknown): Promise<void> {
    const { logger, backOff = defaultBackOff } = this.#options;
    logger.error({ destination: this.#id, err: error }, "the forward queue cannot be used");
    await this.#wait(waitAfter(++this.#failures, backOff));
    this.#isWoken = true;
  }

  async stopped(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { queue, backOff = defaultBackOff, logger } = this.#options;
    while (!this.#signal.aborted) {
      this.#isWoken = false;
      const items = queue.due(this.#id, batch);
      if (items.length > 0) {
        try {
          await this.#send(items);
          this.#failures = 0;
          continue;
        } catch (error) {
          if (this.#signal.aborted) return;
          this.#failures++;
          logger.warn(
            { destination: this.#id, err: error, count: items.length },
            "a destination does not take anything",
          );
          this.#giveUpOld(items, codeOf(error));
          await this.#wait(waitAfter(this.#failures, backOff));
          continue;
        }
      }
      const next = queue.nextDue(this.#id);
      if (next === undefined && !this.#isWoken) return;
      if (next !== undefined) await this.#wait(next - Date.now());
    }
  }

  /** @throws when the destination cannot be reached; then nothing counts against the instances */
  async #send(items: readonly QueueItem[]): Promise<void> {
    const { destination, local, queue, onSent } = this.#options;
    const { parallel, transferSyntax } = this.#settings;
    const target = destination(this.#id, parallel);
    if (target === undefined)
      throw new IsocenterError("peer-unknown", "The destination is not a peer any more.");
    const byUid = new Map(items.map((item) => [item.sopInstanceUid, item]));
    const sent = new Set<string>();
    const instances = sendable(local, items, transferSyntax, {
      gone: (item) => {
        sent.add(item.sopInstanceUid);
        queue.delivered([item.id]);
      },
      failed: (item, error) => {
        sent.add(item.sopInstanceUid);
        this.#failed(item, codeOf(error));
      },
    });
    let delivered: number[] = [];
    try {
      for await (const outcome of target.store(instances, { signal: this.#signal })) {
        const item = byUid.get(outcome.sopInstanceUid);
        if (item === undefined) continue;
        sent.add(item.sopInstanceUid);
        if (outcome.kind === "failed")
          this.#failed(item, outcome.status.toString(16).toUpperCase().padStart(4, "0"));
        else delivered.push(item.id);
        onSent?.(this.#id, outcome);
        if (delivered.length >= 50) {
          queue.delivered(delivered);
          delivered = [];
        }
      }
    } finally {
      queue.delivered(delivered);
    }
    // A receiver that says nothing of an instance has not said that it has it.
    for (const item of items) if (!sent.has(item.sopInstanceUid)) this.#failed(item, "no-outcome");
  }

  #failed(item: QueueItem, code: string): void {
    const { queue, backOff = defaultBackOff, logger } = this.#options;
    const attempts = item.attempts + 1;
    const isOver = attempts >= (this.#settings.maximumAttempts ?? defaultMaximumAttempts);
    queue.failed(item.id, code, attempts, isOver ? undefined : Date.now() + waitAfter(attempts, backOff));
    const about = { destination: this.#id, rule: item.rule, code, attempts };
    if (isOver) logger.error(about, "an instance was not taken, and is given up");
    else logger.warn(about, "an instance was not taken");
  }

  #giveUpOld(items: readonly QueueItem[], code: string): void {
    const { queue, logger } = this.#options;
    const hours = this.#settings.giveUpHours ?? defaultGiveUpHours;
    const old = items.filter(({ createdAt }) => Date.now() - createdAt > hours * 3_600_000);
    for (const { id, attempts } of old) queue.failed(id, code, attempts, undefined);
    if (old.length > 0)
      logger.error(
        { destination: this.#id, count: old.length, code },
        "instances waited too long, and are given up",
      );
  }

  async #wait(ms: number): Promise<void> {
    const woken = new AbortController();
    this.#interrupt = () => woken.abort();
    await pause(ms, AbortSignal.any([this.#signal, woken.signal]));
    this.#interrupt = undefined;
  }
}

async function newest(local: ForwarderOptions["local"]): Promise<number> {
  let last = 0;
  for await (const { seq } of local.changes({ since: 0, untilNow: true })) last = seq;
  return last;
}

const codeOf = (error: unknown): string => (error instanceof IsocenterError ? error.code : "failed");

/** Never longer than a timer can count; ends early with the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, 60_000));
    signal.addEventListener("abort", done, { once: true });
  });
}
