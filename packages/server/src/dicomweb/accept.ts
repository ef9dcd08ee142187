/**
 * Which representation to answer with: Accept and the `accept` query parameter against what can be offered (PS3.18
 * 8.7.4 to 8.7.8, RFC 9110 12.5.1). The client's quality decides; between equals the server's order does, which puts
 * what lies ready before what would have to be made.
 */
import { DicomwebError, type MediaType, parseMediaTypes } from "@isocenter/archive/dicomweb";
import { TransferSyntax } from "@isocenter/dicom";
import { badParameter, WebProblem } from "./problem.ts";

export interface Offer {
  readonly mediaType: string;
  /** Wrapped in `multipart/related; type="…"`. */
  readonly isMultipart: boolean;
  /** Undefined where transfer syntaxes have no meaning. */
  readonly transferSyntaxUid?: string;
  /** It may stand for the media type without a `transfer-syntax` parameter. */
  readonly isDefaultSyntax?: boolean;
}

interface Range {
  readonly type: string;
  readonly isMultipart: boolean;
  readonly isAnything: boolean;
  readonly transferSyntax: string | undefined;
  readonly quality: number;
}

export type Accept = readonly Range[];

/**
 * @param header of Accept; none is as much as anything
 * @param parameters `accept` of the query, which goes before the header (PS3.18 8.3.3.1)
 * @throws WebProblem 400 for a parameter, DicomwebError `media-type-invalid` for a header, that is no list
 */
export function acceptOf(header: string | null, parameters: readonly string[] = []): Accept {
  // A + that was not percent-encoded has become a space.
  const text = parameters.map((one) => one.replace(/(dicom) (json|xml)/gi, "$1+$2")).join(",");
  if (text !== "") {
    try {
      return rangesOf(text);
    } catch (error) {
      if (error instanceof DicomwebError) throw badParameter("accept", "is not a list of media types");
      throw error;
    }
  }
  return rangesOf(header === null || header.trim() === "" ? "*/*" : header);
}

function rangesOf(text: string): Accept {
  return parseMediaTypes(text).map(rangeOf);
}

function rangeOf({ type, parameters }: MediaType): Range {
  const isMultipart = type === "multipart/related" || type === "multipart/*";
  const quality = Number(parameters.get("q") ?? 1);
  const inner = isMultipart ? (parameters.get("type")?.toLowerCase() ?? "*/*") : type;
  return {
    type: olderNames[inner] ?? inner,
    isMultipart,
    isAnything: type === "*/*",
    transferSyntax: parameters.get("transfer-syntax"),
    quality: quality >= 0 && quality <= 1 ? quality : 0,
  };
}

/** What clients written before PS3.18 2016 ask for. */
const olderNames: Readonly<Record<string, string>> = {
  "image/x-dicom-rle": "image/dicom-rle",
  "image/x-dicom+rle": "image/dicom-rle",
  "image/x-jls": "image/jls",
};

/**
 * @param offers in the server's order of preference
 * @throws WebProblem 406 `not-acceptable` with what there is
 */
export function selectOffer<T extends Offer>(accept: Accept, offers: readonly T[]): T {
  let best: T | undefined;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(accept, offer);
    if (quality > bestQuality) {
      best = offer;
      bestQuality = quality;
    }
  }
  if (best !== undefined) return best;
  throw new WebProblem(406, "not-acceptable", "The resource is not available in an acceptable media type.", {
    members: { available: [...new Set(offers.map(contentTypeOf))] },
  });
}

/** The quality of the most specific range that an offer lies in (RFC 9110 12.5.1). */
function qualityOf(accept: Accept, offer: Offer): number {
  let quality = 0;
  let specific = -1;
  for (const range of accept) {
    const precision = precisionOf(range, offer);
    if (precision < 0 || precision < specific) continue;
    if (precision > specific || range.quality > quality) {
      specific = precision;
      quality = range.quality;
    }
  }
  return quality;
}

/** How narrow the range is that the offer lies in; -1 when it lies outside. */
function precisionOf(range: Range, offer: Offer): number {
  if (range.isMultipart !== offer.isMultipart && !range.isAnything) return -1;
  const type = range.type;
  let precision: number;
  if (type === offer.mediaType) precision = 4;
  else if (type === "*/*") precision = range.isMultipart ? 2 : 0;
  else if (type.endsWith("/*") && offer.mediaType.startsWith(type.slice(0, -1))) precision = 2;
  else return -1;
  if (offer.transferSyntaxUid === undefined || range.transferSyntax === "*") return precision;
  // Without the parameter the default of the media type is meant (PS3.18 8.7.3.4).
  if (range.transferSyntax === undefined) return offer.isDefaultSyntax === true ? precision : -1;
  return range.transferSyntax === offer.transferSyntaxUid ? precision + 1 : -1;
}

/** Content-Type of an offer, without a boundary. */
export function contentTypeOf({ mediaType, isMultipart, transferSyntaxUid }: Offer): string {
  // It may come from a file, which may hold anything.
  const uid = transferSyntaxUid?.replace(/[^0-9.]/g, "");
  const syntax = uid === undefined ? "" : `; transfer-syntax=${uid}`;
  return isMultipart ? `multipart/related; type="${mediaType}"${syntax}` : `${mediaType}${syntax}`;
}

/** The default transfer syntax of web services (PS3.18 8.7.3.4); Implicit VR and Big Endian are not used there. */
export const defaultSyntax = TransferSyntax.ExplicitVRLittleEndian;

export function isWebSyntax(transferSyntaxUid: string): boolean {
  return (
    transferSyntaxUid !== TransferSyntax.ImplicitVRLittleEndian &&
    transferSyntaxUid !== TransferSyntax.ExplicitVRBigEndian
  );
}
