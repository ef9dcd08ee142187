/** Serves the built workstation: hashed assets for a year, the page itself always fresh. */
import { serveStatic } from "@hono/node-server/serve-static";
import type { OpenAPIHono } from "@hono/zod-openapi";

export function addPage(app: OpenAPIHono, folder: string): void {
  app.use("/assets/*", async (c, next) => {
    await next();
    if (c.res.ok) c.header("cache-control", "public, max-age=31536000, immutable");
  });
  app.get("/*", serveStatic({ root: folder }));
}
