/**
 * The DICOMweb face (PS3.18): requests to an {@link ImageSource}, answers from it.
 *
 * `createDicomweb` gives a plain function from Request to Response over any source, so it runs in Node, Workers and
 * tests alike; {@link addDicomweb} mounts it in a Hono app. Requests find their handler by path and method and by
 * nothing else; handlers throw, and every error leaves as a problem document.
 */
import type { ImageSource } from "@isocenter/archive";
import { HeldInstances } from "@isocenter/archive/dicomweb";
import type { Context, Hono } from "hono";
import { answer } from "./answer.ts";
import { bulkdata } from "./bulkdata.ts";
import { capabilities } from "./capabilities.ts";
import { compressed } from "./compression.ts";
import { explained } from "./existence.ts";
import { frames } from "./frames.ts";
import { instances } from "./instances.ts";
import { metadata } from "./metadata.ts";
import { PartsAnswer } from "./parts-answer.ts";
import { ObjectPool } from "./object-pool.ts";
import { notFound, problemAnswer, WebProblem } from "./problem.ts";
import { rendered, thumbnail } from "./rendered.ts";
import { directRenderer, type Renderer } from "./renderer.ts";
import { remove } from "./remove.ts";
import { methodsOf } from "./resources.ts";
import { type Resource, targetOf } from "./resource.ts";
import { search } from "./search.ts";
import { store } from "./store.ts";
import { wadoUri } from "./wado-uri.ts";
import type { ServiceLimits, WebRequest } from "./web-request.ts";

export interface DicomwebOptions {
  /** The source of a peer's id, or of the local archive when there is none; undefined for an unknown peer. */
  readonly sourceFor: (
    peer: string | undefined,
  ) => ImageSource | undefined | Promise<ImageSource | undefined>;
  /** Where the service stands, without a slash at its end. Default `/dicom-web`. */
  readonly basePath?: string;
  /** Origin that clients reach it under, where a proxy stands before it: `https://pacs.example.org`. */
  readonly publicOrigin?: string;
  /** Does decoding, encoding and drawing. Default: in place. */
  readonly renderer?: Renderer;
  readonly limits?: Partial<ServiceLimits>;
  /** Sends pieces of memory as they are, where the server can; see `sendParts` of `/node`. */
  readonly sendParts?: (env: unknown, answer: PartsAnswer) => Response | undefined;
  /** Told of failures, for a log. What it is told holds no patient data beyond what errors do. */
  readonly onError?: (error: unknown, about: { readonly status: number; readonly code: string }) => void;
}

const defaultLimits: ServiceLimits = { maximumResults: 10_000, maximumHeldBytes: 1 << 30 };

export type DicomwebHandler = (request: Request) => Promise<Response>;

/** The face as a function from Request to Response. */
export function createDicomweb(options: DicomwebOptions): DicomwebHandler {
  const handler = createHandler(options);
  return async (request) => {
    const given = await handler(request);
    return given instanceof PartsAnswer ? given.toResponse() : given;
  };
}

/** Mounts the face at its base path. Login and host checks belong before it. */
export function addDicomweb(app: Pick<Hono, "all">, options: DicomwebOptions): void {
  const handler = createHandler(options);
  const basePath = options.basePath ?? "/dicom-web";
  const handle = async (c: Context): Promise<Response> => {
    const given = await handler(c.req.raw);
    if (!(given instanceof PartsAnswer)) return given;
    // Headers that are added later for another origin's page need a response that they can be added to.
    const isForeign = c.req.header("origin") !== undefined;
    return (isForeign ? undefined : options.sendParts?.(c.env, given)) ?? given.toResponse();
  };
  app.all(basePath, handle);
  app.all(`${basePath}/*`, handle);
}

function createHandler(options: DicomwebOptions): (request: Request) => Promise<Response | PartsAnswer> {
  const { sourceFor, basePath = "/dicom-web", publicOrigin, renderer = directRenderer } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const held = new HeldInstances();
  const pool = new ObjectPool();
  const report = (error: unknown): ReturnType<typeof problemAnswer> => {
    const problem = problemAnswer(error);
    options.onError?.(error, problem);
    return problem;
  };

  return async (request) => {
    try {
      const url = new URL(request.url);
      const target = targetOf(url.pathname.slice(basePath.length + 1));
      if (target === undefined) throw new WebProblem(404, "not-found", "There is no such resource.");
      const source = await sourceFor(target.peer);
      if (source === undefined) throw notFound("peer");
      const root = `${publicOrigin ?? url.origin}${basePath}`;
      const web: WebRequest = {
        request,
        source,
        peer: target.peer,
        base: target.peer === undefined ? root : `${root}/${encodeURIComponent(target.peer)}`,
        parameters: url.searchParams,
        renderer,
        limits,
        held,
        pool,
        onError: report,
      };
      const response = await handle(target.resource, web).catch(async (error: unknown) => {
        throw await explained(error, target.resource, web);
      });
      const isText = !(response instanceof PartsAnswer) && hasText.has(target.resource.kind);
      return isText ? compressed(request, response) : response;
    } catch (error) {
      const { body, headers, status } = report(error);
      return answer(request.method === "HEAD" ? null : body, headers, status);
    }
  };
}

/** The others' answers are pixels, which do not get smaller. */
const hasText = new Set<Resource["kind"]>(["search", "metadata", "service"]);

async function handle(resource: Resource, web: WebRequest): Promise<Response | PartsAnswer> {
  const { method } = web.request;
  if (method === "GET") return retrieve(resource, web);
  const methods = methodsOf(resource);
  if (!methods.includes(method)) {
    throw new WebProblem(405, "method-not-allowed", "This is no method of the resource.", {
      headers: { allow: methods.join(", ") },
    });
  }
  if (method === "OPTIONS") return capabilities(web, resource);
  const uids = resource.kind === "dicom" ? resource : {};
  if (method === "POST") return store(web, uids);
  if (method === "DELETE") return remove(web, uids);
  const given = await retrieve(resource, web);
  const { body, headers, status } = given instanceof PartsAnswer ? given.toResponse() : given;
  await body?.cancel();
  return new Response(null, { status, headers });
}

function retrieve(resource: Resource, web: WebRequest): Promise<Response | PartsAnswer> | Response {
  switch (resource.kind) {
    case "service":
      return web.parameters.has("requestType") ? wadoUri(web) : capabilities(web, resource);
    case "wado-uri":
      return wadoUri(web);
    case "search":
      return search(web, resource);
    case "dicom":
      return instances(web, resource);
    case "metadata":
      return metadata(web, resource);
    case "frames":
      return frames(web, resource);
    case "bulkdata":
      return bulkdata(web, resource);
    case "rendered":
      return rendered(web, resource);
    case "thumbnail":
      return thumbnail(web, resource);
  }
}
