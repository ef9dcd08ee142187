/** `/api/peers`: peers are looked at, added, changed, removed, verified and examined. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { PeerEntry } from "../peers/peer.ts";
import { entryOf, peerAnswer, peerBody, type PeerSettings, shownPeer } from "../peers/peer-changes.ts";
import { verified } from "./dicom-routes.ts";
import { neededPeer, type PeerContext } from "./named-peer.ts";
import { checkPeerChange } from "./peer-policy.ts";
import { HttpProblem } from "./problem.ts";
import { json, loginNeeded, peerProblems, problemsOf } from "./route-parts.ts";
import { echoAnswer } from "./schemas.ts";
import { ndjson } from "./streams.ts";

export interface DoctorLine {
  readonly [name: string]: unknown;
}

/** Examines a peer step by step; each finding is a line. */
export type Doctor = (
  peer: PeerEntry,
  options: { readonly signal: AbortSignal },
) => AsyncGenerator<DoctorLine>;

export interface PeerRoutesContext extends PeerContext {
  readonly doctor: Doctor;
  readonly onChange?: (action: "added" | "changed" | "removed", id: string) => void;
}

const params = z.object({ id: z.string() });

const listRoute = createRoute({
  method: "get",
  path: "/api/peers",
  summary: "All peers, DICOM and DICOMweb",
  responses: {
    200: {
      description: "Without their logins",
      content: json(z.object({ peers: z.array(peerAnswer) }).openapi("Peers")),
    },
  },
});

const getRoute = createRoute({
  method: "get",
  path: "/api/peers/{id}",
  summary: "One peer",
  request: { params },
  responses: { 200: { description: "The peer", content: json(peerAnswer) }, ...problemsOf(404) },
});

const addRoute = createRoute({
  method: "post",
  path: "/api/peers",
  summary: "Add a peer",
  request: { body: { required: true, content: json(peerBody) } },
  responses: { 201: { description: "It is kept", content: json(peerAnswer) }, ...problemsOf(400, 403, 409) },
});

const putRoute = createRoute({
  method: "put",
  path: "/api/peers/{id}",
  summary: "Set a peer, as a whole",
  request: { params, body: { required: true, content: json(peerBody) } },
  responses: { 200: { description: "It is kept", content: json(peerAnswer) }, ...problemsOf(400, 403, 409) },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/api/peers/{id}",
  summary: "Remove a peer",
  request: { params },
  responses: { 204: { description: "It is gone" }, ...problemsOf(403, 404, 409) },
});

const echoRoute = createRoute({
  method: "post",
  path: "/api/peers/{id}/echo",
  summary: "C-ECHO, or a search for a DICOMweb service",
  request: { params },
  responses: { 200: { description: "The peer answered", content: json(echoAnswer) }, ...peerProblems },
});

const doctorRoute = createRoute({
  method: "post",
  path: "/api/peers/{id}/doctor",
  summary: "Examine a peer: what works, what does not, and what to do about it",
  request: { params },
  responses: {
    200: {
      description: "A finding a line",
      content: { "application/x-ndjson": { schema: z.record(z.string(), z.unknown()) } },
    },
    ...peerProblems,
    ...loginNeeded,
  },
});

export function addPeerRoutes(app: OpenAPIHono, context: PeerRoutesContext): void {
  const { peers, config, doctor, onChange } = context;
  app.openapi(listRoute, (c) => c.json({ peers: peers.list().map(shownPeer) }, 200));
  app.openapi(getRoute, (c) => c.json(shownPeer(known(c.req.valid("param").id)), 200));

  app.openapi(addRoute, async (c) => {
    const settings = c.req.valid("json");
    await checkPeerChange(hostOf(settings), config);
    if (peers.get(settings.id) !== undefined) {
      throw new HttpProblem(
        409,
        "peer-exists",
        "The peer is there already",
        `There is a peer "${settings.id}".`,
        "Change it with PUT /api/peers/{id}, or choose another id.",
      );
    }
    const peer = entryOf(settings);
    peers.put(peer);
    onChange?.("added", peer.id);
    return c.json(shownPeer(peer), 201, { location: `/api/peers/${peer.id}` });
  });

  app.openapi(putRoute, async (c) => {
    const { id } = c.req.valid("param");
    const settings = c.req.valid("json");
    if (settings.id !== id) {
      throw new HttpProblem(
        400,
        "request-invalid",
        "The request is not valid",
        "The id is not that of the address.",
      );
    }
    await checkPeerChange(hostOf(settings), config);
    const peer = entryOf(settings);
    if (!peers.put(peer)) throw readOnly();
    onChange?.("changed", id);
    return c.json(shownPeer(peer), 200);
  });

  app.openapi(deleteRoute, async (c) => {
    const { id } = known(c.req.valid("param").id);
    await checkPeerChange(undefined, config);
    if (!peers.remove(id)) throw readOnly();
    onChange?.("removed", id);
    return c.body(null, 204);
  });

  app.openapi(echoRoute, async (c) => {
    const named = await neededPeer(context, { peer: c.req.valid("param").id });
    const roundTripMs = await verified(context, named, c.req.raw.signal);
    return c.json({ status: "success" as const, roundTripMs }, 200);
  });

  app.openapi(doctorRoute, (c) => {
    const peer = known(c.req.valid("param").id);
    return ndjson((signal) => doctor(peer, { signal }), c.req.raw.signal);
  });

  function known(id: string): PeerEntry {
    const peer = peers.get(id);
    if (peer !== undefined) return peer;
    throw new HttpProblem(404, "peer-unknown", "Unknown peer", "There is no peer with this id.");
  }
}

const hostOf = (settings: PeerSettings): string =>
  settings.kind === "dimse" ? settings.host : new URL(settings.url).hostname.replace(/^\[|\]$/g, "");

const readOnly = (): HttpProblem =>
  new HttpProblem(
    409,
    "peer-read-only",
    "Set in the configuration",
    "This peer is set in the server's configuration file.",
    "Change it there, and start the server again.",
  );
