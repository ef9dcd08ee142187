/**
 * The HTTP application: API, OpenAPI document, health and the workstation's page, over web-standard requests and
 * responses. It knows nothing of sockets; the Node server and others mount it.
 */
import type { ArchiveCounts, Change, ChangesOptions } from "@isocenter/archive";
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import type { Logger } from "pino";
import { AssociationRecorder } from "../associations/recorder.ts";
import type { ListenAddress, ServerConfig } from "../config/config.ts";
import { addDicomweb, cors, type Renderer } from "../dicomweb/index.ts";
import { GatewaySources } from "../gateway/gateway-sources.ts";
import { gateway } from "../gateway/mount.ts";
import { JobRegistry } from "../jobs/jobs.ts";
import { examine } from "../peers/examine.ts";
import { PeerSources } from "../peers/peer-sources.ts";
import type { AccessLog } from "../operations/access-log.ts";
import type { Metrics } from "../operations/metrics.ts";
import { safeLog } from "../operations/safe-log.ts";
import type { PeerRegistry } from "../peers/registry.ts";
import { openState } from "../state/state-database.ts";
import { version } from "../version.ts";
import { addDicomRoutes } from "./dicom-routes.ts";
import { addEventRoutes } from "./event-routes.ts";
import { bearer, LoginFailures, sameHost } from "./guards.ts";
import { addJobRoutes } from "./job-routes.ts";
import { addPeerRoutes } from "./peer-routes.ts";
import { HttpProblem, jobProblemOf, problemOf } from "./problem.ts";
import { aboutAnswer } from "./schemas.ts";
import { addOperationsRoutes } from "./operations-routes.ts";
import { addQueueRoutes, type QueueRoutesContext } from "./queue-routes.ts";
import { audited, measured } from "./watch.ts";
import { addTransferRoutes, type TransferRoutesContext } from "./transfer-routes.ts";

export interface AppContext {
  readonly config: ServerConfig;
  /** Where the server really listens, and whether it is ready; both change while it starts and stops. */
  readonly state: { ready: boolean; dicom: ListenAddress; http: ListenAddress };
  readonly local: TransferRoutesContext["local"] & {
    counts(): Promise<ArchiveCounts>;
    changes?(options: ChangesOptions): AsyncIterable<Change>;
  };
  readonly peers: PeerRegistry;
  readonly logger: Logger;
  /** Makes pictures and decodes frames; in place when left out. */
  readonly renderer?: Renderer;
  readonly startedAt: Date;
  /** How peers are reached; plainly when left out. */
  readonly sources?: PeerSources;
  /** Peers as the DICOMweb face sees them; without a cache when left out. */
  readonly gateways?: GatewaySources;
  /** In memory when left out. */
  readonly jobs?: JobRegistry;
  readonly associations?: AssociationRecorder;
  /** Aborted when the server stops. */
  readonly stopping?: AbortSignal;
  /** None are served when left out. */
  readonly metrics?: Metrics;
  readonly audit?: AccessLog;
  /** What is to be forwarded. */
  readonly forwarding?: QueueRoutesContext;
}

export function createApp(context: AppContext): OpenAPIHono {
  const { config, local, peers, metrics, audit } = context;
  const logger = safeLog(context.logger);
  const {
    sources = new PeerSources(),
    jobs = new JobRegistry({ state: openState(), problemOf: jobProblemOf }),
    gateways = new GatewaySources({ sources }),
    associations = new AssociationRecorder(),
    stopping = new AbortController().signal,
  } = context;
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const [issue] = result.error.issues;
      const where = issue?.path.join(".") ?? "";
      throw new HttpProblem(
        400,
        "request-invalid",
        "The request is not valid",
        `${where === "" ? "The body" : where}: ${issue?.message ?? "not valid"}`,
        "See /api/openapi.json for what each request takes.",
      );
    },
  });

  app.onError((error, c) => {
    const document = problemOf(error instanceof HTTPException ? unreadable(error) : error);
    // The route, not the path: a path is the client's, and may hold anything.
    const route = c.req.routePath;
    if (document.status === 500) logger.error({ err: error, route }, "request failed");
    else logger.info({ code: document.code, route }, "request answered with a problem");
    return c.body(JSON.stringify(document), document.status as 500, {
      "content-type": "application/problem+json",
    });
  });
  app.notFound((c) => {
    const document = problemOf(
      new HttpProblem(404, "not-found", "Not found", `There is nothing at ${c.req.path}.`),
    );
    return c.body(JSON.stringify(document), 404, { "content-type": "application/problem+json" });
  });

  // Before the middleware below: its answers carry their own guards, and are sent without being rebuilt.
  const { token, webOrigins = [] } = config;
  const login = bearer({
    token,
    failures: new LoginFailures(),
    onRefused(address) {
      metrics?.loginRefused();
      audit?.add({ event: "login-refused", who: { user: "http", address }, outcome: "failure" });
    },
  });
  if (metrics !== undefined) app.use(measured(metrics));
  app.use("/dicom-web/*", cors(webOrigins));
  app.use("/dicom-web/*", sameHost(config, webOrigins), login);
  if (audit !== undefined) app.use("/dicom-web/*", audited(audit));
  addDicomweb(app, gateway({ ...context, gateways, logger }));

  app.use(pageHeaders);
  const { state } = context;
  addOperationsRoutes(
    app,
    { state, stopping, probe: () => local.counts(), metrics },
    sameHost(config),
    login,
  );
  app.use("/api/*", sameHost(config), login, noStore);

  app.openapi(aboutRoute, async (c) => {
    const { startedAt } = context;
    const { patients, studies, series, instances } = await local.counts();
    return c.json(
      {
        name: "Isocenter",
        version,
        dicom: { ...state.dicom, aeTitle: config.aeTitle },
        http: state.http,
        dataFolder: config.dataFolder,
        demo: config.demo,
        counts: { patients, studies, series, instances },
        startedAt: startedAt.toISOString(),
      },
      200,
    );
  });
  const peerContext = { peers, sources, config };
  addPeerRoutes(app, {
    ...peerContext,
    doctor: (peer, options) => examine(peer, sources, options),
    onChange: (action, id) =>
      audit?.add({
        event: "configuration-changed",
        who: { user: "http" },
        outcome: "success",
        detail: `peer ${id} ${action}`,
      }),
  });
  addDicomRoutes(app, { local, ...peerContext });
  addTransferRoutes(app, {
    local,
    jobs,
    ...peerContext,
    onTransfer(kind, peer, error) {
      if (error === undefined) logger.info({ kind, peer }, "a transfer ended");
      else logger.warn({ kind, peer, err: error }, "a transfer failed");
    },
  });
  addJobRoutes(app, jobs);
  if (context.forwarding !== undefined) addQueueRoutes(app, context.forwarding);
  addEventRoutes(app, {
    changes: (options) => local.changes?.(options) ?? nothing(),
    associations,
    stopping,
    onError: (error) => logger.error({ err: error }, "a stream of events broke off"),
  });
  app.doc31("/api/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Isocenter HTTP API",
      version,
      description:
        "Query this archive and the PACS it can reach. Errors are RFC 9457 problem documents with a stable `code`.",
    },
  });
  return app;
}

async function* nothing(): AsyncGenerator<Change> {}

/** What Hono itself refuses: a body that is no JSON, or of another media type. */
function unreadable({ status, message }: HTTPException): HttpProblem {
  return new HttpProblem(
    status === 415 ? 415 : 400,
    "request-invalid",
    "The request is not valid",
    `${message}.`.replace(/\.+$/, "."),
    "See /api/openapi.json for what each request takes.",
  );
}

const aboutRoute = createRoute({
  method: "get",
  path: "/api/about",
  summary: "What runs here",
  responses: {
    200: { description: "About this server", content: { "application/json": { schema: aboutAnswer } } },
  },
});

const noStore: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("cache-control", "no-store");
};

const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", "data:", "blob:"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
    workerSrc: ["'self'", "blob:"],
    connectSrc: ["'self'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
});
