/** `/api/dicom/*`: connect to a PACS, echo, find, and list peers. */
import { DimsePeer, type DimsePeerAddress, type ImageSource } from "@isocenter/archive";
import { TransferSyntax, uidName } from "@isocenter/dicom";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { PatientRootFind, StudyRootFind, Verification } from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";
import type { ServerConfig } from "../config.ts";
import { addressOf, type PeerRegistry } from "../peers.ts";
import { checkSpelledOutPeer } from "./peer-policy.ts";
import { identifierFor, resultOf } from "./find-results.ts";
import { HttpProblem } from "./problem.ts";
import {
  connectAnswer,
  connectBody,
  echoAnswer,
  echoBody,
  findAnswer,
  findBody,
  type PeerFields,
  peersAnswer,
  problem,
} from "./schemas.ts";

export interface DicomRoutesContext {
  readonly local: ImageSource;
  readonly peers: PeerRegistry;
  readonly config: Pick<ServerConfig, "aeTitle" | "http">;
}

const problems = {
  400: { description: "The request is wrong", content: { "application/problem+json": { schema: problem } } },
  403: {
    description: "The peer may not be named",
    content: { "application/problem+json": { schema: problem } },
  },
  404: {
    description: "Unknown peer or connection",
    content: { "application/problem+json": { schema: problem } },
  },
  502: {
    description: "The peer refused or failed",
    content: { "application/problem+json": { schema: problem } },
  },
  504: {
    description: "The peer did not answer in time",
    content: { "application/problem+json": { schema: problem } },
  },
} as const;

const json = <T>(schema: T) => ({ "application/json": { schema } });

const connectRoute = createRoute({
  method: "post",
  path: "/api/dicom/connect",
  summary: "Associate with a PACS and verify it with C-ECHO",
  request: { body: { required: true, content: json(connectBody) } },
  responses: { 200: { description: "What was negotiated", content: json(connectAnswer) }, ...problems },
});

const echoRoute = createRoute({
  method: "post",
  path: "/api/dicom/echo",
  summary: "C-ECHO",
  request: { body: { required: true, content: json(echoBody) } },
  responses: { 200: { description: "The peer answered", content: json(echoAnswer) }, ...problems },
});

const findRoute = createRoute({
  method: "post",
  path: "/api/dicom/find",
  summary: "C-FIND at a peer, or the same query on this archive when no peer is named",
  request: { body: { required: true, content: json(findBody) } },
  responses: { 200: { description: "The matches", content: json(findAnswer) }, ...problems },
});

const peersRoute = createRoute({
  method: "get",
  path: "/api/dicom/peers",
  summary: "Known peers",
  responses: { 200: { description: "Configured and connected peers", content: json(peersAnswer) } },
});

export function addDicomRoutes(app: OpenAPIHono, { local, peers, config }: DicomRoutesContext): void {
  app.openapi(connectRoute, async (c) => {
    const { host, port, callingAE, calledAE } = c.req.valid("json");
    const address = { host, port, callingAeTitle: callingAE, calledAeTitle: calledAE };
    await checkSpelledOutPeer(host, config);
    const { roundTripMs, association } = await echo(address, c.req.raw.signal);
    const { accepted } = association;
    const peer = peers.connected(address, { at: new Date().toISOString(), ok: true, roundTripMs });
    return c.json(
      {
        connectionId: peer.id,
        peer: { host, port, callingAE, calledAE },
        roundTripMs,
        negotiated: {
          maximumPduLength: accepted.maximumPduLength,
          implementationClassUid: accepted.implementationClassUid,
          ...(accepted.implementationVersionName === undefined
            ? {}
            : { implementationVersionName: accepted.implementationVersionName }),
          contexts: accepted.contexts.map(({ abstractSyntaxUid, transferSyntaxUid, result }) => ({
            abstractSyntax: abstractSyntaxUid,
            abstractSyntaxName: uidName(abstractSyntaxUid) ?? abstractSyntaxUid,
            result: result === "acceptance" ? "accepted" : result,
            ...(transferSyntaxUid === undefined
              ? {}
              : {
                  transferSyntax: transferSyntaxUid,
                  transferSyntaxName: uidName(transferSyntaxUid) ?? transferSyntaxUid,
                }),
          })),
        },
      },
      200,
    );
  });

  app.openapi(echoRoute, async (c) => {
    const named = await peerOf(c.req.valid("json"));
    if (named === undefined) throw noPeer();
    try {
      const { roundTripMs } = await echo(named.address, c.req.raw.signal);
      peers.recordEcho(named.id, { at: new Date().toISOString(), ok: true, roundTripMs });
      return c.json({ status: "success" as const, roundTripMs }, 200);
    } catch (error) {
      peers.recordEcho(named.id, { at: new Date().toISOString(), ok: false });
      throw error;
    }
  });

  app.openapi(findRoute, async (c) => {
    const body = c.req.valid("json");
    const named = await peerOf(body);
    const source: ImageSource = named === undefined ? local : new DimsePeer(named.address);
    const keys = identifierFor(body.level, body.criteria);
    const results = [];
    let truncated = false;
    // One more than asked for tells whether there are more.
    const matches = source.find(
      { level: body.level, keys, limit: body.limit + 1 },
      { signal: c.req.raw.signal },
    );
    for await (const match of matches) {
      if (results.length === body.limit) truncated = true;
      else results.push(resultOf(match));
    }
    return c.json(
      {
        level: body.level,
        source: named === undefined ? ("local" as const) : ("peer" as const),
        truncated,
        results,
      },
      200,
    );
  });

  app.openapi(peersRoute, (c) => c.json({ peers: peers.list() }, 200));

  /** The peer a request means; undefined when it names none. */
  async function peerOf(fields: PeerFields): Promise<{ id: string; address: DimsePeerAddress } | undefined> {
    const id = fields.connectionId ?? fields.peer;
    if (id !== undefined) {
      const peer = peers.get(id);
      if (peer === undefined) {
        throw new HttpProblem(
          404,
          "connection-unknown",
          "Unknown connection",
          "There is no connection or peer with this id; connections are forgotten when the server restarts.",
          "Connect again with POST /api/dicom/connect.",
        );
      }
      return { id, address: addressOf(peer) };
    }
    const { host, port = 104, callingAE = config.aeTitle, calledAE } = fields;
    if (host === undefined && calledAE === undefined) return undefined;
    if (host === undefined || calledAE === undefined) throw noPeer();
    await checkSpelledOutPeer(host, config);
    return { id: "", address: { host, port, callingAeTitle: callingAE, calledAeTitle: calledAE } };
  }
}

const queryTransferSyntaxes = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];

/** Associates for verification and queries, echoes, and releases. */
async function echo(address: DimsePeerAddress, signal: AbortSignal) {
  const { host, port, callingAeTitle, calledAeTitle } = address;
  const association = await connectTcp(host, port, {
    callingAeTitle,
    calledAeTitle,
    signal,
    contexts: [
      {
        abstractSyntaxUid: Verification.sopClassUid,
        transferSyntaxUids: [TransferSyntax.ImplicitVRLittleEndian],
      },
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: queryTransferSyntaxes },
      { abstractSyntaxUid: PatientRootFind.sopClassUid, transferSyntaxUids: queryTransferSyntaxes },
    ],
  });
  await using _ = association;
  const start = performance.now();
  await association.echo({ signal });
  const roundTripMs = Math.round((performance.now() - start) * 100) / 100;
  await association.release();
  return { association, roundTripMs };
}

function noPeer(): HttpProblem {
  return new HttpProblem(
    400,
    "peer-missing",
    "No peer named",
    "The request names no peer.",
    "Give connectionId, peer, or host, port, callingAE and calledAE.",
  );
}
