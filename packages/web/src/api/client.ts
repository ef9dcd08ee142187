/** The HTTP API as functions. Each throws {@link ApiProblem}, and nothing else but aborts. */
import { send } from "./request.ts";
import type {
  About,
  AssociationRecord,
  ConnectAnswer,
  Criteria,
  FindAnswer,
  Peer,
  PeerAddress,
} from "./types.ts";

export const api = {
  about: (signal?: AbortSignal) => request<About>("GET", "/api/about", undefined, signal),
  peers: async (signal?: AbortSignal) =>
    (await request<{ peers: readonly Peer[] }>("GET", "/api/dicom/peers", undefined, signal)).peers,
  connect: (address: PeerAddress) => request<ConnectAnswer>("POST", "/api/dicom/connect", address),
  /** C-ECHO to a peer by its id. */
  echo: (peer: string) => request<{ roundTripMs: number }>("POST", "/api/dicom/echo", { peer }),
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
  addPeer: (peer: PeerAddress & { readonly name: string }) => request<Peer>("POST", "/api/peers", peer),
  changePeer: (id: string, peer: PeerAddress & { readonly name: string }) =>
    request<Peer>("PUT", `/api/peers/${encodeURIComponent(id)}`, peer),
  removePeer: (id: string) => request<unknown>("DELETE", `/api/peers/${encodeURIComponent(id)}`),
  associations: async (signal?: AbortSignal) =>
    (
      await request<{ associations: readonly AssociationRecord[] }>(
        "GET",
        "/api/associations",
        undefined,
        signal,
      )
    ).associations,
  association: (id: string, signal?: AbortSignal) =>
    request<AssociationRecord>("GET", `/api/associations/${encodeURIComponent(id)}`, undefined, signal),
} as const;

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(path, {
    method,
    signal,
    ...(body === undefined ? {} : { contentType: "application/json", body: JSON.stringify(body) }),
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}
