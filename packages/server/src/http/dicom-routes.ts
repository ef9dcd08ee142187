/** `/api/dicom/*`: connect to a PACS, echo, find, and list peers. */
import type { DimsePeer, DimsePeerAddress, ImageSource } from "@isocenter/archive";
import { DataSet, TransferSyntax, uidName } from "@isocenter/dicom";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { PatientRootFind, StudyRootFind, Verification } from "@isocenter/network";
import { identifierFor, resultOf } from "./find-results.ts";
import { type NamedPeer, namedPeer, neededPeer, type PeerContext } from "./named-peer.ts";
import { checkSpelledOutPeer } from "./peer-policy.ts";
import { json, peerProblems } from "./route-parts.ts";
import {
  connectAnswer,
  connectBody,
  echoAnswer,
  echoBody,
  findAnswer,
  findBody,
  peersAnswer,
} from "./schemas.ts";

export interface DicomRoutesContext extends PeerContext {
  readonly local: ImageSource;
}

const connectRoute = createRoute({
  method: "post",
  path: "/api/dicom/connect",
  summary: "Associate with a PACS and verify it with C-ECHO",
  request: { body: { required: true, content: json(connectBody) } },
  responses: { 200: { description: "What was negotiated", content: json(connectAnswer) }, ...peerProblems },
});

const echoRoute = createRoute({
  method: "post",
  path: "/api/dicom/echo",
  summary: "C-ECHO",
  request: { body: { required: true, content: json(echoBody) } },
  responses: { 200: { description: "The peer answered", content: json(echoAnswer) }, ...peerProblems },
});

const findRoute = createRoute({
  method: "post",
  path: "/api/dicom/find",
  summary: "C-FIND at a peer, or the same query on this archive when no peer is named",
  request: { body: { required: true, content: json(findBody) } },
  responses: { 200: { description: "The matches", content: json(findAnswer) }, ...peerProblems },
});

const peersRoute = createRoute({
  method: "get",
  path: "/api/dicom/peers",
  summary: "Known peers",
  responses: { 200: { description: "Configured and connected peers", content: json(peersAnswer) } },
});

export function addDicomRoutes(app: OpenAPIHono, context: DicomRoutesContext): void {
  const { local, peers, config, sources } = context;
  app.openapi(connectRoute, async (c) => {
    const { host, port, callingAE, calledAE } = c.req.valid("json");
    const address: DimsePeerAddress = { host, port, callingAeTitle: callingAE, calledAeTitle: calledAE };
    await checkSpelledOutPeer(host, config);
    const { roundTripMs, association } = await echo(sources.at(address), c.req.raw.signal);
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
    const named = await neededPeer(context, c.req.valid("json"));
    const roundTripMs = await verified(context, named, c.req.raw.signal);
    return c.json({ status: "success" as const, roundTripMs }, 200);
  });

  app.openapi(findRoute, async (c) => {
    const body = c.req.valid("json");
    const named = await namedPeer(context, body);
    const source = named?.source ?? local;
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

  app.openapi(peersRoute, (c) => {
    const known = peers.list().flatMap((peer) => {
      if (peer.protocol !== "dimse") return [];
      const { id, name, host, port, callingAE, calledAE, origin, lastEcho } = peer;
      const kind = origin === "connected" ? ("connected" as const) : ("configured" as const);
      return [
        { id, name, host, port, callingAE, calledAE, kind, ...(lastEcho === undefined ? {} : { lastEcho }) },
      ];
    });
    return c.json({ peers: known }, 200);
  });
}

/** Verifies a peer and remembers what came of it: by C-ECHO, or for a DICOMweb service by a search for nothing. */
export async function verified(
  { peers }: Pick<PeerContext, "peers">,
  { id, source, dimse }: NamedPeer,
  signal: AbortSignal,
): Promise<number> {
  try {
    const roundTripMs =
      dimse === undefined ? await searched(source, signal) : (await echo(dimse, signal)).roundTripMs;
    peers.recordEcho(id, { at: new Date().toISOString(), ok: true, roundTripMs });
    return roundTripMs;
  } catch (error) {
    peers.recordEcho(id, { at: new Date().toISOString(), ok: false });
    throw error;
  }
}

async function searched(source: ImageSource, signal: AbortSignal): Promise<number> {
  const start = performance.now();
  const keys = DataSet.of({ StudyInstanceUID: "" });
  for await (const _ of source.find({ level: "STUDY", keys, limit: 1 }, { signal })) break;
  return since(start);
}

const queryTransferSyntaxes = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];

/** Associates for verification and queries, echoes, and releases. */
async function echo(peer: DimsePeer, signal: AbortSignal) {
  const association = await peer.associate(
    [
      {
        abstractSyntaxUid: Verification.sopClassUid,
        transferSyntaxUids: [TransferSyntax.ImplicitVRLittleEndian],
      },
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: queryTransferSyntaxes },
      { abstractSyntaxUid: PatientRootFind.sopClassUid, transferSyntaxUids: queryTransferSyntaxes },
    ],
    { signal },
  );
  await using _ = association;
  const start = performance.now();
  await association.echo({ signal });
  const roundTripMs = since(start);
  await association.release();
  return { association, roundTripMs };
}

const since = (start: number): number => Math.round((performance.now() - start) * 100) / 100;
