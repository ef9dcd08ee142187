/**
 * A stored frame to what is drawn: modality values in the narrowest array that holds all of a series' values, or colours.
 *
 * The kind of array follows from the description alone, not from one frame's content, so that all frames of a volume have
 * the same.
 */
import { type DecodedFrame, decodeFrame, renderFrame, samplesOf } from "@isocenter/codecs";
import {
  DataSet,
  type DicomJsonObject,
  type Frames,
  fromDicomJson,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import type { DicomJson } from "../../api/types.ts";
import type { DecodedPixels, DecodeRequest, Pixels } from "./decode-messages.ts";

const explicitLittleEndian = "1.2.840.10008.1.2.1";

export async function decodePixels(request: DecodeRequest, signal: AbortSignal): Promise<DecodedPixels> {
  const { bytes, transferSyntaxUid } = await fetchFrame(request, signal);
  const isEncapsulated = transferSyntaxInfo(transferSyntaxUid)?.encapsulated === true;
  const frames: Frames = {
    description: request.description,
    isEncapsulated,
    isLittleEndian: true,
    bytes: () => Promise.resolve(bytes),
  };
  const frame = await decodeFrame(frames, transferSyntaxUid);
  const tables = await tablesOf(request, signal);
  const isColour = frame.samplesPerPixel >= 3 || frame.photometricInterpretation === "PALETTE COLOR";
  const decoded = isColour ? coloursOf(frame, tables, request.withAlpha) : greysOf(frame, tables, request);
  return { ...decoded, transferSyntaxUid };
}

async function fetchFrame(
  { url, headers }: DecodeRequest,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; transferSyntaxUid: string }> {
  const response = await fetch(url, {
    signal,
    headers: { ...headers, accept: "application/octet-stream; transfer-syntax=*" },
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string; code?: string };
    throw Object.assign(new Error(problem.detail ?? `HTTP status ${response.status}.`), {
      code: problem.code ?? `http-${response.status}`,
    });
  }
  const named = /transfer-syntax="?([0-9.]+)/.exec(response.headers.get("content-type") ?? "")?.[1];
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    transferSyntaxUid: named ?? explicitLittleEndian,
  };
}

const noTables = DataSet.empty;

/** Tables too long for the metadata are fetched. */
async function tablesOf({ tables, headers }: DecodeRequest, signal: AbortSignal): Promise<DataSet> {
  if (tables === undefined) return noTables;
  const fetched = new Map<string, Uint8Array>();
  await Promise.all(
    referencesIn(tables).map(async (uri) => {
      const response = await fetch(uri, {
        signal,
        headers: { ...headers, accept: "application/octet-stream" },
      });
      if (response.ok) fetched.set(uri, new Uint8Array(await response.arrayBuffer()));
    }),
  );
  return fromDicomJson(tables as DicomJsonObject, { resolveBulkData: (uri) => fetched.get(uri) });
}

function referencesIn(json: DicomJson): string[] {
  return Object.values(json).flatMap(({ BulkDataURI, Value = [] }) => [
    ...(BulkDataURI === undefined ? [] : [BulkDataURI]),
    ...Value.flatMap((value) =>
      typeof value === "object" && value !== null ? referencesIn(value as DicomJson) : [],
    ),
  ]);
}

function coloursOf(
  frame: DecodedFrame,
  tables: DataSet,
  withAlpha: boolean,
): Omit<DecodedPixels, "transferSyntaxUid"> {
  const { rgba } = renderFrame(frame, tables, { overlays: false });
  if (withAlpha) {
    return { pixels: new Uint8Array(rgba.buffer), components: 4, least: 0, most: 255 };
  }
  const pixels = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    pixels[to] = rgba[from] ?? 0;
    pixels[to + 1] = rgba[from + 1] ?? 0;
    pixels[to + 2] = rgba[from + 2] ?? 0;
  }
  return { pixels, components: 3, least: 0, most: 255 };
}

function greysOf(
  frame: DecodedFrame,
  tables: DataSet,
  { slope, intercept }: DecodeRequest,
): Omit<DecodedPixels, "transferSyntaxUid"> {
  const samples = samplesOf(frame);
  const lookup = lookupOf(tables, frame.isSigned);
  const pixels = arrayFor(frame, slope, intercept, lookup, frame.rows * frame.columns);
  const { length } = pixels;
  const mask = maskOf(frame);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < length; index++) {
    const stored = mask(Number(samples[index]));
    const value = lookup === undefined ? stored * slope + intercept : lookup(stored);
    pixels[index] = value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { pixels, components: 1, least, most };
}

/** What stands above Bits Stored may be anything in native images; a sign is the highest stored bit. */
function maskOf({
  bitsStored,
  bytesPerSample,
  sampleKind,
  isSigned,
}: DecodedFrame): (value: number) => number {
  if (sampleKind !== "integer" || bitsStored >= bytesPerSample * 8 || bitsStored > 31)
    return (value) => value;
  const shift = 32 - bitsStored;
  return isSigned ? (value) => (value << shift) >> shift : (value) => (value << shift) >>> shift;
}

/** The modality table (PS3.3 C.11.1), where one stands in place of slope and intercept. */
function lookupOf(tables: DataSet, isSigned: boolean): ((stored: number) => number) | undefined {
  const [item] = tables.items("ModalityLUTSequence");
  const [, first = 0] = item?.numbers("LUTDescriptor") ?? [];
  const data = item?.numbers("LUTData") ?? [];
  if (data.length === 0) return undefined;
  const firstMapped = isSigned && first > 32_767 ? first - 65_536 : first;
  return (stored) => data[Math.min(Math.max(stored - firstMapped, 0), data.length - 1)] ?? 0;
}

function arrayFor(
  { sampleKind, bitsStored, isSigned }: DecodedFrame,
  slope: number,
  intercept: number,
  lookup: unknown,
  length: number,
): Pixels {
  if (lookup !== undefined) return new Uint16Array(length);
  const isWhole = Number.isInteger(slope) && Number.isInteger(intercept);
  if (sampleKind !== "integer" || !isWhole || bitsStored > 16) return new Float32Array(length);
  const ends = (
    isSigned ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1]
  ).map((end) => end * slope + intercept);
  const least = Math.min(...ends);
  const most = Math.max(...ends);
  if (least >= 0 && most <= 255) return new Uint8Array(length);
  if (least >= -32_768 && most <= 32_767) return new Int16Array(length);
  return least >= 0 && most <= 65_535 ? new Uint16Array(length) : new Float32Array(length);
}
