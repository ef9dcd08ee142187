/** What is noted of each HTTP request: its time for the metrics, and accesses to studies for the audit trail. */
import type { MiddlewareHandler } from "hono";
import { targetOf } from "../dicomweb/resource.ts";
import type { AccessLog } from "../operations/access-log.ts";
import type { Metrics } from "../operations/metrics.ts";
import { addressOf } from "./guards.ts";

export function measured(metrics: Metrics): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now();
    await next();
    // What Hono matched, not what was asked for: a path is the client's.
    metrics.request(c.req.method, routeOf(c.req.routePath), c.res.status, performance.now() - start);
  };
}

const routeOf = (path: string): string => (path === "/*" ? "page" : path);

/** Reading, changing and asking for studies through DICOMweb. */
export function audited(access: AccessLog): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const who = { user: "http", address: addressOf(c) };
    const { method } = c.req;
    const target = resourceOf(new URL(c.req.url).pathname);
    if (target === undefined) return;
    const { resource, peer } = target;
    const study = "study" in resource ? resource.study : undefined;
    const about = { study, ...(peer === undefined ? {} : { detail: peer }) };
    const isDone = c.res.status < 400;
    if (method === "DELETE") {
      const outcome = isDone ? "success" : "failure";
      const studies = study === undefined ? [] : [study];
      access.add({ event: "instances-deleted", who, outcome, studies });
    } else if (!isDone) return;
    else if (method === "POST") {
      access.accessed("instances-accessed", who, { ...about, detail: "store" });
    } else if (resource.kind === "search")
      access.accessed("query", who, { ...about, detail: resource.level });
    else if (study !== undefined) access.accessed("instances-accessed", who, about);
  };
}

function resourceOf(path: string): ReturnType<typeof targetOf> {
  try {
    return targetOf(path.replace(/^\/dicom-web\/?/, ""));
  } catch {
    return undefined; // the face has answered what is wrong with it
  }
}
