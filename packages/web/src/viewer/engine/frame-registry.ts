/** Which frame an image id stands for: what the rendering library asks us about by id. */
import type { Frame } from "../model/frame.ts";

const frames = new Map<string, Frame>();

export function registerFrames(list: readonly Frame[]): void {
  for (const frame of list) frames.set(frame.imageId, frame);
}

export function frameOf(imageId: string | undefined): Frame | undefined {
  return imageId === undefined ? undefined : frames.get(imageId);
}

/** Forgets all frames of studies that are no longer shown. */
export function keepFramesOf(studies: ReadonlySet<string>): void {
  for (const [id, frame] of frames) if (!studies.has(frame.studyInstanceUid)) frames.delete(id);
}
