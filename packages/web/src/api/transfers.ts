/** Moving studies between this archive and its peers, with their progress. */
import { ndjson } from "./ndjson.ts";

export interface Progress {
  readonly remaining?: number;
  readonly completed?: number;
  readonly failed?: number;
  readonly warning?: number;
}

export const transferPaths = { get: "/api/dicom/get", store: "/api/dicom/store" } as const;

/** @param peer where the study is; it comes into this archive */
export function retrieveStudy(peer: string, study: string, signal?: AbortSignal): AsyncGenerator<Progress> {
  return transfer(transferPaths.get, peer, study, signal);
}

/** @param peer where the study goes to, from this archive */
export function sendStudy(peer: string, study: string, signal?: AbortSignal): AsyncGenerator<Progress> {
  return transfer(transferPaths.store, peer, study, signal);
}

async function* transfer(
  path: string,
  peer: string,
  studyInstanceUID: string,
  signal?: AbortSignal,
): AsyncGenerator<Progress> {
  for await (const line of ndjson(path, { peer, level: "STUDY", studyInstanceUID }, signal)) {
    if (typeof line !== "object" || line === null) continue;
    const { result, ...progress } = line as Progress & { readonly result?: Progress };
    yield result ?? progress;
  }
}
