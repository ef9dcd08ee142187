/**
 * Studies, series and instances as DICOM files (PS3.18 10.4.1.1.1): multipart, zip, or one file by itself.
 *
 * What the client takes as it is stored goes from the source to the connection in the chunks it is read in. What has to
 * be converted is read and written again, frame by frame.
 */
import type { InstanceKey, InstanceObject, InstanceStream } from "@isocenter/archive";
import {
  ensuring,
  fileHeadOf,
  multipartEnd,
  newBoundary,
  partHead,
  streamOf,
} from "@isocenter/archive/dicomweb";
import { type Accept, contentTypeOf, selectOffer } from "./accept.ts";
import { answer, joined } from "./answer.ts";
import { isUnchanged, quoted, rangeOf } from "./conditional.ts";
import { convertFile, syntaxOffers } from "./convert.ts";
import { closing } from "./frames.ts";
import { openInstance } from "./objects.ts";
import { notFound, WebProblem } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { selectionOf } from "./selection.ts";
import { acceptOfRequest, callOptions, type WebRequest } from "./web-request.ts";
import { type ZipEntry, zipStream } from "./zip.ts";

const multipart = { mediaType: "application/dicom", isMultipart: true };
const single = { mediaType: "application/dicom", isMultipart: false };
const smallChunk = 4096;
const zip = { mediaType: "application/zip", isMultipart: false };

export async function instances(web: WebRequest, target: PathUids): Promise<Response> {
  const accept = acceptOfRequest(web);
  const isInstance = target.instance !== undefined;
  const container = selectOffer(accept, isInstance ? [multipart, single, zip] : [multipart, zip]);
  if (isInstance && container !== zip) return oneInstance(web, target, accept, container.isMultipart);
  const isZip = container === zip;
  const found = web.source.retrieve(selectionOf(target), callOptions(web))[Symbol.asyncIterator]();
  // The first is waited for, so that what is not there, or not in an acceptable form, still has its status.
  const first = await found.next();
  if (first.done === true) throw notFound("study, series or instance");
  const all = filesOf(web, resumed(first.value, found), isZip ? undefined : accept);
  const headers = { "cache-control": "private, no-cache", vary: "Accept" };
  // A retrieval that nobody reads to its end must end all the same: it may hold an association.
  const send = (body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> =>
    streamOf(
      ensuring(body, async () => found.return?.()),
      web.onError,
    );
  if (isZip) {
    return answer(send(zipStream(zipEntries(all))), {
      ...headers,
      "content-type": "application/zip",
      "content-disposition": 'attachment; filename="dicom.zip"',
    });
  }
  const boundary = newBoundary();
  return answer(send(parts(all, boundary)), {
    ...headers,
    "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
  });
}

/** One instance has a length, an entity tag and ranges. */
async function oneInstance(
  web: WebRequest,
  target: PathUids,
  accept: Accept,
  isMultipart: boolean,
): Promise<Response> {
  const object = await openInstance(web, target);
  let isHandedOn = false;
  try {
    const offer = selectOffer(accept, syntaxOffers(object.transferSyntaxUid, isMultipart));
    const etag = quoted(`${object.version}-${offer.transferSyntaxUid}-${isMultipart ? "m" : "s"}`);
    const headers = { etag, "cache-control": "private, no-cache", vary: "Accept" };
    if (isUnchanged(web.request, etag)) return answer(null, headers, 304);
    const isStored = offer.transferSyntaxUid === object.transferSyntaxUid;
    const contentType = contentTypeOf({ ...offer, isMultipart: false });
    if (isMultipart) {
      const boundary = newBoundary();
      isHandedOn = true;
      const file: File = {
        instance: object,
        contentType,
        bytes: () => (isStored ? object.stream() : convertFile(object, offer.transferSyntaxUid)),
      };
      const body = closing(object, () => parts([file], boundary));
      return answer(streamOf(body, web.onError), {
        ...headers,
        "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
      });
    }
    if (!isStored) {
      isHandedOn = true;
      const body = closing(object, () => convertFile(object, offer.transferSyntaxUid));
      return answer(streamOf(body, web.onError), { ...headers, "content-type": contentType });
    }
    const range = rangeOf(web.request, object.size, etag);
    const { start, end } = range ?? { start: 0, end: object.size };
    isHandedOn = true;
    const body = closing(object, () => object.stream({ offset: start, length: end - start }));
    return answer(
      streamOf(body, web.onError),
      {
        ...headers,
        "content-type": contentType,
        "content-length": String(end - start),
        "accept-ranges": "bytes",
        ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${object.size}` }),
      },
      range === undefined ? 200 : 206,
    );
  } finally {
    if (!isHandedOn) await object[Symbol.asyncDispose]();
  }
}

/** A file on its way out. */
interface File {
  readonly instance: Pick<InstanceStream, "sopInstanceUid" | "seriesInstanceUid" | "studyInstanceUid">;
  readonly contentType: string;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

async function* resumed(
  first: InstanceStream,
  rest: AsyncIterator<InstanceStream>,
): AsyncGenerator<InstanceStream> {
  yield first;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** @param accept undefined where files are taken as they are */
async function* filesOf(
  web: WebRequest,
  found: AsyncIterable<InstanceStream>,
  accept: Accept | undefined,
): AsyncGenerator<File> {
  for await (const instance of found) {
    const { transferSyntaxUid } = instance;
    const wanted = accept === undefined ? transferSyntaxUid : chosenSyntax(accept, transferSyntaxUid);
    const contentType = contentTypeOf({ ...single, transferSyntaxUid: wanted });
    if (wanted === transferSyntaxUid) yield { instance, contentType, bytes: () => stored(instance) };
    else yield { instance, contentType, bytes: () => converted(web, instance, wanted) };
  }
}

/**
 * Among several instances one that cannot be had in an acceptable syntax (a video, say) goes as it is stored: each part
 * tells its syntax, and leaving it out would hide that it exists.
 */
function chosenSyntax(accept: Accept, stored: string): string {
  try {
    return selectOffer(accept, syntaxOffers(stored, true)).transferSyntaxUid;
  } catch (error) {
    if (error instanceof WebProblem && error.status === 406) return stored;
    throw error;
  }
}

async function* stored(instance: InstanceStream): AsyncGenerator<Uint8Array> {
  yield fileHeadOf(instance);
  yield* instance.dataSet();
}

async function* converted(
  web: WebRequest,
  instance: InstanceStream,
  transferSyntaxUid: string,
): AsyncGenerator<Uint8Array> {
  const { studyInstanceUid = "", seriesInstanceUid = "", sopInstanceUid } = instance;
  const key: InstanceKey = { studyInstanceUid, seriesInstanceUid, sopInstanceUid };
  if (web.source.open !== undefined && seriesInstanceUid !== "") {
    await using object: InstanceObject = await web.source.open(key);
    yield* convertFile(object, transferSyntaxUid);
  } else {
    yield* convertFile(stored(instance), transferSyntaxUid);
  }
}

async function* parts(
  files: AsyncIterable<File> | Iterable<File>,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const { contentType, bytes } of files) {
    yield* withHead(partHead(boundary, { "Content-Type": contentType }, isFirst), bytes());
    isFirst = false;
  }
  yield multipartEnd(boundary);
}

/** What stands before a file goes together with the file's own first bytes, where these are few. */
async function* withHead(head: Uint8Array, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before: Uint8Array | undefined = head;
  for await (const chunk of chunks) {
    if (before === undefined) yield chunk;
    else if (chunk.byteLength <= smallChunk) {
      yield joined([before, chunk], before.byteLength + chunk.byteLength);
      before = undefined;
    } else {
      yield before;
      yield chunk;
      before = undefined;
    }
  }
  if (before !== undefined) yield before;
}

async function* zipEntries(files: AsyncIterable<File>): AsyncGenerator<ZipEntry> {
  for await (const { instance, bytes } of files) yield { name: zipName(instance), bytes };
}

/** UIDs come from files, and a name with separators would be unpacked elsewhere. */
function zipName({ seriesInstanceUid, sopInstanceUid }: File["instance"]): string {
  const safe = (uid: string): string => uid.replace(/[^0-9A-Za-z.-]/g, "_").replace(/^\.+/, "_");
  return `${seriesInstanceUid === undefined ? "" : `${safe(seriesInstanceUid)}/`}${safe(sopInstanceUid)}.dcm`;
}
