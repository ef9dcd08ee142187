/**
 * Figures for Prometheus. Labels come from fixed lists, so that there are few series and no patient data, whatever a peer
 * or a client sends.
 */
import { type AssociationEvent, statusOf } from "@isocenter/network";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export interface MetricsSources {
  readonly counts: () => Promise<{
    readonly patients: number;
    readonly studies: number;
    readonly series: number;
    readonly instances: number;
    readonly bytes: number;
  }>;
  /** What waits to be forwarded, by destination and state. */
  readonly queue?: () => readonly {
    readonly destination: string;
    readonly state: string;
    readonly count: number;
  }[];
  readonly jobs?: () => number;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);

export class Metrics {
  readonly registry = new Registry();
  readonly #open: Gauge<"direction">;
  readonly #ended: Counter<"direction" | "outcome">;
  readonly #operations: Counter<"direction" | "operation" | "status">;
  readonly #transferred: Counter<"direction">;
  readonly #requests: Histogram<"method" | "route" | "status">;
  readonly #index: Histogram<"operation">;
  readonly #logins: Counter;

  constructor({ counts, queue, jobs }: MetricsSources) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, prefix: "isocenter_" });
    this.#open = new Gauge({
      name: "isocenter_associations_open",
      help: "Associations that are open or being opened.",
      labelNames: ["direction"],
      registers,
    });
    this.#ended = new Counter({
      name: "isocenter_associations_total",
      help: "Associations that ended, by how.",
      labelNames: ["direction", "outcome"],
      registers,
    });
    this.#operations = new Counter({
      name: "isocenter_dimse_operations_total",
      help: "DIMSE operations that were answered. incoming: asked of us; outgoing: asked by us.",
      labelNames: ["direction", "operation", "status"],
      registers,
    });
    this.#transferred = new Counter({
      name: "isocenter_dimse_bytes_total",
      help: "Bytes of data sets, sent and received.",
      labelNames: ["direction"],
      registers,
    });
    this.#requests = new Histogram({
      name: "isocenter_http_request_duration_seconds",
      help: "HTTP requests until their answer begins.",
      labelNames: ["method", "route", "status"],
      buckets: seconds,
      registers,
    });
    this.#index = new Histogram({
      name: "isocenter_archive_duration_seconds",
      help: "The archive: a query until its first match, an instance until it is durable.",
      labelNames: ["operation"],
      buckets: seconds,
      registers,
    });
    this.#logins = new Counter({
      name: "isocenter_http_logins_refused_total",
      help: "Requests that were refused for want of the right token.",
      registers,
    });
    const held = new Gauge({
      name: "isocenter_archive_held",
      help: "What the archive holds.",
      labelNames: ["level"],
      registers,
      async collect() {
        const { bytes: _bytes, ...levels } = await counts();
        for (const [level, count] of Object.entries(levels)) held.set({ level }, count);
      },
    });
    const bytes = new Gauge({
      name: "isocenter_archive_stored_bytes",
      help: "Bytes of all objects.",
      registers,
      async collect() {
        bytes.set((await counts()).bytes);
      },
    });
    const waiting = new Gauge({
      name: "isocenter_forward_queue",
      help: "Instances to be forwarded.",
      labelNames: ["destination", "state"],
      registers,
      collect() {
        waiting.reset();
        for (const { destination, state, count } of queue?.() ?? [])
          waiting.set({ destination, state }, count);
      },
    });
    const running = new Gauge({
      name: "isocenter_jobs_running",
      help: "Jobs that run.",
      registers,
      collect() {
        running.set(jobs?.() ?? 0);
      },
    });
  }

  /** Watches one association. */
  watch(direction: "incoming" | "outgoing"): (event: AssociationEvent) => void {
    this.#open.inc({ direction });
    let isRejected = false;
    return (event) => {
      if (event.kind === "pdu" && event.pdu.kind === "A-ASSOCIATE-RJ") isRejected = true;
      else if (event.kind === "data-set") this.#transferred.inc({ direction: event.direction }, event.bytes);
      else if (event.kind === "command") this.#answered(event);
      else if (event.kind === "ended") {
        this.#open.dec({ direction });
        const outcome = isRejected ? "rejected" : event.error === undefined ? "released" : "failed";
        this.#ended.inc({ direction, outcome });
      }
    };
  }

  request(method: string, route: string, status: number, ms: number): void {
    const known = methods.has(method) ? method : "other";
    this.#requests.observe({ method: known, route, status: String(status) }, ms / 1000);
  }

  archive(operation: "find" | "store", ms: number): void {
    this.#index.observe({ operation }, ms / 1000);
  }

  loginRefused(): void {
    this.#logins.inc();
  }

  /** The answer to an operation of a peer is sent, that to one of ours is received. */
  #answered(event: Extract<AssociationEvent, { kind: "command" }>): void {
    const { kind, status = 0 } = event.command;
    if (!kind.endsWith("-RSP")) return;
    const category = statusOf(status, kind.slice(0, -4)).category;
    if (category === "pending") return;
    // Not the association's: the sub-operations of a C-GET go the other way.
    const direction = event.direction === "sent" ? "incoming" : "outgoing";
    this.#operations.inc({ direction, operation: kind.slice(0, -4), status: category });
  }
}
