/**
 * An instance at a DICOMweb service, read by ranges where the service has them (RFC 9110 14): a frame is then asked for
 * by itself, without the rest of its file.
 */
import { Part10Parser } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import type { ByteRange, InstanceKey, InstanceObject } from "../image-source.ts";
import { DicomwebError } from "./errors.ts";
import { frameRangesOf } from "./frame-ranges.ts";
import { HeldObject } from "./held-object.ts";
import { parseMediaType } from "./media-type.ts";
import { boundaryOf, readMultipart } from "./multipart.ts";
import type { WebAnswer, WebClient } from "./web-client.ts";
import { selectionPath } from "./web-query.ts";

/** A file by itself, which ranges can be of. Some services only have it wrapped, and take no list of both. */
const single = "application/dicom; transfer-syntax=*";
const wrapped = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const refusals = [400, 406, 415, 500, 501];
const gone = [404, 410];
/** Enough for the head of any image. */
const firstBytes = 64 * 1024;

/** What was found out about a service. */
export interface WebObjectHabits {
  onlyWrapped: boolean;
}

/**
 * @returns an object that reads by ranges, or one that is held whole where the service sent all of it
 * @throws ArchiveError `instance-unknown`; DicomwebError
 */
export async function openWebObject(
  client: WebClient,
  key: InstanceKey,
  maximumBytes: number,
  habits: WebObjectHabits,
  signal: AbortSignal | undefined,
): Promise<InstanceObject> {
  const path = selectionPath(key);
  let answer = await request(client, path, habits.onlyWrapped, signal);
  if (refusals.includes(answer.status)) {
    await answer.cancel();
    answer = await request(client, path, true, signal);
    habits.onlyWrapped = true;
  }
  if (gone.includes(answer.status)) {
    await answer.cancel();
    throw new ArchiveError("instance-unknown", "There is no such instance.");
  }
  const contentType = answer.headers.get("content-type") ?? "application/dicom";
  const total = /^bytes 0-\d+\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
  const { type } = parseMediaType(contentType);
  const bytes = await fileIn(answer, type, contentType, maximumBytes);
  const parser = new Part10Parser({ until: 0x00080020, bulkThreshold: 1024 });
  parser.push(bytes);
  if (!parser.done && total === undefined) parser.end();
  const about = {
    sopClassUid: parser.dataSet.string("SOPClassUID") ?? parser.meta.string("MediaStorageSOPClassUID") ?? "",
    transferSyntaxUid: parser.transferSyntaxUid,
    dataSetOffset: parser.dataSetOffset,
  };
  if (answer.status === 206 && total !== undefined && type === "application/dicom") {
    const version = answer.headers.get("etag") ?? `${key.sopInstanceUid}-${total}-${about.transferSyntaxUid}`;
    return new RangedObject(client, path, key, about, Number(total), version, bytes);
  }
  return new HeldObject(key, about.sopClassUid, about.transferSyntaxUid, about.dataSetOffset, bytes);
}

function request(
  client: WebClient,
  path: string,
  isWrapped: boolean,
  signal: AbortSignal | undefined,
): Promise<WebAnswer> {
  return client.request(path, {
    headers: isWrapped ? { accept: wrapped } : { accept: single, range: `bytes=0-${firstBytes - 1}` },
    signal,
    accepts: isWrapped ? [200, ...gone] : [200, 206, ...gone, ...refusals],
  });
}

async function fileIn(
  answer: WebAnswer,
  type: string,
  contentType: string,
  maximumBytes: number,
): Promise<Uint8Array> {
  if (type === "application/dicom") return collected(answer.body, maximumBytes);
  if (type !== "multipart/related") {
    throw new DicomwebError("web-response-invalid", "The DICOMweb service sent no DICOM file.");
  }
  for await (const { body } of readMultipart(answer.body, boundaryOf(contentType))) {
    return await collected(body, maximumBytes);
  }
  throw new ArchiveError("instance-unknown", "There is no such instance.");
}

async function collected(body: AsyncIterable<Uint8Array>, maximumBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > maximumBytes) {
      throw new DicomwebError("instance-too-large", "The instance is too large to be held here.");
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

class RangedObject implements InstanceObject {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly dataSetOffset: number;
  readonly size: number;
  readonly version: string;
  readonly #client: WebClient;
  readonly #path: string;
  readonly #first: Uint8Array;

  constructor(
    client: WebClient,
    path: string,
    key: InstanceKey,
    about: { sopClassUid: string; transferSyntaxUid: string; dataSetOffset: number },
    size: number,
    version: string,
    first: Uint8Array,
  ) {
    this.studyInstanceUid = key.studyInstanceUid;
    this.seriesInstanceUid = key.seriesInstanceUid;
    this.sopInstanceUid = key.sopInstanceUid;
    this.sopClassUid = about.sopClassUid;
    this.transferSyntaxUid = about.transferSyntaxUid;
    this.dataSetOffset = about.dataSetOffset;
    this.size = size;
    this.version = version.replace(/^W\/|"/g, "");
    this.#client = client;
    this.#path = path;
    this.#first = first;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(this.size, offset + length);
    if (end <= this.#first.byteLength) return this.#first.subarray(offset, end);
    return collected(await this.#range(offset, end), end - offset);
  }

  async *stream(range: ByteRange = { offset: 0, length: this.size }): AsyncGenerator<Uint8Array> {
    const end = Math.min(this.size, range.offset + range.length);
    if (range.offset < end) yield* await this.#range(range.offset, end);
  }

  frames(): Promise<readonly (readonly ByteRange[])[] | undefined> {
    return frameRangesOf(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #range(start: number, end: number): Promise<AsyncIterable<Uint8Array>> {
    const { headers, body } = await this.#client.request(this.#path, {
      headers: { accept: single, range: `bytes=${start}-${end - 1}` },
      accepts: [206],
    });
    if (headers.get("content-range") !== `bytes ${start}-${end - 1}/${this.size}`) {
      throw new DicomwebError("web-response-invalid", "The DICOMweb service sent another range.");
    }
    return body;
  }
}
