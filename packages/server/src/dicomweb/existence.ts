/**
 * What a peer's refusal to retrieve means. PACS answer a retrieval of what they do not have with a failure of their own
 * choosing; whether it is there at all is what a search tells.
 */
import { DimseStatusError } from "@isocenter/network";
import { ArchiveError } from "@isocenter/archive/dicomweb";
import { DataSet } from "@isocenter/dicom";
import { notFound } from "./problem.ts";
import type { PathUids, Resource } from "./resource.ts";
import { callOptions, type WebRequest } from "./web-request.ts";

/** @returns 404 where the peer does not find what it refused to send, and the error itself otherwise */
export async function explained(error: unknown, resource: Resource, web: WebRequest): Promise<unknown> {
  const isRefusal =
    error instanceof DimseStatusError || (error instanceof ArchiveError && error.code !== "not-supported");
  if (!isRefusal || resource.kind === "search" || !("study" in resource)) return error;
  if (web.source.capabilities().kind !== "dimse") return error;
  return (await isThere(web, resource)) ? error : notFound("study, series or instance");
}

async function isThere(web: WebRequest, { study = "", series, instance }: PathUids): Promise<boolean> {
  const keys = DataSet.of({
    StudyInstanceUID: study,
    ...(series === undefined ? {} : { SeriesInstanceUID: series }),
    ...(instance === undefined ? {} : { SOPInstanceUID: instance }),
  });
  const level = series === undefined ? "STUDY" : instance === undefined ? "SERIES" : "IMAGE";
  for await (const _ of web.source.find({ level, keys, limit: 1 }, callOptions(web))) return true;
  return false;
}
