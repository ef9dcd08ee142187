/**
 * `/api/dicom/get`, `move` and `store`: instances between this archive and its peers. The answer is newline-delimited
 * JSON, progress until the result; a client that goes away ends the work in order. With `?async=1` it is a job instead.
 */
import type { ImageSource, InstanceStream, Selection, StoreOutcome } from "@isocenter/archive";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { JobRegistry } from "../jobs/jobs.ts";
import { getInto } from "../transfers/get.ts";
import { moveBetween } from "../transfers/move.ts";
import { sendTo } from "../transfers/send.ts";
import type { Transfer } from "../transfers/transfer.ts";
import { dimseOf, neededPeer, type PeerContext } from "./named-peer.ts";
import { HttpProblem } from "./problem.ts";
import { json, loginNeeded, peerProblems, problemsOf } from "./route-parts.ts";
import {
  getBody,
  jobAnswer,
  moveBody,
  type SelectionFields,
  sendBody,
  transferLine,
  transferQuery,
} from "./schemas.ts";
import { ndjson } from "./streams.ts";

export interface TransferRoutesContext extends PeerContext {
  readonly local: ImageSource & {
    storeOne?(instance: InstanceStream, options: { readonly signal?: AbortSignal }): Promise<StoreOutcome>;
  };
  readonly jobs: JobRegistry;
  /** A transfer ended that was not a job. */
  readonly onTransfer?: (kind: "get" | "move" | "store", peer: string, error: unknown) => void;
}

const responses = {
  200: {
    description: "Progress, a line each, and the result or a problem as the last line",
    content: { "application/x-ndjson": { schema: transferLine } },
  },
  202: { description: "The job that was begun", content: json(jobAnswer) },
  ...peerProblems,
  ...problemsOf(503),
  ...loginNeeded,
};

const getRoute = createRoute({
  method: "post",
  path: "/api/dicom/get",
  summary: "Retrieve from a peer into this archive",
  request: { query: transferQuery, body: { required: true, content: json(getBody) } },
  responses,
});

const moveRoute = createRoute({
  method: "post",
  path: "/api/dicom/move",
  summary: "C-MOVE: a peer sends to a third one",
  request: { query: transferQuery, body: { required: true, content: json(moveBody) } },
  responses,
});

const storeRoute = createRoute({
  method: "post",
  path: "/api/dicom/store",
  summary: "Send from this archive to a peer",
  request: { query: transferQuery, body: { required: true, content: json(sendBody) } },
  responses,
});

export function addTransferRoutes(app: OpenAPIHono, context: TransferRoutesContext): void {
  const { local, jobs, onTransfer } = context;
  const storeOne = async (instance: InstanceStream, options: { readonly signal?: AbortSignal }) => {
    if (local.storeOne !== undefined) return local.storeOne(instance, options);
    for await (const outcome of local.store([instance], options)) return outcome;
    throw new TypeError("the source gave no outcome");
  };

  app.openapi(getRoute, async (c) => {
    const body = c.req.valid("json");
    const { id, source, dimse } = await neededPeer(context, body);
    const selections = selectionsOf(body);
    const parallel = dimse?.options.parallel;
    return answer(c, "get", id, c.req.valid("query").async, (signal) =>
      getInto(storeOne, source, selections, { signal, parallel }),
    );
  });

  app.openapi(moveRoute, async (c) => {
    const body = c.req.valid("json");
    const named = await neededPeer(context, body);
    const peer = dimseOf(named, "C-MOVE");
    const { destination } = body;
    const selections = selectionsOf(body);
    return answer(c, "move", named.id, c.req.valid("query").async, (signal) =>
      moveBetween(peer, { destination, selections }, { signal }),
    );
  });

  app.openapi(storeRoute, async (c) => {
    const body = c.req.valid("json");
    const { id, source } = await neededPeer(context, body);
    const selections = selectionsOf(body);
    return answer(c, "store", id, c.req.valid("query").async, (signal) =>
      sendTo(source, local, selections, { signal }),
    );
  });

  async function answer(
    c: Context,
    kind: "get" | "move" | "store",
    peer: string,
    isAsync: "0" | "1" | undefined,
    work: (signal: AbortSignal) => Transfer,
  ): Promise<Response> {
    if (isAsync !== "1") {
      return ndjson(
        (signal) => linesOf(work(signal), (error) => onTransfer?.(kind, peer, error)),
        c.req.raw.signal,
      );
    }
    const job = jobs.add({ kind, peer }, work);
    if (job !== undefined) return c.json(job, 202, { location: `/api/jobs/${job.id}` });
    throw new HttpProblem(
      503,
      "too-many-jobs",
      "Too many jobs",
      "There are too many jobs waiting already.",
      "Wait for some to end, or cancel some with DELETE /api/jobs/{id}.",
    );
  }
}

/** Progress as lines, and the result as the last. When nobody reads any more, the end of the work is waited for. */
async function* linesOf(transfer: Transfer, onEnd: (error: unknown) => void): AsyncGenerator<object> {
  let failure: unknown = new Error("the client went away");
  let isOver = false;
  try {
    for (let next = await transfer.next(); ; next = await transfer.next()) {
      if (next.done !== true) {
        yield next.value;
        continue;
      }
      isOver = true;
      failure = undefined;
      yield { result: next.value };
      return;
    }
  } catch (error) {
    isOver = true;
    failure = error;
    throw error;
  } finally {
    if (!isOver) await drained(transfer);
    onEnd(failure);
  }
}

/** To its end, which the signal brings: a C-CANCEL is answered, an association released. */
async function drained(transfer: Transfer): Promise<void> {
  try {
    while ((await transfer.next()).done !== true) continue;
  } catch {
    // It ended as it was asked to.
  }
}

interface SelectedFields {
  readonly studyInstanceUID?: string | undefined;
  readonly seriesInstanceUID?: string | undefined;
  readonly sopInstanceUID?: string | undefined;
  readonly selections?: readonly SelectionFields[] | undefined;
}

/** @throws HttpProblem 400 `selection-missing` */
function selectionsOf(body: SelectedFields): Selection[] {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = body;
  const all =
    body.selections ??
    (studyInstanceUID === undefined ? [] : [{ studyInstanceUID, seriesInstanceUID, sopInstanceUID }]);
  if (all.length === 0) {
    throw new HttpProblem(
      400,
      "selection-missing",
      "Nothing selected",
      "The request names no study.",
      "Give studyInstanceUID, with seriesInstanceUID and sopInstanceUID where less is wanted, or selections.",
    );
  }
  return all.map(({ studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance }) => {
    if (instance !== undefined && series === undefined) {
      throw new HttpProblem(
        400,
        "selection-missing",
        "The series is missing",
        "An instance is named by its series too.",
        "Give seriesInstanceUID beside sopInstanceUID.",
      );
    }
    return {
      studyInstanceUid: study,
      ...(series === undefined ? {} : { seriesInstanceUid: series }),
      ...(instance === undefined ? {} : { sopInstanceUid: instance }),
    };
  });
}
