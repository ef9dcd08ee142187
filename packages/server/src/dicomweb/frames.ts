/**
 * Frame resources (PS3.18 10.4.1.1.4): frames of one instance, as they lie in the file where the client takes that, and
 * decoded or encoded anew where it does not.
 *
 * The common case is a viewer that takes what is stored: it costs the look-up of an object, one read and one write.
 */
import type { InstanceObject } from "@isocenter/archive";
import { multipartEnd, newBoundary, partHead } from "@isocenter/archive/dicomweb";
import { decodableTransferSyntaxes, encodableTransferSyntaxes } from "@isocenter/codecs";
import { defaultSyntax, type Offer, contentTypeOf, selectOffer } from "./accept.ts";
import { answer, type Headers, joined, streamOf } from "./answer.ts";
import { isUnchanged, quoted, rangeOf } from "./conditional.ts";
import { frameMediaType, hasNativeFrames } from "./media-types.ts";
import { frameBytes, isSentAsStored, openImage, openInstance } from "./objects.ts";
import { notFound } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { keyOf } from "./selection.ts";
import { resourceUrl } from "./urls.ts";
import { acceptOfRequest, type WebRequest } from "./web-request.ts";

interface FrameOffer extends Offer {
  readonly transferSyntaxUid: string;
  readonly isStored: boolean;
}

/** Frames up to this many bytes are sent in one piece with what stands around them. */
const wholeLimit = 4 << 20;
const jpegBaseline = "1.2.840.10008.1.2.4.50";
const octetStream = "application/octet-stream";

export async function frames(
  web: WebRequest,
  target: { readonly frames: readonly number[] } & PathUids,
): Promise<Response> {
  const object = await openInstance(web.source, keyOf(target), web.held, {
    id: web.peer ?? "",
    maximumBytes: web.limits.maximumHeldBytes,
  });
  let isHandedOn = false;
  try {
    const isOne = target.frames.length === 1;
    const offer = selectOffer(acceptOfRequest(web), isOne ? offersOf(object) : multipartOffersOf(object));
    const etag = quoted(
      `${object.version}-${target.frames.join("+")}-${offer.transferSyntaxUid}-${offer.isMultipart ? "m" : "s"}`,
    );
    const headers: Headers = { etag, "cache-control": "private, no-cache", vary: "Accept" };
    if (isUnchanged(web.request, etag)) return answer(null, headers, 304);
    const read = await readerOf(web, object, offer);
    const url = `${resourceUrl(web.base, target)}/frames/`;
    if (!offer.isMultipart) return singlePart(web.request, await read(target.frames[0] ?? 0), offer, headers);
    const boundary = newBoundary();
    headers["content-type"] = `multipart/related; type="${offer.mediaType}"; boundary=${boundary}`;
    const head = (number: number, isFirst: boolean): Uint8Array =>
      partHead(
        boundary,
        {
          "Content-Type": contentTypeOf({ ...offer, isMultipart: false }),
          "Content-Location": `${url}${number}`,
        },
        isFirst,
      );
    const [first = 0, ...others] = target.frames;
    // The first is read before anything is sent, so that an error still has its status.
    const bytes = await read(first);
    const opening = head(first, true);
    if (isOne && bytes.byteLength <= wholeLimit) {
      const end = multipartEnd(boundary);
      return answer(
        joined([opening, bytes, end], opening.byteLength + bytes.byteLength + end.byteLength),
        headers,
      );
    }
    isHandedOn = true;
    return answer(
      streamOf(
        closing(object, async function* () {
          yield opening;
          yield bytes;
          for (const number of others) {
            yield head(number, false);
            yield await read(number);
          }
          yield multipartEnd(boundary);
        }),
        web.onError,
      ),
      headers,
    );
  } finally {
    if (!isHandedOn) await object[Symbol.asyncDispose]();
  }
}

/** Closes the object when its last byte went, or nobody wants it any more. */
export async function* closing(
  object: AsyncDisposable,
  chunks: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks();
  } finally {
    await object[Symbol.asyncDispose]();
  }
}

function singlePart(request: Request, bytes: Uint8Array, offer: FrameOffer, headers: Headers): Response {
  const all = { ...headers, "content-type": contentTypeOf(offer), "accept-ranges": "bytes" };
  const range = rangeOf(request, bytes.byteLength, headers["etag"] ?? "");
  if (range === undefined) return answer(bytes, all);
  const { start, end } = range;
  return answer(
    bytes.subarray(start, end),
    { ...all, "content-range": `bytes ${start}-${end - 1}/${bytes.byteLength}` },
    206,
  );
}

/** How a frame of this object is had in the form that was chosen. Numbers count from 1. */
async function readerOf(
  web: WebRequest,
  object: InstanceObject,
  offer: FrameOffer,
): Promise<(number: number) => Promise<Uint8Array>> {
  if (offer.isStored && isSentAsStored(object.transferSyntaxUid)) {
    const table = await object.frames();
    if (table !== undefined) {
      return (number) => {
        const ranges = table[number - 1];
        if (ranges === undefined) throw notFound(`frame as ${number}`);
        return frameBytes(object, ranges);
      };
    }
  }
  const image = await openImage(object);
  return async (number) => {
    const job = await image.job(number - 1);
    if (offer.isStored && job.isLittleEndian) return job.bytes;
    return web.renderer.transcodeFrame(job, offer.transferSyntaxUid);
  };
}

const offersBySyntax = new Map<string, readonly FrameOffer[]>();

function offersOf({ transferSyntaxUid }: InstanceObject): readonly FrameOffer[] {
  let offers = offersBySyntax.get(transferSyntaxUid);
  if (offers === undefined) {
    offers = [true, false].flatMap((isMultipart) => makeOffers(transferSyntaxUid, isMultipart));
    if (offersBySyntax.size < 100) offersBySyntax.set(transferSyntaxUid, offers);
  }
  return offers;
}

/** Several frames make several parts. */
function multipartOffersOf(object: InstanceObject): readonly FrameOffer[] {
  return offersOf(object).filter((offer) => offer.isMultipart);
}

function makeOffers(stored: string, isMultipart: boolean): FrameOffer[] {
  const isNative = hasNativeFrames(stored);
  const isDecodable = isNative || decodableTransferSyntaxes.includes(stored);
  const offers: FrameOffer[] = [];
  const add = (
    mediaType: string,
    transferSyntaxUid: string,
    isDefaultSyntax: boolean,
    isStored: boolean,
  ): void => {
    offers.push({ mediaType, isMultipart, transferSyntaxUid, isDefaultSyntax, isStored });
  };
  if (isNative) add(octetStream, defaultSyntax, true, true);
  else {
    const mediaType = frameMediaType(stored)?.mediaType;
    // Named without a syntax, whichever of its syntaxes is there will do: only lossless JPEG has no other encoder here.
    if (mediaType !== undefined) add(mediaType, stored, true, true);
    // PS3.18 8.7.3.4: what cannot be decoded may stand for the default syntax.
    add(octetStream, stored, !isDecodable, true);
    if (isDecodable) add(octetStream, defaultSyntax, true, false);
  }
  if (!isDecodable) return offers;
  for (const uid of encodableTransferSyntaxes) {
    const kind = frameMediaType(uid);
    // Nothing is made lossy that was not asked for by its syntax.
    if (kind !== undefined && uid !== stored)
      add(kind.mediaType, uid, kind.isDefault && uid !== jpegBaseline, false);
  }
  return offers;
}
