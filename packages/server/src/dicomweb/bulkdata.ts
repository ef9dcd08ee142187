/**
 * Bulk data resources (PS3.18 10.4.1.1.5): one value of an instance, by the BulkDataURI that its metadata gave. Pixel
 * data that is compressed has no one value to send; it is answered frame by frame, or decoded.
 */
import type { InstanceObject } from "@isocenter/archive";
import { multipartEnd, newBoundary, partHead, streamOf } from "@isocenter/archive/dicomweb";
import { type DataElement, type DataSet, readPart10, vrInfo } from "@isocenter/dicom";
import { selectOffer } from "./accept.ts";
import { answer } from "./answer.ts";
import { isUnchanged, quoted, rangeOf } from "./conditional.ts";
import { answerFrames, closing } from "./frames.ts";
import { hasNativeFrames } from "./media-types.ts";
import { openInstance } from "./objects.ts";
import type { PartsAnswer } from "./parts-answer.ts";
import { notFound } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { resourceUrl } from "./urls.ts";
import { acceptOfRequest, type WebRequest } from "./web-request.ts";

const offers = [
  { mediaType: "application/octet-stream", isMultipart: false },
  { mediaType: "application/octet-stream", isMultipart: true },
] as const;
const pixelData = "7FE00010";
/** Values above it are left in the object, and sent from there. */
const threshold = 64 * 1024;

export async function bulkdata(
  web: WebRequest,
  target: { readonly path: readonly string[] } & PathUids,
): Promise<Response | PartsAnswer> {
  const object = await openInstance(web, target);
  const isPixelData = target.path.length === 1 && target.path[0] === pixelData;
  if (isPixelData && !hasNativeFrames(object.transferSyntaxUid)) {
    return answerFrames(web, object, target, "all");
  }
  let isHandedOn = false;
  try {
    const value = await valueAt(object, target.path);
    const { isMultipart } = selectOffer(acceptOfRequest(web), offers);
    const etag = quoted(`${object.version}-b${target.path.join("/")}-${isMultipart ? "m" : "s"}`);
    const headers = { etag, "cache-control": "private, no-cache", vary: "Accept" };
    if (isUnchanged(web.request, etag)) return answer(null, headers, 304);
    isHandedOn = true;
    if (isMultipart) {
      const boundary = newBoundary();
      const head = partHead(
        boundary,
        {
          "Content-Type": "application/octet-stream",
          "Content-Location": `${resourceUrl(web.base, target)}/bulkdata/${target.path.join("/")}`,
        },
        true,
      );
      const body = closing(object, async function* () {
        yield head;
        yield* value.stream(0, value.length);
        yield multipartEnd(boundary);
      });
      return answer(streamOf(body, web.onError), {
        ...headers,
        "content-type": `multipart/related; type="application/octet-stream"; boundary=${boundary}`,
      });
    }
    const range = rangeOf(web.request, value.length, etag);
    const { start, end } = range ?? { start: 0, end: value.length };
    const body = closing(object, () => value.stream(start, end - start));
    return answer(
      streamOf(body, web.onError),
      {
        ...headers,
        "content-type": "application/octet-stream",
        "content-length": String(end - start),
        "accept-ranges": "bytes",
        ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${value.length}` }),
      },
      range === undefined ? 200 : 206,
    );
  } finally {
    if (!isHandedOn) await object[Symbol.asyncDispose]();
  }
}

interface Value {
  readonly length: number;
  stream(start: number, length: number): AsyncIterable<Uint8Array>;
}

/** @throws WebProblem 404 */
async function valueAt(object: InstanceObject, path: readonly string[]): Promise<Value> {
  const { dataSet } = await readPart10(object, { bulkThreshold: threshold });
  const element = elementAt(dataSet, path);
  if (element === undefined || element.isEmpty || element.items !== undefined) throw notFound("bulk data");
  const { bulk, fragments } = element;
  if (bulk !== undefined && (element.littleEndian || vrInfo(element.vr).wordSize <= 1)) {
    return { length: bulk.length, stream: (start, length) => bulk.stream(start, length) };
  }
  const bytes = bulk === undefined ? (element.raw ?? new Uint8Array(0)) : await bulk.bytes();
  const value = fragments === undefined ? littleEndian(bytes, element) : await fragmentsOf(element);
  return {
    length: value.byteLength,
    async *stream(start, length) {
      yield value.subarray(start, start + length);
    },
  };
}

function elementAt(dataSet: DataSet, path: readonly string[]): DataElement | undefined {
  let at: DataSet | undefined = dataSet;
  for (let index = 0; index + 1 < path.length; index += 2) {
    at = at?.items(Number.parseInt(path[index] ?? "", 16))[Number(path[index + 1])];
  }
  return at?.element(Number.parseInt(path.at(-1) ?? "", 16));
}

/** PS3.18 8.7.3.3.1: bulk data is little endian. */
function littleEndian(bytes: Uint8Array, element: DataElement): Uint8Array {
  const { wordSize } = vrInfo(element.vr);
  if (element.littleEndian || wordSize <= 1) return bytes;
  const swapped = new Uint8Array(bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at++) {
    const word = at - (at % wordSize);
    swapped[at] = bytes[word + wordSize - 1 - (at - word)] ?? 0;
  }
  return swapped;
}

/** Encapsulated data that is not the image's own pixels: an icon's, say. */
async function fragmentsOf({ fragments }: DataElement): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (const { bytes, bulk } of fragments?.fragments ?? []) {
    pieces.push(bytes ?? (await bulk?.bytes()) ?? new Uint8Array(0));
  }
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
