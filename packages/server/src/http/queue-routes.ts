/** `/api/queue`: what is to be forwarded, and the dead letters. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { ForwardQueue, QueueItem } from "../routing/queue.ts";
import { HttpProblem } from "./problem.ts";
import { json, problemsOf } from "./route-parts.ts";

export interface QueueRoutesContext {
  readonly queue: ForwardQueue;
  /** There may be something to send now. */
  readonly onRetry: () => void;
}

const filter = {
  destination: z.string().optional(),
  state: z.enum(["waiting", "dead"]).optional(),
};

const item = z
  .object({
    id: z.number(),
    destination: z.string(),
    rule: z.string(),
    state: z.enum(["waiting", "dead"]),
    studyInstanceUid: z.string(),
    seriesInstanceUid: z.string(),
    sopInstanceUid: z.string(),
    attempts: z.number(),
    error: z
      .string()
      .openapi({ description: "Code of the last failure, or its DIMSE status in hexadecimal." }),
    createdAt: z.string(),
    nextAt: z.string(),
  })
  .openapi("QueueItem");

const listRoute = createRoute({
  method: "get",
  path: "/api/queue",
  summary: "What is to be forwarded, oldest first",
  request: {
    query: z.object({
      ...filter,
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      after: z.coerce.number().int().min(0).default(0).openapi({ description: "The last id that was seen." }),
    }),
  },
  responses: {
    200: {
      description: "Counts of all of it, and a page of items",
      content: json(
        z.object({
          counts: z.array(
            z.object({ destination: z.string(), state: z.enum(["waiting", "dead"]), count: z.number() }),
          ),
          items: z.array(item),
        }),
      ),
    },
    ...problemsOf(400),
  },
});

const many = z.object({ count: z.number() });

const retryAllRoute = createRoute({
  method: "post",
  path: "/api/queue/retry",
  summary: "Try again now: all that fit, dead letters too",
  request: { body: { required: true, content: json(z.object(filter)) } },
  responses: { 200: { description: "How many", content: json(many) }, ...problemsOf(400) },
});

const discardAllRoute = createRoute({
  method: "post",
  path: "/api/queue/discard",
  summary: "Forget about dead letters",
  request: { body: { required: true, content: json(z.object({ destination: filter.destination })) } },
  responses: { 200: { description: "How many", content: json(many) }, ...problemsOf(400) },
});

const params = z.object({ id: z.coerce.number().int().min(1) });

const retryRoute = createRoute({
  method: "post",
  path: "/api/queue/{id}/retry",
  summary: "Try one again now",
  request: { params },
  responses: { 204: { description: "It is tried" }, ...problemsOf(404) },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/api/queue/{id}",
  summary: "Do not forward one",
  request: { params },
  responses: { 204: { description: "It is gone" }, ...problemsOf(404) },
});

export function addQueueRoutes(app: OpenAPIHono, { queue, onRetry }: QueueRoutesContext): void {
  app.openapi(listRoute, (c) => {
    const { limit, after, ...which } = c.req.valid("query");
    return c.json({ counts: queue.counts(), items: queue.list(which, limit, after).map(shown) }, 200);
  });
  app.openapi(retryAllRoute, (c) => {
    const count = queue.retry(c.req.valid("json"));
    onRetry();
    return c.json({ count }, 200);
  });
  app.openapi(discardAllRoute, (c) =>
    c.json({ count: queue.discard({ ...c.req.valid("json"), state: "dead" }) }, 200),
  );
  app.openapi(retryRoute, (c) => {
    if (queue.retry(c.req.valid("param").id) === 0) throw unknown();
    onRetry();
    return c.body(null, 204);
  });
  app.openapi(deleteRoute, (c) => {
    if (queue.discard(c.req.valid("param").id) === 0) throw unknown();
    return c.body(null, 204);
  });
}

const unknown = (): HttpProblem =>
  new HttpProblem(
    404,
    "queue-item-unknown",
    "Not in the queue",
    "There is no such item; it may have been sent.",
  );

const shown = ({ createdAt, nextAt, ...rest }: QueueItem) => ({
  ...rest,
  createdAt: new Date(createdAt).toISOString(),
  nextAt: new Date(Math.max(nextAt, createdAt)).toISOString(),
});
