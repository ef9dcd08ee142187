/** DICOMweb as functions, over this archive or a peer: the same face stands before both. */
import { ApiProblem } from "./problem.ts";
import { send } from "./request.ts";
import type { DicomJson } from "./types.ts";

const json = "application/dicom+json";

/** Path of the service: of this archive, or of a peer by its id. */
export function dicomwebBase(source: string | undefined): string {
  return source === undefined ? "/dicom-web" : `/dicom-web/${encodeURIComponent(source)}`;
}

export interface InstanceAddress {
  readonly source: string | undefined;
  readonly study: string;
  readonly series?: string | undefined;
  readonly instance?: string | undefined;
}

export function resourcePath({ source, study, series, instance }: InstanceAddress): string {
  return [
    `${dicomwebBase(source)}/studies/${study}`,
    ...(series === undefined ? [] : [`series/${series}`]),
    ...(instance === undefined ? [] : [`instances/${instance}`]),
  ].join("/");
}

export interface StudyPage {
  readonly studies: readonly DicomJson[];
  /** There are more where these come from. */
  readonly hasMore: boolean;
}

export const dicomweb = {
  /** @param parameters of QIDO-RS; several values under one name are sent as one list */
  async studies(
    source: string | undefined,
    parameters: URLSearchParams,
    signal?: AbortSignal,
  ): Promise<StudyPage> {
    const response = await send(`${dicomwebBase(source)}/studies?${parameters}`, { accept: json, signal });
    if (response.status === 204) return { studies: [], hasMore: false };
    const studies = (await response.json()) as readonly DicomJson[];
    return { studies, hasMore: response.headers.get("warning")?.startsWith("299") === true };
  },
  series: (address: InstanceAddress, signal?: AbortSignal): Promise<readonly DicomJson[]> =>
    list(`${resourcePath(address)}/series?includefield=all`, signal),
  instances: (address: InstanceAddress, signal?: AbortSignal): Promise<readonly DicomJson[]> =>
    list(`${resourcePath(address)}/instances`, signal),
  metadata: (address: InstanceAddress, signal?: AbortSignal): Promise<readonly DicomJson[]> =>
    list(`${resourcePath(address)}/metadata`, signal),
  /** A whole instance as a Part 10 file, in whichever syntax it is stored. */
  async file(address: InstanceAddress, signal?: AbortSignal): Promise<Uint8Array> {
    const accept = "application/dicom; transfer-syntax=*";
    const response = await send(resourcePath(address), { accept, signal });
    return new Uint8Array(await response.arrayBuffer());
  },
  thumbnailPath: (address: InstanceAddress): string => `${resourcePath(address)}/thumbnail`,
  /** A browser saves what it points at, without the page holding it. */
  zipPath: (address: InstanceAddress): string =>
    `${resourcePath(address)}?accept=${encodeURIComponent("application/zip")}`,
  async remove(address: InstanceAddress, signal?: AbortSignal): Promise<void> {
    await send(resourcePath(address), { method: "DELETE", signal });
  },
  store,
} as const;

async function list(path: string, signal?: AbortSignal): Promise<readonly DicomJson[]> {
  const response = await send(path, { accept: json, signal });
  return response.status === 204 ? [] : ((await response.json()) as readonly DicomJson[]);
}

/** What became of one file of a store request. */
export interface StoreAnswer {
  /** DICOM JSON of PS3.18 Annex I: stored instances and failures. */
  readonly answer: DicomJson;
}

/**
 * STOW-RS of Part 10 files.
 * @throws ApiProblem when nothing was stored for a reason of the request, not of its instances
 */
async function store(
  files: readonly (Blob | Uint8Array)[],
  source?: string,
  signal?: AbortSignal,
): Promise<StoreAnswer> {
  const boundary = `isocenter-${crypto.randomUUID()}`;
  const parts: BlobPart[] = [];
  for (const file of files) {
    parts.push(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file as BlobPart, "\r\n");
  }
  parts.push(`--${boundary}--\r\n`);
  const response = await fetch(`${dicomwebBase(source)}/studies`, {
    method: "POST",
    headers: {
      accept: json,
      "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
    },
    body: new Blob(parts),
    ...(signal === undefined ? {} : { signal }),
  });
  // 409 is an answer as well: none of the instances were stored, and it says why.
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("dicom+json")) return { answer: (await response.json()) as DicomJson };
  const problem = (await response.json().catch(() => ({}))) as {
    title?: string;
    detail?: string;
    code?: string;
  };
  throw new ApiProblem({
    title: problem.title ?? "The images could not be stored",
    detail: problem.detail ?? `HTTP status ${response.status}.`,
    code: problem.code ?? `http-${response.status}`,
  });
}
