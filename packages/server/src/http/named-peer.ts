/** The peer that a request means: one that is known by its id, or one that is spelled out where the policy allows that. */
import type { DimsePeer, ImageSource } from "@isocenter/archive";
import type { ServerConfig } from "../config/config.ts";
import type { PeerSources } from "../peers/peer-sources.ts";
import type { PeerRegistry } from "../peers/registry.ts";
import { checkSpelledOutPeer } from "./peer-policy.ts";
import { HttpProblem } from "./problem.ts";
import type { PeerFields } from "./schemas.ts";

export interface NamedPeer {
  /** Empty where it was spelled out. */
  readonly id: string;
  readonly source: ImageSource;
  /** Undefined for a DICOMweb service. */
  readonly dimse: DimsePeer | undefined;
}

export interface PeerContext {
  readonly peers: PeerRegistry;
  readonly sources: PeerSources;
  readonly config: Pick<ServerConfig, "aeTitle" | "http" | "peerChanges">;
}

/** @returns undefined when the request names none @throws HttpProblem */
export async function namedPeer(
  { peers, sources, config }: PeerContext,
  fields: PeerFields,
): Promise<NamedPeer | undefined> {
  const id = fields.connectionId ?? fields.peer;
  if (id !== undefined) {
    const peer = peers.get(id);
    if (peer === undefined) throw unknown();
    const source = sources.of(peer);
    return { id, source, dimse: peer.protocol === "dimse" ? sources.dimse(peer) : undefined };
  }
  const { host, port = 104, callingAE = config.aeTitle, calledAE } = fields;
  if (host === undefined && calledAE === undefined) return undefined;
  if (host === undefined || calledAE === undefined) throw noPeer();
  await checkSpelledOutPeer(host, config);
  const dimse = sources.at({ host, port, callingAeTitle: callingAE, calledAeTitle: calledAE });
  return { id: "", source: dimse, dimse };
}

/** @throws HttpProblem 400 `peer-missing` */
export async function neededPeer(context: PeerContext, fields: PeerFields): Promise<NamedPeer> {
  const peer = await namedPeer(context, fields);
  if (peer === undefined) throw noPeer();
  return peer;
}

/** @throws HttpProblem 400 `peer-not-dimse` */
export function dimseOf({ dimse }: NamedPeer, operation: string): DimsePeer {
  if (dimse !== undefined) return dimse;
  throw new HttpProblem(
    400,
    "peer-not-dimse",
    "Not a DIMSE peer",
    `${operation} is asked of DICOM peers; this one is a DICOMweb service.`,
  );
}

const unknown = (): HttpProblem =>
  new HttpProblem(
    404,
    "connection-unknown",
    "Unknown connection",
    "There is no connection or peer with this id; connections are forgotten when the server restarts.",
    "Connect again with POST /api/dicom/connect.",
  );

const noPeer = (): HttpProblem =>
  new HttpProblem(
    400,
    "peer-missing",
    "No peer named",
    "The request names no peer.",
    "Give connectionId, peer, or host, port, callingAE and calledAE.",
  );
