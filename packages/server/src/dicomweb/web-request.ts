/** What every handler of the face gets: the request, the source that it is about, and how the service is set up. */
import type { CallOptions, ImageSource } from "@isocenter/archive";
import { type Accept, acceptOf } from "./accept.ts";
import type { HeldInstances } from "@isocenter/archive/dicomweb";
import type { ObjectPool } from "./object-pool.ts";
import type { Renderer } from "./renderer.ts";

export interface ServiceLimits {
  /** Results of one search (`maxResults` of PS3.18 8.3.4.4.1). */
  readonly maximumResults: number;
  /** Bytes of an instance that is held in memory, for sources without random access. */
  readonly maximumHeldBytes: number;
}

export interface WebRequest {
  readonly request: Request;
  readonly source: ImageSource;
  /** Id of the peer, undefined for the local archive. */
  readonly peer: string | undefined;
  /** URL of the service (PS3.18 2.3, "service root"), without a slash at its end. */
  readonly base: string;
  readonly parameters: URLSearchParams;
  readonly renderer: Renderer;
  readonly limits: ServiceLimits;
  /** Instances of sources without random access. */
  readonly held: HeldInstances;
  /** Opened instances of sources that have it. */
  readonly pool: ObjectPool;
  readonly onError: (error: unknown) => void;
}

/** Aborted when the client goes away. Asking for it costs a little, so requests that are done at once do without. */
export function callOptions(web: WebRequest): CallOptions {
  return { signal: web.request.signal };
}

/** Clients send the same few headers again and again. */
const known = new Map<string, Accept>();

export function acceptOfRequest({ request, parameters }: WebRequest): Accept {
  const header = request.headers.get("accept");
  if (parameters.size > 0 && parameters.has("accept")) return acceptOf(header, parameters.getAll("accept"));
  const key = header ?? "";
  let accept = known.get(key);
  if (accept === undefined) {
    accept = acceptOf(header);
    if (known.size >= 200) known.clear();
    known.set(key, accept);
  }
  return accept;
}
