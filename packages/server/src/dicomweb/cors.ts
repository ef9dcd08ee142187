/**
 * Cross-origin requests (Fetch 3.2) from pages of listed origins. Nothing is listed by default; `*` is not taken,
 * because with it any page that a user visits could read the archive.
 */
import type { MiddlewareHandler } from "hono";
import { answer } from "./answer.ts";

const methods = "GET, HEAD, POST, DELETE, OPTIONS";
const requestHeaders = "accept, authorization, content-type, if-none-match, if-range, range";
const exposedHeaders = "content-encoding, content-location, content-range, etag, warning";

/** Goes before login: a browser asks for leave without its credentials. */
export function cors(allowedOrigins: readonly string[]): MiddlewareHandler {
  const allowed = new Set(allowedOrigins);
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin === undefined || !allowed.has(origin)) return next();
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      return answer(
        null,
        {
          "access-control-allow-origin": origin,
          "access-control-allow-methods": methods,
          "access-control-allow-headers": requestHeaders,
          "access-control-max-age": "600",
          vary: "Origin",
        },
        204,
      );
    }
    await next();
    c.res.headers.set("access-control-allow-origin", origin);
    c.res.headers.set("access-control-expose-headers", exposedHeaders);
    c.res.headers.append("vary", "Origin");
    return undefined;
  };
}
