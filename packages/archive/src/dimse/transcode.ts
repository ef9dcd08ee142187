/** Re-encoding on the way to a receiver that does not take an instance as it is kept. */
import { transcode as transcodePixels } from "@isocenter/codecs";
import { decodeDataSet, encodeDataSet, transferSyntaxInfo } from "@isocenter/dicom";
import { chunksOf, type StoreInstance, type Transcode } from "@isocenter/network";
import { ArchiveError } from "../errors.ts";

/**
 * An instance is re-encoded as a whole in memory, because its pixels are: more than this is refused, rather than the
 * server brought down by one object.
 */
const maximumBytes = 1 << 30;

/**
 * Native first, then lossless encodings; a lossy one only where the instance is in a lossy encoding already.
 * @throws ArchiveError `not-supported` when the instance is too large; CodecError when its pixels cannot be brought over
 */
export const transcodeInstance: Transcode = async (instance, transferSyntaxUids) => {
  const target = targetOf(instance.transferSyntaxUid, transferSyntaxUids);
  if (target === undefined) return undefined;
  const bytes = await whole(instance);
  const dataSet = decodeDataSet(bytes, instance.transferSyntaxUid);
  const changed = await transcodePixels(dataSet, instance.transferSyntaxUid, target);
  return { ...instance, transferSyntaxUid: target, dataSet: encodeDataSet(changed, target) };
};

function targetOf(from: string, offered: readonly string[]): string | undefined {
  const isFromLossy = transferSyntaxInfo(from)?.lossy === true;
  const rank = (uid: string): number => {
    const info = transferSyntaxInfo(uid);
    if (info === undefined || (info.lossy && !isFromLossy)) return Number.POSITIVE_INFINITY;
    return (info.encapsulated ? 4 : 0) + (info.lossy ? 4 : 0) + (info.explicitVr ? 0 : 1);
  };
  const [best] = [...offered].sort((a, b) => rank(a) - rank(b));
  return best === undefined || rank(best) === Number.POSITIVE_INFINITY ? undefined : best;
}

async function whole({ dataSet }: StoreInstance): Promise<Uint8Array> {
  const source = typeof dataSet === "function" ? dataSet() : dataSet;
  if (source instanceof Uint8Array) return source;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(source)) {
    length += chunk.byteLength;
    if (length > maximumBytes) {
      throw new ArchiveError("not-supported", "Instances of more than 1 GiB are not re-encoded on the way.");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
