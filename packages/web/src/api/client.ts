/** The HTTP API as functions. Each throws {@link ApiProblem}, and nothing else. */
import { problemFrom, unreachable } from "./problem.ts";
import type { About, ConnectAnswer, Criteria, FindAnswer, Peer, PeerAddress } from "./types.ts";

export const api = {
  about: (signal?: AbortSignal) => request<About>("GET", "/api/about", undefined, signal),
  peers: async (signal?: AbortSignal) =>
    (await request<{ peers: readonly Peer[] }>("GET", "/api/dicom/peers", undefined, signal)).peers,
  connect: (address: PeerAddress) => request<ConnectAnswer>("POST", "/api/dicom/connect", address),
  /** @param connectionId a peer's; the local archive when undefined */
  find: (
    query: {
      level: "STUDY" | "SERIES";
      criteria: Criteria;
      connectionId?: string | undefined;
      limit?: number;
    },
    signal?: AbortSignal,
  ) => request<FindAnswer>("POST", "/api/dicom/find", query, signal),
} as const;

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable();
  }
  const json: unknown = await response.json().catch(() => undefined); // an empty body is a problem without words
  if (!response.ok) throw problemFrom(response.status, json);
  return json as T;
}
