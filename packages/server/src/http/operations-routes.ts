/** `/healthz`, `/readyz` and `/metrics`: for whoever runs the server. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Metrics } from "../operations/metrics.ts";

export interface OperationsContext {
  readonly state: { readonly ready: boolean };
  readonly stopping: AbortSignal;
  /** Asks the archive for something that needs its database. */
  readonly probe: () => Promise<unknown>;
  readonly metrics: Metrics | undefined;
}

/** A database that takes longer is none that requests should be sent to. */
const probeMs = 3000;

export function addOperationsRoutes(
  app: OpenAPIHono,
  { state, stopping, probe, metrics }: OperationsContext,
  ...guards: readonly MiddlewareHandler[]
): void {
  // It is alive until the process ends; a database that is away is no reason to start it anew.
  app.get("/healthz", (c) => (state.ready ? c.json({ status: "ok" }) : c.json({ status: "starting" }, 503)));

  app.get("/readyz", async (c) => {
    if (stopping.aborted) return c.json({ status: "stopping" }, 503);
    if (!state.ready) return c.json({ status: "starting" }, 503);
    return (await answersInTime(probe))
      ? c.json({ status: "ready" })
      : c.json({ status: "archive-unavailable" }, 503);
  });

  if (metrics === undefined) return;
  for (const guard of guards) app.use("/metrics", guard);
  app.get("/metrics", async (c: Context) => {
    const { registry } = metrics;
    return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
  });
}

async function answersInTime(probe: () => Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), probeMs);
  });
  const answered = probe().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}
