/**
 * The HTTP application: API, OpenAPI document, health and the workstation's page, over web-standard requests and
 * responses. It knows nothing of sockets; the Node server and others mount it.
 */
import type { ArchiveCounts, ImageSource } from "@isocenter/archive";
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import type { Logger } from "pino";
import { isLoopback, type ListenAddress, type ServerConfig } from "../config.ts";
import { addDicomweb, cors, type Renderer } from "../dicomweb/index.ts";
import { dicomwebSources } from "../dicomweb/sources.ts";
import type { PeerRegistry } from "../peers.ts";
import { version } from "../version.ts";
import { addDicomRoutes } from "./dicom-routes.ts";
import { HttpProblem, problemOf } from "./problem.ts";
import { aboutAnswer } from "./schemas.ts";

export interface AppContext {
  readonly config: ServerConfig;
  /** Where the server really listens, and whether it is ready; both change while it starts. */
  readonly state: { ready: boolean; dicom: ListenAddress; http: ListenAddress };
  readonly local: ImageSource & { counts(): Promise<ArchiveCounts> };
  readonly peers: PeerRegistry;
  readonly logger: Logger;
  /** Makes pictures and decodes frames; in place when left out. */
  readonly renderer?: Renderer;
  readonly startedAt: Date;
}

export function createApp(context: AppContext): OpenAPIHono {
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
    if (document.status === 500) context.logger.error({ err: error, path: c.req.path }, "request failed");
    else context.logger.info({ code: document.code, path: c.req.path }, "request answered with a problem");
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
  const { token, webOrigins = [] } = context.config;
  app.use("/dicom-web/*", cors(webOrigins));
  app.use("/dicom-web/*", sameHost(context.config, webOrigins), bearer(token));
  addDicomweb(app, dicomwebSources(context));

  app.use(
    secureHeaders({
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
    }),
  );
  app.get("/healthz", (c) =>
    context.state.ready ? c.json({ status: "ok" }) : c.json({ status: "starting" }, 503),
  );
  app.use("/api/*", sameHost(context.config), bearer(context.config.token), noStore);

  app.openapi(aboutRoute, async (c) => {
    const { config, state, local, startedAt } = context;
    return c.json(
      {
        name: "Isocenter",
        version,
        dicom: { ...state.dicom, aeTitle: config.aeTitle },
        http: state.http,
        dataFolder: config.dataFolder,
        demo: config.demo,
        counts: await local.counts(),
        startedAt: startedAt.toISOString(),
      },
      200,
    );
  });
  addDicomRoutes(app, { local: context.local, peers: context.peers, config: context.config });
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

/**
 * On loopback there is no login, so a page on the internet must not reach us by pointing its own name at 127.0.0.1
 * (DNS rebinding) or by posting a form: the Host must be a loopback name, and a foreign Origin is refused.
 */
function sameHost(config: ServerConfig, origins: readonly string[] = []): MiddlewareHandler {
  return async (c, next) => {
    const { hostname, host } = new URL(c.req.url);
    if (isLoopback(config.http.host) && !isLoopback(hostname.replace(/^\[|\]$/g, ""))) {
      throw new HttpProblem(
        421,
        "host-not-served",
        "Not served under this name",
        `This server does not answer for ${hostname}.`,
      );
    }
    const origin = c.req.header("origin");
    const isForeign = origin !== undefined && !sameOrigin(origin, host) && !origins.includes(origin);
    if (isForeign && c.req.method !== "GET") {
      throw new HttpProblem(
        403,
        "origin-not-allowed",
        "Another site's page",
        "Requests from pages of other sites are refused.",
      );
    }
    await next();
  };
}

function sameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function bearer(token: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (
      token !== undefined &&
      !(await equalInConstantTime(c.req.header("authorization") ?? "", `Bearer ${token}`))
    ) {
      throw new HttpProblem(
        401,
        "login-needed",
        "Login needed",
        "This server needs a bearer token.",
        "Send the header Authorization: Bearer followed by the token.",
      );
    }
    await next();
  };
}

/** Compares digests, so that the time taken tells nothing about the token. */
async function equalInConstantTime(given: string, expected: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const [a, b] = await Promise.all(
    [given, expected].map(
      async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))),
    ),
  );
  if (a === undefined || b === undefined) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 1);
  return difference === 0;
}
