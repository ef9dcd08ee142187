/** `/api/jobs`: long work in the background. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Job, JobRegistry } from "../jobs/jobs.ts";
import { HttpProblem } from "./problem.ts";
import { json, problemsOf } from "./route-parts.ts";
import { jobAnswer, jobsAnswer } from "./schemas.ts";

const params = z.object({ id: z.string() });

const listRoute = createRoute({
  method: "get",
  path: "/api/jobs",
  summary: "Jobs, the newest first",
  responses: { 200: { description: "Those that run, wait, or ended of late", content: json(jobsAnswer) } },
});

const getRoute = createRoute({
  method: "get",
  path: "/api/jobs/{id}",
  summary: "One job",
  request: { params },
  responses: { 200: { description: "How far it is", content: json(jobAnswer) }, ...problemsOf(404) },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/api/jobs/{id}",
  summary: "Cancel a job",
  request: { params },
  responses: {
    202: { description: "It was asked to end; one that had ended stays as it is", content: json(jobAnswer) },
    ...problemsOf(404),
  },
});

export function addJobRoutes(app: OpenAPIHono, jobs: JobRegistry): void {
  app.openapi(listRoute, (c) => c.json({ jobs: jobs.list().map(shown) }, 200));
  app.openapi(getRoute, (c) => c.json(shown(known(c.req.valid("param").id)), 200));
  app.openapi(deleteRoute, (c) => {
    const { id } = known(c.req.valid("param").id);
    jobs.cancel(id);
    return c.json(shown(known(id)), 202);
  });

  function known(id: string): Job {
    const job = jobs.get(id);
    if (job !== undefined) return job;
    throw new HttpProblem(404, "job-unknown", "Unknown job", "There is no such job; old ones are forgotten.");
  }
}

/** Lists are read-only here and not in the schema's type. */
const shown = (job: Job) => ({
  ...job,
  result: job.result === undefined ? undefined : { ...job.result, failures: [...job.result.failures] },
});
