/**
 * Rendered resources and thumbnails (PS3.18 10.4.1.1.3, 10.4.1.1.7): pictures to look at, by the parameters of 8.3.5.1.
 *
 * A single part is one picture: the first frame named, the first of an instance, the middle slice of a series or study.
 * Multipart holds every frame.
 */
import { ensuring, multipartEnd, newBoundary, partHead, streamOf } from "@isocenter/archive/dicomweb";
import { readPart10 } from "@isocenter/dicom";
import { contentTypeOf, type Offer, selectOffer } from "./accept.ts";
import { answer } from "./answer.ts";
import { isUnchanged, quoted } from "./conditional.ts";
import { openImage, openInstance } from "./objects.ts";
import { notFound, WebProblem } from "./problem.ts";
import { picturesIn, representativeOf } from "./representative.ts";
import { type Rendering, type RenderingParameters, renderingOf } from "./rendering.ts";
import type { PathUids } from "./resource.ts";
import { resourceUrl } from "./urls.ts";
import { acceptOfRequest, type WebRequest } from "./web-request.ts";

interface PictureOffer extends Offer {
  readonly mediaType: Rendering["mediaType"];
}

/** JPEG is the default of rendered images (PS3.18 Table 8.7.4-1). */
const singles: readonly PictureOffer[] = [
  { mediaType: "image/jpeg", isMultipart: false },
  { mediaType: "image/png", isMultipart: false },
];
const all: readonly PictureOffer[] = [...singles, ...singles.map((one) => ({ ...one, isMultipart: true }))];
const thumbnailSize = { width: 128, height: 128 };
const pdf: Offer = { mediaType: "application/pdf", isMultipart: false };

type Target = { readonly frames?: readonly number[] } & PathUids;

export async function rendered(web: WebRequest, target: Target): Promise<Response> {
  const parameters = renderingOf(web.parameters);
  const accept = acceptOfRequest(web);
  // Only a look into the instance tells whether it is a document, so that is the last guess.
  const offer = selectOffer<Offer>(accept, target.instance === undefined ? all : [...all, pdf]);
  if (offer === pdf) return documentOf(web, target);
  if (offer.isMultipart) return everyPicture(web, target, offer as PictureOffer, parameters);
  return onePicture(web, target, offer as PictureOffer, parameters);
}

/** A small picture, of the middle frame unless one is named. */
export async function thumbnail(web: WebRequest, target: Target): Promise<Response> {
  const { rendering, warnings } = renderingOf(web.parameters);
  const offer = selectOffer(acceptOfRequest(web), singles);
  return onePicture(
    web,
    target,
    offer,
    { rendering: { viewport: thumbnailSize, ...rendering }, warnings },
    (numberOfFrames) => Math.ceil(numberOfFrames / 2),
  );
}

export async function onePicture(
  web: WebRequest,
  target: Target,
  { mediaType }: Pick<PictureOffer, "mediaType">,
  { rendering, warnings }: RenderingParameters,
  choose: (numberOfFrames: number) => number = () => 1,
): Promise<Response> {
  const uids = await representativeOf(web, target);
  await using object = await openInstance(web, uids);
  // What is drawn depends on the file and on how it is asked for, and on nothing else.
  const how = [mediaType, target.frames?.[0] ?? "-", JSON.stringify(rendering)].join();
  const etag = quoted(`${object.version}-r${hash(how)}`);
  const headers = {
    etag,
    "cache-control": "private, no-cache",
    vary: "Accept",
    ...(warnings.length === 0 ? {} : { warning: warningHeader(web, warnings) }),
  };
  if (isUnchanged(web.request, etag)) return answer(null, headers, 304);
  const image = await openImage(object);
  const number = target.frames?.[0] ?? choose(image.numberOfFrames);
  const job = await image.job(number - 1);
  const bytes = await web.renderer.renderFrame(job, image.dataSet, number - 1, { mediaType, ...rendering });
  return answer(bytes, {
    ...headers,
    "content-type": mediaType,
    "content-location": `${resourceUrl(web.base, uids)}/frames/${number}/rendered`,
  });
}

async function everyPicture(
  web: WebRequest,
  target: Target,
  { mediaType }: PictureOffer,
  { rendering, warnings }: RenderingParameters,
): Promise<Response> {
  const targets: readonly PathUids[] =
    target.instance === undefined ? await picturesIn(web, target) : [target];
  if (targets.length === 0) throw notFound("picture");
  const boundary = newBoundary();
  const parts = pictures(web, targets, target.frames, { mediaType, ...rendering }, boundary);
  // The first is drawn before the head is sent, so that an error still has its status.
  const first = await parts.next();
  async function* body(): AsyncGenerator<Uint8Array> {
    if (first.done !== true) yield first.value;
    yield* parts;
    yield multipartEnd(boundary);
  }
  const all = ensuring(body(), () => parts.return(undefined));
  return answer(streamOf(all, web.onError), {
    "content-type": `multipart/related; type="${mediaType}"; boundary=${boundary}`,
    "cache-control": "private, no-cache",
    vary: "Accept",
    ...(warnings.length === 0 ? {} : { warning: warningHeader(web, warnings) }),
  });
}

async function* pictures(
  web: WebRequest,
  targets: readonly PathUids[],
  frames: readonly number[] | undefined,
  rendering: Rendering,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for (const uids of targets) {
    await using object = await openInstance(web, uids);
    const image = await openImage(object);
    const numbers = frames ?? Array.from({ length: image.numberOfFrames }, (_, index) => index + 1);
    for (const number of numbers) {
      const job = await image.job(number - 1);
      const bytes = await web.renderer.renderFrame(job, image.dataSet, number - 1, rendering);
      const location = `${resourceUrl(web.base, uids)}/frames/${number}/rendered`;
      yield partHead(
        boundary,
        { "Content-Type": rendering.mediaType, "Content-Location": location },
        isFirst,
      );
      yield bytes;
      isFirst = false;
    }
  }
}

/** An encapsulated document is rendered already (PS3.18 8.7.4, category Text). */
async function documentOf(web: WebRequest, target: PathUids): Promise<Response> {
  await using object = await openInstance(web, target);
  const { dataSet } = await readPart10(object, {});
  const bytes = dataSet.bytes("EncapsulatedDocument");
  const isPdf = dataSet.string("MIMETypeOfEncapsulatedDocument") === pdf.mediaType;
  if (bytes === undefined || !isPdf) {
    throw new WebProblem(406, "not-acceptable", "The instance is no PDF document.", {
      members: { available: all.map(contentTypeOf) },
    });
  }
  const length = dataSet.number("EncapsulatedDocumentLength") ?? bytes.byteLength;
  return answer(bytes.slice(0, length), {
    "content-type": pdf.mediaType,
    etag: quoted(`${object.version}-pdf`),
    "cache-control": "private, no-cache",
  });
}

function warningHeader(web: WebRequest, warnings: readonly string[]): string {
  const service = new URL(web.base).host;
  return warnings.map((warning) => `299 ${service} "${warning}"`).join(", ");
}

/** Of short texts that tell pictures apart (FNV-1a). */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value >>> 0).toString(16);
}
