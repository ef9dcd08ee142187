/**
 * Examines a peer in steps, from the name to the first answer, so that the step that fails says what is wrong. Each step
 * is told before the next begins.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type ImageSource } from "@isocenter/archive";
import { DataSet, IsocenterError, TransferSyntax, uidName } from "@isocenter/dicom";
import {
  PatientRootFind,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
  Verification,
} from "@isocenter/network";
import { openTcp } from "@isocenter/network/node";
import type { DimsePeerEntry, PeerEntry } from "./peer.ts";
import type { PeerSources } from "./peer-sources.ts";

export interface Finding {
  readonly [name: string]: unknown;
  readonly step: string;
  readonly ok: boolean;
  readonly ms: number;
  /** Error code of a step that failed, and the error in words. */
  readonly code?: string;
  readonly detail?: string;
}

export async function* examine(
  peer: PeerEntry,
  sources: PeerSources,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<Finding> {
  let failed = 0;
  const steps = peer.protocol === "dimse" ? dimseSteps(peer, sources) : webSteps(sources.of(peer));
  for (const [step, work] of steps) {
    const start = performance.now();
    const ms = (): number => Math.round((performance.now() - start) * 10) / 10;
    try {
      const told = await work(signal);
      yield { step, ok: true, ms: ms(), ...told };
    } catch (error) {
      signal.throwIfAborted();
      failed++;
      yield { step, ok: false, ms: ms(), ...explained(error) };
      // Without a connection nothing after it can work.
      if (step !== "query") break;
    }
  }
  yield { step: "verdict", ok: failed === 0, ms: 0 };
}

type Step = readonly [name: string, work: (signal: AbortSignal) => Promise<object>];

function dimseSteps(peer: DimsePeerEntry, sources: PeerSources): Step[] {
  const source = sources.dimse(peer);
  return [
    ["name", async () => ({ addresses: await addressesOf(peer.host) })],
    [
      "connection",
      async (signal) => {
        const transport = await openTcp(peer.host, peer.port, {
          signal,
          ...(peer.tls === undefined ? {} : { tls: peer.tls }),
        });
        transport.destroy();
        const security = transport.description?.security;
        return security === undefined
          ? {}
          : { tls: { protocol: security.protocol, cipher: security.cipher } };
      },
    ],
    [
      "association",
      async (signal) => {
        const association = await source.associate(
          [Verification, PatientRootFind, StudyRootFind, StudyRootGet, StudyRootMove].map(
            ({ sopClassUid }) => ({
              abstractSyntaxUid: sopClassUid,
              transferSyntaxUids: [
                TransferSyntax.ExplicitVRLittleEndian,
                TransferSyntax.ImplicitVRLittleEndian,
              ],
            }),
          ),
          { signal },
        );
        await using _ = association;
        const { contexts, implementationVersionName } = association.accepted;
        await association.echo({ signal });
        await association.release();
        return {
          implementation: implementationVersionName,
          services: Object.fromEntries(
            contexts.map(({ abstractSyntaxUid, result }) => [
              uidName(abstractSyntaxUid) ?? abstractSyntaxUid,
              result === "acceptance",
            ]),
          ),
        };
      },
    ],
    ["query", (signal) => queried(source, signal)],
  ];
}

const webSteps = (source: ImageSource): Step[] => [["query", (signal) => queried(source, signal)]];

async function queried(source: ImageSource, signal: AbortSignal): Promise<object> {
  const keys = DataSet.of({ StudyInstanceUID: "", StudyDate: "" });
  for await (const match of source.find({ level: "STUDY", keys, limit: 1 }, { signal }))
    return { hasStudies: match.has("StudyInstanceUID") };
  return { hasStudies: false };
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function explained(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof IsocenterError) return { code: error.code, detail: error.message };
  const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
  return code === "ENOTFOUND" || code === "EAI_AGAIN"
    ? { code: "host-not-found", detail: "The host name is not known." }
    : { code, detail: "This step failed." };
}
