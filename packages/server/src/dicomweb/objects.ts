/**
 * Instances at random access, from any source: its own objects where it has them, and otherwise the instance held in
 * memory for a little while, so that a viewer that asks for frame after frame fetches it once.
 */
import { ArchiveError, holdInstance } from "@isocenter/archive/dicomweb";
import type { InstanceObject } from "@isocenter/archive";
import {
  type DataSet,
  type Frames,
  framesOf,
  pixelDescription,
  readPart10,
  TransferSyntax,
  transferSyntaxInfo,
} from "@isocenter/dicom";
import { hasNativeFrames } from "./media-types.ts";
import { notFound, WebProblem } from "./problem.ts";
import type { FrameJob } from "./renderer.ts";
import type { PathUids } from "./resource.ts";
import { keyOf } from "./selection.ts";
import type { WebRequest } from "./web-request.ts";

/** @throws WebProblem 404 when there is no such instance */
export async function openInstance(web: WebRequest, uids: PathUids): Promise<InstanceObject> {
  const { source, peer = "", limits } = web;
  const key = keyOf(uids);
  try {
    if (source.open !== undefined) return await web.pool.open(source, key);
    const name = JSON.stringify([peer, key.studyInstanceUid, key.seriesInstanceUid, key.sopInstanceUid]);
    const { maximumHeldBytes: maximumBytes } = limits;
    return await web.held.get(name, () => holdInstance(source, key, { maximumBytes }));
  } catch (error) {
    if (error instanceof ArchiveError && error.code === "instance-unknown") throw notFound("instance");
    throw error;
  }
}

/** After a change nothing of before is answered. */
export function forgetInstances({ held, pool, source }: WebRequest): void {
  held.clear();
  pool.clear(source);
}

/** Values above it are left where they are. Look-up tables, which drawing needs, have up to 128 KiB. */
const threshold = 1 << 20;
const pixelTags = [0x7fe00010, 0x7fe00008, 0x7fe00009];
/** (7FE0,0001) Extended Offset Table, before which everything stands that describes an image. */
const firstPixelTag = 0x7fe00001;

/** An image's attributes, and its frames ready to be worked on. */
export interface OpenImage {
  readonly dataSet: DataSet;
  readonly numberOfFrames: number;
  /** @param index from 0 @throws WebProblem 404 */
  job(index: number): Promise<FrameJob>;
}

/** @throws WebProblem 404 when it is no image, DicomError `pixels-invalid` when it describes none */
export async function openImage(object: InstanceObject): Promise<OpenImage> {
  const { transferSyntaxUid } = object;
  const ranges = transferSyntaxUid === TransferSyntax.ExplicitVRBigEndian ? undefined : await object.frames();
  if (ranges !== undefined) {
    const { dataSet } = await readPart10(object, { until: firstPixelTag, bulkThreshold: threshold });
    // 32 bits and more may be floats, whose element tells their kind.
    if ((dataSet.number("BitsAllocated") ?? 64) <= 16) {
      const description = pixelDescription(dataSet.with(0x7fe00010, Uint8Array.of(0, 0), "OB"));
      return {
        dataSet,
        numberOfFrames: ranges.length,
        job: async (index) => ({
          description,
          bytes: await frameBytes(object, ranges[index] ?? noFrame(index)),
          transferSyntaxUid,
          isEncapsulated: !hasNativeFrames(transferSyntaxUid),
          isLittleEndian: true,
        }),
      };
    }
  }
  const { dataSet } = await readPart10(object, { bulkThreshold: threshold });
  if (!pixelTags.some((tag) => dataSet.has(tag))) {
    throw new WebProblem(404, "not-found", "The instance has no pixel data, so it has no frames.");
  }
  const frames = framesOf(dataSet, transferSyntaxUid);
  const { description, isEncapsulated, isLittleEndian } = frames;
  const { numberOfFrames } = description;
  return {
    dataSet,
    numberOfFrames,
    job: async (index) => ({
      description,
      bytes: index < numberOfFrames ? await frames.bytes(index) : noFrame(index),
      transferSyntaxUid: isEncapsulated ? transferSyntaxUid : nativeSyntax(frames),
      isEncapsulated,
      isLittleEndian,
    }),
  };
}

function nativeSyntax({ isLittleEndian }: Frames): string {
  return isLittleEndian ? TransferSyntax.ExplicitVRLittleEndian : TransferSyntax.ExplicitVRBigEndian;
}

function noFrame(index: number): never {
  throw notFound(`frame as ${index + 1}`);
}

/** A frame's bytes from its ranges: one read where it lies in one piece. */
export async function frameBytes(
  object: InstanceObject,
  ranges: readonly { readonly offset: number; readonly length: number }[],
): Promise<Uint8Array> {
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1) return object.read(only.offset, only.length);
  const bytes = new Uint8Array(ranges.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { offset, length } of ranges) {
    bytes.set(await object.read(offset, length), at);
    at += length;
  }
  return bytes;
}

/** Ranges of the file hold the frames as web services send them. */
export function isSentAsStored(transferSyntaxUid: string): boolean {
  return (
    transferSyntaxUid !== TransferSyntax.ExplicitVRBigEndian &&
    transferSyntaxInfo(transferSyntaxUid)?.deflated !== true
  );
}
