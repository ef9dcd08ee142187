/**
 * Instances sent as metadata and bulk data apart (PS3.18 10.5.2, 8.7.3.2): put together again as data sets.
 *
 * Bulk data is what the request brings under the same URI; nothing is fetched from anywhere else.
 */
import type { InstanceStream } from "@isocenter/archive";
import { parseMediaType, type Part, readNativeXml } from "@isocenter/archive/dicomweb";
import {
  DataElement,
  DataSet,
  type DicomJsonObject,
  encodeDataSet,
  type Fragment,
  fromDicomJson,
  IsocenterError,
  TransferSyntax,
} from "@isocenter/dicom";
import { defaultFrameSyntax, hasNativeFrames } from "./media-types.ts";
import { WebProblem } from "./problem.ts";
import type { Batch } from "./store.ts";

const pixelData = 0x7fe00010;
const missingBulkData = 0xa900;
/** Metadata of one request: a hundred thousand instances' worth, and less than a text can be long. */
const maximumMetadataBytes = 64 * 1024 * 1024;
const metadataTypes = new Set(["application/dicom+json", "application/json", "application/dicom+xml"]);

interface BulkPart {
  readonly pieces: Uint8Array[];
  /** Of a compressed image. */
  readonly transferSyntaxUid: string | undefined;
}

/** @throws WebProblem 400, 413 */
export async function* instancesFromMetadata(
  parts: AsyncIterable<Part>,
  batch: Batch,
  maximumBytes: number,
): AsyncGenerator<InstanceStream> {
  const metadata: DicomJsonObject[] = [];
  const bulk = new Map<string, BulkPart>();
  let held = 0;
  for await (const { headers, body } of parts) {
    const { type, parameters } = parseMediaType(headers.get("content-type") ?? "application/octet-stream");
    const chunks: Uint8Array[] = [];
    const limit = metadataTypes.has(type)
      ? Math.min(maximumBytes, held + maximumMetadataBytes)
      : maximumBytes;
    for await (const chunk of body) {
      held += chunk.byteLength;
      if (held > limit) {
        throw new WebProblem(
          413,
          "search-too-broad",
          "The request is too large for metadata with bulk data; send files.",
        );
      }
      chunks.push(chunk);
    }
    const bytes = concatenated(chunks);
    if (type === "application/dicom+json" || type === "application/json") metadata.push(...fromJson(bytes));
    else if (type === "application/dicom+xml") metadata.push(readNativeXml(new TextDecoder().decode(bytes)));
    else {
      const location = headers.get("content-location") ?? headers.get("content-id") ?? "";
      const known = bulk.get(location);
      // Several parts of one URI are the frames of one image.
      if (known !== undefined) known.pieces.push(bytes);
      else {
        const syntax = parameters.get("transfer-syntax") ?? defaultFrameSyntax(type);
        bulk.set(location, { pieces: [bytes], transferSyntaxUid: syntax });
      }
    }
  }
  for (const json of metadata) {
    const instance = instanceOf(json, bulk, batch);
    if (instance !== undefined && batch.admits(instance)) yield instance;
  }
}

/** @throws WebProblem 400 */
function fromJson(bytes: Uint8Array): DicomJsonObject[] {
  try {
    const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
    return (Array.isArray(json) ? json : [json]) as DicomJsonObject[];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) {
      throw new WebProblem(400, "parameter-invalid", "The metadata is no JSON in UTF-8.");
    }
    throw error;
  }
}

function instanceOf(
  json: DicomJsonObject,
  bulk: ReadonlyMap<string, BulkPart>,
  batch: Batch,
): InstanceStream | undefined {
  let isMissing = false;
  let pixels: BulkPart | undefined;
  try {
    const given = fromDicomJson(json, {
      resolveBulkData(uri, tag) {
        const part = bulk.get(uri);
        if (part === undefined) isMissing = true;
        else if (tag === pixelData) pixels = part;
        return part === undefined ? undefined : concatenated(part.pieces);
      },
    });
    const named = given.string("TransferSyntaxUID");
    const dataSet = DataSet.fromElements(given.elements.filter(({ tag }) => tag >= 0x00080000)).with(
      "SpecificCharacterSet",
      "ISO_IR 192",
    );
    const sopClassUid = dataSet.string("SOPClassUID");
    const sopInstanceUid = dataSet.string("SOPInstanceUID");
    const studyInstanceUid = dataSet.string("StudyInstanceUID");
    const seriesInstanceUid = dataSet.string("SeriesInstanceUID");
    const about = {
      ...(sopClassUid === undefined ? {} : { sopClassUid }),
      ...(sopInstanceUid === undefined ? {} : { sopInstanceUid }),
    };
    if (isMissing) {
      const words = "Bulk data that the metadata refers to is not in the request.";
      batch.failures.push({ ...about, reason: missingBulkData, words });
      return undefined;
    }
    if (sopClassUid === undefined || sopInstanceUid === undefined) {
      throw new IsocenterError(
        "instance-not-identifiable",
        "The instance has no SOP Class UID or SOP Instance UID.",
      );
    }
    const transferSyntaxUid = syntaxOf(pixels, named);
    const bytes = encodeDataSet(withPixels(dataSet, pixels, transferSyntaxUid), transferSyntaxUid);
    return {
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      size: bytes.byteLength,
      ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
      ...(seriesInstanceUid === undefined ? {} : { seriesInstanceUid }),
      async *dataSet() {
        yield bytes;
      },
    };
  } catch (error) {
    if (!(error instanceof IsocenterError)) throw error;
    batch.fail(error);
    return undefined;
  }
}

/** The part of the pixels says how they are encoded; what the metadata names is how they once were. */
function syntaxOf(pixels: BulkPart | undefined, named: string | undefined): string {
  if (pixels?.transferSyntaxUid !== undefined && !hasNativeFrames(pixels.transferSyntaxUid)) {
    return pixels.transferSyntaxUid;
  }
  return pixels === undefined && named !== undefined && hasNativeFrames(named)
    ? named
    : TransferSyntax.ExplicitVRLittleEndian;
}

/** Code streams become fragments, one to a frame (PS3.5 A.4). */
function withPixels(dataSet: DataSet, pixels: BulkPart | undefined, transferSyntaxUid: string): DataSet {
  if (pixels === undefined || hasNativeFrames(transferSyntaxUid)) return dataSet;
  const fragments: Fragment[] = [];
  let at = 0;
  for (const piece of pixels.pieces) {
    const bytes = piece.byteLength % 2 === 0 ? piece : concatenated([piece, Uint8Array.of(0)]);
    fragments.push({ offset: at + 8, length: bytes.byteLength, bytes });
    at += 8 + bytes.byteLength;
  }
  const element = new DataElement(pixelData, "OB", undefined, 0, 0, true, true, {
    fragments: { offsetTable: new Uint8Array(0), fragments },
  });
  return DataSet.fromElements([...dataSet.without(pixelData), element]);
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
