/** Feeds that go on: what happens in the archive, and on associations. Server-sent events, for browsers and scripts alike. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Change, ChangesOptions } from "@isocenter/archive";
import type { AssociationRecorder } from "../associations/recorder.ts";
import { HttpProblem } from "./problem.ts";
import { json, loginNeeded, problemsOf } from "./route-parts.ts";
import { changeEvent } from "./schemas.ts";
import { sse } from "./streams.ts";

export interface EventRoutesContext {
  readonly changes: (options: ChangesOptions) => AsyncIterable<Change>;
  readonly associations: AssociationRecorder;
  /** Aborted when the server stops: streams would keep it up otherwise. */
  readonly stopping: AbortSignal;
  readonly onError?: (error: unknown) => void;
}

const lastSeen = z.object({
  since: z.coerce.number().int().min(0).optional().openapi({
    description:
      "What follows this number, like the header Last-Event-ID; from now on when both are left out.",
  }),
});

const changesRoute = createRoute({
  method: "get",
  path: "/api/changes",
  summary: "What happens in the archive, as server-sent events",
  description:
    "Each event's id is its number, its name the kind of change, its data the change. A reader that comes back with Last-Event-ID misses nothing that is still kept (the newest 100,000).",
  request: { query: lastSeen },
  responses: {
    200: { description: "Events without end", content: { "text/event-stream": { schema: changeEvent } } },
    ...problemsOf(400),
    ...loginNeeded,
  },
});

const record = z
  .object({
    id: z.string(),
    direction: z.enum(["incoming", "outgoing"]),
    peer: z.string().optional(),
    remote: z.string().optional(),
    callingAE: z.string().optional(),
    calledAE: z.string().optional(),
    openedAt: z.string(),
    endedAt: z.string().optional(),
    state: z.enum(["opening", "open", "released", "rejected", "failed"]),
    code: z.string().optional(),
    messages: z.number(),
    bytes: z.number(),
  })
  .openapi("Association");

const event = z
  .object({
    kind: z.string(),
    at: z.number().openapi({ description: "Milliseconds of a clock that only runs forward." }),
  })
  .catchall(z.unknown())
  .openapi("AssociationEvent");

const recording = z.object({
  recordingUntil: z
    .string()
    .optional()
    .openapi({ description: "ISO 8601; absent while data sets are not recorded." }),
});

const associationsRoute = createRoute({
  method: "get",
  path: "/api/associations",
  summary: "Associations of late, incoming and outgoing, the newest first",
  responses: {
    200: {
      description: "Without their events",
      content: json(recording.extend({ associations: z.array(record) }).openapi("Associations")),
    },
  },
});

const associationRoute = createRoute({
  method: "get",
  path: "/api/associations/{id}",
  summary: "One association with its timeline",
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: "Its events in order, without patient data",
      content: json(
        record.extend({
          events: z.array(event),
          passedOver: z.number().openapi({ description: "Events in the middle that are no longer kept." }),
        }),
      ),
    },
    ...problemsOf(404),
  },
});

const associationEventsRoute = createRoute({
  method: "get",
  path: "/api/associations/events",
  summary: "What happens on associations, as server-sent events",
  request: { query: lastSeen.extend({ association: z.string().optional() }) },
  responses: {
    200: {
      description: "Events named `association`, without end",
      content: {
        "text/event-stream": { schema: z.object({ seq: z.number(), association: z.string(), event }) },
      },
    },
    ...problemsOf(400),
    ...loginNeeded,
  },
});

const recordingRoute = createRoute({
  method: "post",
  path: "/api/associations/recording",
  summary: "Switch the recording of data sets on for a while, or off",
  description: "Only numbers, codes and UIDs are kept of them; names, dates and other text never are.",
  request: {
    body: {
      required: true,
      content: json(z.object({ on: z.boolean(), minutes: z.number().min(1).max(240).default(15) })),
    },
  },
  responses: { 200: { description: "What is set now", content: json(recording) }, ...problemsOf(400) },
});

export function addEventRoutes(app: OpenAPIHono, context: EventRoutesContext): void {
  const { changes, associations, stopping, onError } = context;
  app.openapi(changesRoute, (c) => {
    const since = lastOf(c.req.header("last-event-id"), c.req.valid("query").since);
    return sse(
      async function* (signal) {
        for await (const change of changes({ since, signal })) {
          yield { id: change.seq, event: change.kind, data: change };
        }
      },
      stopping,
      onError,
    );
  });

  const recordingNow = (): { recordingUntil?: string } => {
    const until = associations.recordingUntil;
    return until === undefined ? {} : { recordingUntil: new Date(until).toISOString() };
  };
  app.openapi(associationsRoute, (c) =>
    c.json({ associations: associations.list(), ...recordingNow() }, 200),
  );

  app.openapi(associationEventsRoute, (c) => {
    const { since, association } = c.req.valid("query");
    const last = lastOf(c.req.header("last-event-id"), since);
    return sse(
      async function* (signal) {
        for await (const line of associations.follow(last, signal)) {
          if (association !== undefined && line.association !== association) continue;
          yield { id: line.seq, event: "association", data: line };
        }
      },
      stopping,
      onError,
    );
  });

  app.openapi(recordingRoute, (c) => {
    const { on, minutes } = c.req.valid("json");
    associations.record(on ? minutes * 60_000 : 0);
    return c.json(recordingNow(), 200);
  });

  app.openapi(associationRoute, (c) => {
    const found = associations.get(c.req.valid("param").id);
    if (found === undefined) {
      throw new HttpProblem(
        404,
        "association-unknown",
        "Unknown association",
        "There is no such association; old ones are forgotten.",
      );
    }
    return c.json({ ...found, events: [...found.events] }, 200);
  });
}

/** The header is what a browser sends when it comes back, so it is newer than the address that was given to it. */
function lastOf(header: string | undefined, since: number | undefined): number | undefined {
  return header !== undefined && /^[0-9]{1,15}$/.test(header) ? Number(header) : since;
}
