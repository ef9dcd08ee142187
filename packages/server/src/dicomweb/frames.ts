/**
 * Frame resources (PS3.18 10.4.1.1.4): frames of one instance, as they lie in the file where the client takes that, and
 * decoded or encoded anew where it does not.
 *
 * The common case is a viewer that takes what is stored: it costs the look-up of an object, one read and one write.
 */
import type { InstanceObject } from "@isocenter/archive";
import { ensuring, multipartEnd, newBoundary, partHead, streamOf } from "@isocenter/archive/dicomweb";
import { decodableTransferSyntaxes, encodableTransferSyntaxes } from "@isocenter/codecs";
import { defaultSyntax, type Offer, contentTypeOf, selectOffer } from "./accept.ts";
import { answer, type Headers } from "./answer.ts";
import { isUnchanged, quoted, rangeOf } from "./conditional.ts";
import { frameMediaType, hasNativeFrames } from "./media-types.ts";
import { frameBytes, isSentAsStored, openImage, openInstance } from "./objects.ts";
import { PartsAnswer } from "./parts-answer.ts";
import { notFound } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { resourceUrl } from "./urls.ts";
import { acceptOfRequest, type WebRequest } from "./web-request.ts";

interface FrameOffer extends Offer {
  readonly transferSyntaxUid: string;
  readonly isStored: boolean;
}

const jpegBaseline = "1.2.840.10008.1.2.4.50";
const octetStream = "application/octet-stream";

export async function frames(
  web: WebRequest,
  target: { readonly frames: readonly number[] } & PathUids,
): Promise<Response | PartsAnswer> {
  const object = await openInstance(web, target);
  return answerFrames(web, object, target, target.frames);
}

/**
 * @param object is closed when the answer is complete
 * @param wanted numbers from 1; `all` for the pixel data as bulk data, where one part may hold all frames
 */
export async function answerFrames(
  web: WebRequest,
  object: InstanceObject,
  target: PathUids,
  wanted: readonly number[] | "all",
): Promise<Response | PartsAnswer> {
  let isHandedOn = false;
  try {
    const numbers = wanted === "all" ? await allFrames(object) : wanted;
    const offers = offersOf(object);
    const offer = selectOffer(
      acceptOfRequest(web),
      numbers.length === 1
        ? offers
        : offers.filter((one) => one.isMultipart || (wanted === "all" && isPlain(one))),
    );
    const which = wanted === "all" ? wanted : numbers.join("+");
    const form = offer.isMultipart ? "m" : "s";
    const etag = quoted(`${object.version}-${which}-${offer.transferSyntaxUid}-${form}`);
    const headers: Headers = { etag, "cache-control": "private, no-cache", vary: "Accept" };
    if (isUnchanged(web.request, etag)) return answer(null, headers, 304);
    const read = await readerOf(web, object, offer);
    // The first is read before anything is sent, so that an error still has its status.
    const [first = 0, ...others] = numbers;
    const bytes = await read(first);
    if (!offer.isMultipart && others.length === 0) return singlePart(web.request, bytes, offer, headers);
    const layout = offer.isMultipart ? multipartLayout(web, target, offer) : plainLayout(offer);
    headers["content-type"] = layout.contentType;
    const opening = layout.head(first, true);
    if (others.length === 0) return new PartsAnswer([opening, bytes, layout.end], headers);
    isHandedOn = true;
    const body = closing(object, async function* () {
      yield opening;
      yield bytes;
      for (const number of others) {
        yield layout.head(number, false);
        yield await read(number);
      }
      yield layout.end;
    });
    return answer(streamOf(body, web.onError), headers);
  } finally {
    if (!isHandedOn) await object[Symbol.asyncDispose]();
  }
}

async function allFrames(object: InstanceObject): Promise<readonly number[]> {
  const count = (await object.frames())?.length ?? (await openImage(object)).numberOfFrames;
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Samples of frames follow one another; code streams do not. */
const isPlain = ({ mediaType, transferSyntaxUid }: FrameOffer): boolean =>
  mediaType === octetStream && transferSyntaxUid === defaultSyntax;

/** What stands around frames. */
interface Layout {
  readonly contentType: string;
  readonly end: Uint8Array;
  head(number: number, isFirst: boolean): Uint8Array;
}

function multipartLayout(web: WebRequest, target: PathUids, offer: FrameOffer): Layout {
  const boundary = newBoundary();
  const url = `${resourceUrl(web.base, target)}/frames/`;
  const partType = contentTypeOf({ ...offer, isMultipart: false });
  return {
    contentType: `multipart/related; type="${offer.mediaType}"; boundary=${boundary}`,
    end: multipartEnd(boundary),
    head: (number, isFirst) =>
      partHead(boundary, { "Content-Type": partType, "Content-Location": `${url}${number}` }, isFirst),
  };
}

function plainLayout(offer: FrameOffer): Layout {
  const nothing = new Uint8Array(0);
  return { contentType: contentTypeOf(offer), end: nothing, head: () => nothing };
}

/** Closes the object when its last byte went, or nobody wants it any more. */
export function closing(
  object: AsyncDisposable,
  chunks: () => AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return ensuring(chunks(), () => Promise.resolve(object[Symbol.asyncDispose]()));
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
