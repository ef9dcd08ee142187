/** Writes an answer's pieces to Node's response, past the web streams that would have to copy them. */
import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { guards } from "../answer.ts";
import type { PartsAnswer } from "../parts-answer.ts";

/** @param env of the Hono context; undefined is returned where it is not that of Node's server */
export function sendParts(env: unknown, { headers, length, parts }: PartsAnswer): Response | undefined {
  const { outgoing } = (env ?? {}) as { readonly outgoing?: ServerResponse };
  if (outgoing === undefined || outgoing.headersSent) return undefined;
  outgoing.writeHead(200, { ...guards, ...headers, "content-length": length });
  // Head and pieces leave in one writev.
  outgoing.cork();
  for (const part of parts) outgoing.write(part);
  outgoing.end();
  outgoing.uncork();
  return RESPONSE_ALREADY_SENT;
}
