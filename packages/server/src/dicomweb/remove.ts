/** Deletion of a study, series or instance: not of PS3.18, but what clients send and other archives answer to. */
import { ArchiveError } from "@isocenter/archive/dicomweb";
import { answer } from "./answer.ts";
import { forgetInstances } from "./objects.ts";
import { notFound, WebProblem } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { selectionOf } from "./selection.ts";
import { callOptions, type WebRequest } from "./web-request.ts";

export async function remove(web: WebRequest, target: PathUids): Promise<Response> {
  if (web.source.delete === undefined) {
    throw new WebProblem(501, "not-supported", "This source does not delete.");
  }
  try {
    const count = await web.source.delete(selectionOf(target), callOptions(web));
    if (count === 0) throw notFound("study, series or instance");
  } catch (error) {
    if (error instanceof ArchiveError && error.code === "instance-unknown") throw notFound("instance");
    throw error;
  } finally {
    forgetInstances(web);
  }
  return answer(null, { "cache-control": "no-store" }, 204);
}
