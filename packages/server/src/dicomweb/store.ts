/**
 * Store transaction, STOW-RS (PS3.18 10.5): files, or metadata with its bulk data apart.
 *
 * Files go from the connection to the source part by part, so a request may be larger than memory. What fails is
 * reported by instance with its reason; the others are stored all the same.
 */
import type { InstanceStream, StoreOutcome } from "@isocenter/archive";
import {
  ArchiveError,
  boundaryOf,
  chunksOf,
  instanceFromPart10,
  parseMediaType,
  type Part,
  readMultipart,
} from "@isocenter/archive/dicomweb";
import { IsocenterError } from "@isocenter/dicom";
import { acceptOf, selectOffer } from "./accept.ts";
import { instancesFromMetadata } from "./store-metadata.ts";
import { type Failure, storeAnswer } from "./store-answer.ts";
import { forgetInstances } from "./objects.ts";
import { WebProblem } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { callOptions, type WebRequest } from "./web-request.ts";

const offers = [
  { mediaType: "application/dicom+json", isMultipart: false },
  { mediaType: "application/dicom+xml", isMultipart: false },
  { mediaType: "application/json", isMultipart: false },
] as const;

/** PS3.18 Table I.2-2. */
const cannotUnderstand = 0xc000;
const processingFailure = 0x0110;
const studyMismatch = 0xa900;

export async function store(web: WebRequest, target: PathUids): Promise<Response> {
  const offer = selectOffer(acceptOf(web.request.headers.get("accept")), offers);
  if (!web.source.capabilities().store) {
    throw new WebProblem(501, "not-supported", "This source takes no instances.");
  }
  const batch = new Batch(target.study);
  const given = instancesOf(web.request, batch, web.limits.maximumHeldBytes);
  const outcomes: StoreOutcome[] = [];
  for await (const outcome of web.source.store(given, callOptions(web))) outcomes.push(outcome);
  forgetInstances(web);
  if (outcomes.length === 0 && batch.failures.length === 0) {
    throw new WebProblem(400, "body-missing", "The request holds no instances.");
  }
  return storeAnswer(web, outcomes, batch, offer.mediaType);
}

/** What is known of the instances beside what the source says of them. */
export class Batch {
  /** Study that the path names; instances of others are refused (PS3.18 10.5.2). */
  readonly study: string | undefined;
  /** What never reached the source. */
  readonly failures: Failure[] = [];
  /** Where instances belong, by SOP Instance UID. */
  readonly places = new Map<string, PathUids>();

  constructor(study: string | undefined) {
    this.study = study;
  }

  fail(error: unknown, about: Partial<Failure> = {}): void {
    const isOurs = error instanceof IsocenterError;
    this.failures.push({
      ...about,
      reason: isOurs ? cannotUnderstand : processingFailure,
      words: isOurs ? error.message : "The instance could not be processed.",
    });
  }

  /** @returns whether the instance belongs to the study that the path names, as far as can be told yet */
  admits(instance: InstanceStream): boolean {
    const { sopClassUid, sopInstanceUid, studyInstanceUid: study, seriesInstanceUid: series } = instance;
    if (this.study !== undefined && study !== undefined && study !== this.study) {
      this.failures.push({
        sopClassUid,
        sopInstanceUid,
        reason: studyMismatch,
        words: "The instance belongs to another study than the request names.",
      });
      return false;
    }
    this.places.set(sopInstanceUid, {
      ...(study === undefined ? {} : { study }),
      ...(series === undefined ? {} : { series }),
      instance: sopInstanceUid,
    });
    return true;
  }
}

/** @throws WebProblem 400, 415 */
function instancesOf(
  request: Request,
  batch: Batch,
  maximumHeldBytes: number,
): AsyncIterable<InstanceStream> {
  const contentType = request.headers.get("content-type") ?? "";
  const { type, parameters } = parseMediaType(contentType === "" ? "application/octet-stream" : contentType);
  if (request.body === null) throw new WebProblem(400, "body-missing", "The request has no body.");
  const body = chunksOf(request.body);
  if (type === "application/dicom") return oneFile(body, batch);
  const inner = parameters.get("type")?.toLowerCase() ?? "application/dicom";
  if (type === "multipart/related") {
    const parts = readMultipart(body, boundaryOf(contentType));
    if (inner === "application/dicom") return filesIn(parts, batch);
    if (
      inner === "application/dicom+json" ||
      inner === "application/json" ||
      inner === "application/dicom+xml"
    )
      return instancesFromMetadata(parts, batch, maximumHeldBytes);
  }
  throw new WebProblem(
    415,
    "media-type-unsupported",
    "Instances are sent as application/dicom, or as multipart/related of application/dicom, application/dicom+json or application/dicom+xml.",
  );
}

async function* oneFile(body: AsyncIterable<Uint8Array>, batch: Batch): AsyncGenerator<InstanceStream> {
  const instance = await fromFile(body, batch);
  if (instance !== undefined && batch.admits(instance)) yield instance;
}

async function* filesIn(parts: AsyncIterable<Part>, batch: Batch): AsyncGenerator<InstanceStream> {
  for await (const { headers, body } of parts) {
    const { type } = parseMediaType(headers.get("content-type") ?? "application/dicom");
    if (type !== "application/dicom" && type !== "application/octet-stream") {
      batch.fail(new IsocenterError("media-type-unsupported", "A part is no DICOM file."));
      continue;
    }
    const instance = await fromFile(body, batch);
    if (instance !== undefined && batch.admits(instance)) yield instance;
  }
}

/** What cannot be read as an instance is its own failure, not the request's; the request's goes on up. */
async function fromFile(body: AsyncIterable<Uint8Array>, batch: Batch): Promise<InstanceStream | undefined> {
  try {
    return await instanceFromPart10(body);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    batch.fail(error);
    return undefined;
  }
}
