/** Files in another transfer syntax, and which ones can be had (PS3.18 8.7.3.4). */
import type { InstanceObject } from "@isocenter/archive";
import { decodableTransferSyntaxes, encodableTransferSyntaxes, transcode } from "@isocenter/codecs";
import { encodePart10Stream, readPart10 } from "@isocenter/dicom";
import { defaultSyntax, isWebSyntax, type Offer } from "./accept.ts";
import { hasNativeFrames } from "./media-types.ts";

export interface SyntaxOffer extends Offer {
  readonly transferSyntaxUid: string;
}

/** Values above it stay in the file, where it can be read twice. */
const threshold = 64 * 1024;

/** What a file that is stored so can be sent as, what lies ready first. */
export function syntaxOffers(stored: string, isMultipart: boolean): readonly SyntaxOffer[] {
  const isConvertible = hasNativeFrames(stored) || decodableTransferSyntaxes.includes(stored);
  const syntaxes = [
    ...(isWebSyntax(stored) ? [stored] : []),
    ...(isConvertible ? [defaultSyntax, ...encodableTransferSyntaxes] : []),
  ];
  return [...new Set<string>(syntaxes)].map((transferSyntaxUid) => ({
    mediaType: "application/dicom",
    isMultipart,
    transferSyntaxUid,
    // What cannot be converted may stand for the default.
    isDefaultSyntax: transferSyntaxUid === defaultSyntax || !isConvertible,
  }));
}

/**
 * A whole file in another syntax. From an object, values are read when their turn comes; pixels that are decoded are
 * held, one instance at a time.
 * @throws CodecError, DicomError
 */
export async function* convertFile(
  file: InstanceObject | AsyncIterable<Uint8Array>,
  transferSyntaxUid: string,
): AsyncGenerator<Uint8Array> {
  const {
    dataSet,
    meta,
    transferSyntaxUid: stored,
  } = await readPart10(file, "read" in file ? { bulkThreshold: threshold } : {});
  const converted = await transcode(dataSet, stored, transferSyntaxUid);
  yield* encodePart10Stream({ dataSet: converted, transferSyntaxUid, meta });
}
