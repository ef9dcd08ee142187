/**
 * The heavy work of the face: decoding, encoding and drawing. It stands behind an interface, so that a server can give
 * it to worker threads; {@link directRenderer} does it where it is called.
 */
import { type DecodedFrame, decodeFrame, encodeFrame, renderFrame } from "@isocenter/codecs";
import { type DataSet, type PixelDescription, TransferSyntax } from "@isocenter/dicom";
import { pictureOf } from "./picture.ts";
import type { Rendering } from "./rendering.ts";

/** One frame as it is stored. Plain data, which can be sent to another thread. */
export interface FrameJob {
  readonly description: PixelDescription;
  /** The frame's bytes without those of the others. */
  readonly bytes: Uint8Array;
  readonly transferSyntaxUid: string;
  readonly isEncapsulated: boolean;
  readonly isLittleEndian: boolean;
}

export interface Renderer {
  /**
   * The frame in another transfer syntax; Explicit VR Little Endian gives plain samples.
   * @throws CodecError
   */
  transcodeFrame(job: FrameJob, transferSyntaxUid: string, quality?: number): Promise<Uint8Array>;
  /**
   * The frame as a picture.
   * @param dataSet the image's attributes; its pixel data is not needed
   * @param index of the frame from 0, which chooses its overlays
   * @throws CodecError; WebProblem 400 for a region outside of the image
   */
  renderFrame(job: FrameJob, dataSet: DataSet, index: number, rendering: Rendering): Promise<Uint8Array>;
}

export const directRenderer: Renderer = {
  async transcodeFrame(job, transferSyntaxUid, quality) {
    const frame = await decodeJob(job);
    if (transferSyntaxUid === TransferSyntax.ExplicitVRLittleEndian) return frame.bytes;
    return encodeFrame(frame, transferSyntaxUid, quality === undefined ? {} : { quality });
  },

  async renderFrame(job, dataSet, index, rendering) {
    const { window } = rendering;
    const drawn = renderFrame(
      await decodeJob(job),
      window === undefined ? dataSet : dataSet.with("VOILUTFunction", window.shape),
      { frame: index, ...(window === undefined ? {} : { window }) },
    );
    return pictureOf(drawn, rendering);
  },
};

function decodeJob({ bytes, transferSyntaxUid, ...job }: FrameJob): Promise<DecodedFrame> {
  return decodeFrame({ ...job, bytes: () => Promise.resolve(bytes) }, transferSyntaxUid);
}
