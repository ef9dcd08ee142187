/**
 * Target resources of the Studies Service (PS3.18 10.1) by their path. Knows nothing of methods, headers or answers.
 */
import type { QueryLevel } from "@isocenter/archive";
import { WebProblem } from "./problem.ts";

/** UIDs as far as the path names them. */
export interface PathUids {
  readonly study?: string;
  readonly series?: string;
  readonly instance?: string;
}

export type Resource =
  | { readonly kind: "service" }
  /** PS3.18 9: the parameters say what is wanted. */
  | { readonly kind: "wado-uri" }
  | ({ readonly kind: "search"; readonly level: Exclude<QueryLevel, "PATIENT"> } & PathUids)
  /** A study, series or instance itself. */
  | ({ readonly kind: "dicom" } & PathUids)
  | ({ readonly kind: "metadata" } & PathUids)
  | ({ readonly kind: "rendered" | "thumbnail"; readonly frames?: readonly number[] } & PathUids)
  | ({ readonly kind: "frames"; readonly frames: readonly number[] } & PathUids)
  | ({ readonly kind: "bulkdata"; readonly path: readonly string[] } & PathUids);

export interface Target {
  /** Id of the peer asked; undefined for the local archive. */
  readonly peer: string | undefined;
  readonly resource: Resource;
}

/** More frames in one request are asked for as the whole instance. */
const maximumFrames = 10_000;
const reserved = new Set(["studies", "series", "instances", "wado"]);

/**
 * @param path below the base path, without leading slash, still percent-encoded
 * @returns undefined when there is no such resource
 * @throws WebProblem 400 `path-invalid` for a UID, frame list or encoding that is none
 */
export function targetOf(path: string): Target | undefined {
  const segments = path.split("/");
  if (segments.at(-1) === "") segments.pop();
  const [first] = segments;
  if (first === undefined) return { peer: undefined, resource: { kind: "service" } };
  if (reserved.has(first)) return withPeer(undefined, resourceOf(segments));
  return withPeer(decoded(first), resourceOf(segments.slice(1)));
}

function withPeer(peer: string | undefined, resource: Resource | undefined): Target | undefined {
  return resource === undefined ? undefined : { peer, resource };
}

function resourceOf(segments: readonly string[]): Resource | undefined {
  const [first, second, ...rest] = segments;
  if (first === undefined) return { kind: "service" };
  if (second === undefined) {
    if (first === "wado") return { kind: "wado-uri" };
    const level = searchLevels[first];
    return level === undefined ? undefined : { kind: "search", level };
  }
  return first === "studies" ? studyResource({ study: uid(second) }, rest) : undefined;
}

const searchLevels: Readonly<Record<string, "STUDY" | "SERIES" | "IMAGE">> = {
  studies: "STUDY",
  series: "SERIES",
  instances: "IMAGE",
};

function studyResource(uids: PathUids, [next, id, ...rest]: readonly string[]): Resource | undefined {
  if (next === "series" && id !== undefined) return seriesResource({ ...uids, series: uid(id) }, rest);
  if (id !== undefined) return undefined;
  if (next === "series") return { kind: "search", level: "SERIES", ...uids };
  if (next === "instances") return { kind: "search", level: "IMAGE", ...uids };
  return commonResource(uids, next);
}

function seriesResource(uids: PathUids, [next, id, ...rest]: readonly string[]): Resource | undefined {
  if (next === "instances" && id !== undefined) return instanceResource({ ...uids, instance: uid(id) }, rest);
  if (id !== undefined) return undefined;
  if (next === "instances") return { kind: "search", level: "IMAGE", ...uids };
  return commonResource(uids, next);
}

function instanceResource(uids: PathUids, [next, list, ...rest]: readonly string[]): Resource | undefined {
  if (next === "bulkdata" && list !== undefined) {
    return { kind: "bulkdata", path: bulkPath([list, ...rest]), ...uids };
  }
  if (next === "frames" && list !== undefined) {
    const frames = frameNumbers(decoded(list));
    const [form, ...more] = rest;
    if (more.length > 0) return undefined;
    if (form === undefined) return { kind: "frames", frames, ...uids };
    if (form === "rendered" || form === "thumbnail") return { kind: form, frames, ...uids };
    return undefined;
  }
  return list === undefined ? commonResource(uids, next) : undefined;
}

/** What studies, series and instances all have. */
function commonResource(uids: PathUids, name: string | undefined): Resource | undefined {
  if (name === undefined) return { kind: "dicom", ...uids };
  if (name === "metadata" || name === "rendered" || name === "thumbnail") return { kind: name, ...uids };
  return undefined;
}

/** Frame numbers from 1 (PS3.18 10.4.1.1.4). */
export function frameNumbers(text: string): readonly number[] {
  const frames = text.split(",").map((one) => (/^[0-9]{1,9}$/.test(one) ? Number(one) : 0));
  if (frames.includes(0) || frames.length > maximumFrames) {
    throw new WebProblem(
      400,
      "path-invalid",
      `Frames are a list of numbers from 1, separated by commas, of at most ${maximumFrames}.`,
    );
  }
  return frames;
}

/** Tags, with item numbers between them: `7FE00010`, `00400440/0/00400441`. */
function bulkPath(segments: readonly string[]): readonly string[] {
  const isPath =
    segments.length % 2 === 1 &&
    segments.every((segment, index) =>
      index % 2 === 0 ? /^[0-9A-Fa-f]{8}$/.test(segment) : /^[0-9]{1,6}$/.test(segment),
    );
  if (!isPath)
    throw new WebProblem(400, "path-invalid", "Bulk data is named by a tag, or by tags and items.");
  return segments.map((segment) => segment.toUpperCase());
}

/**
 * UIDs go into paths, URLs and headers, so only characters that mean nothing there are taken; those of PS3.5 9.1, and
 * letters for the sake of instances that broke the rule before they came here.
 */
function uid(segment: string): string {
  const text = decoded(segment);
  if (!isUid(text)) throw new WebProblem(400, "path-invalid", "The path holds what is no UID.");
  return text;
}

export function isUid(text: string): boolean {
  return /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/.test(text);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new WebProblem(400, "path-invalid", "The path is not percent-encoded UTF-8.", {
      members: { cause: String((cause as Error).name) },
    });
  }
}
