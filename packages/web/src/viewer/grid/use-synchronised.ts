/**
 * Stacks that scroll together: the others go to the slice nearest to the active one's place.
 *
 * Within one frame of reference that is the same place in the patient. Across examinations the places differ by where the
 * patient lay: the distance between the two slices that were on screen when scrolling together began is kept.
 */
import { useEffect, useRef } from "react";
import type { DisplaySet } from "../model/display-sets.ts";
import { dot, isParallel } from "../model/geometry.ts";
import type { Frame } from "../model/frame.ts";
import { useStage } from "../stage-context.ts";
import type { ViewerState } from "../state/viewer-state.ts";

export function useSynchronised(state: ViewerState, sets: readonly DisplaySet[]): void {
  const stage = useStage();
  const offsets = useRef(new Map<string, number>());
  const { isSynchronised, active, panes } = state;
  const at = panes[active]?.index ?? 0;
  const arrangement = `${isSynchronised} ${panes.map(({ setId }) => setId).join()}`;
  useEffect(() => {
    offsets.current.clear();
  }, [arrangement]);
  useEffect(() => {
    if (!isSynchronised) return;
    const frame = sets.find(({ id }) => id === panes[active]?.setId)?.frames[at];
    if (frame?.plane === undefined) return;
    panes.forEach((pane, number) => {
      if (number === active) return;
      const other = sets.find(({ id }) => id === pane.setId);
      const shown = other?.frames[pane.index];
      if (other === undefined || shown === undefined) return;
      const key = [active, number].toSorted((a, b) => a - b).join();
      const sign = active < number ? 1 : -1;
      if (!offsets.current.has(key)) {
        const distance = distanceBetween(frame, shown);
        if (distance !== undefined) offsets.current.set(key, sign * distance);
      }
      const index = partnerOf(frame, other, sign * (offsets.current.get(key) ?? 0));
      if (index !== undefined && index !== pane.index) stage.jump(number, index);
    });
  }, [stage, isSynchronised, active, at, arrangement]);
}

/** Between two slices of different frames of reference, along their normal; 0 within one. */
function distanceBetween(frame: Frame, other: Frame): number | undefined {
  if (frame.plane === undefined || other.plane === undefined) return undefined;
  if (!isParallel(frame.plane.normal, other.plane.normal, 0.1)) return undefined;
  if (frame.frameOfReferenceUid !== undefined && frame.frameOfReferenceUid === other.frameOfReferenceUid)
    return 0;
  const { normal } = frame.plane;
  return dot(other.plane.position, normal) - dot(frame.plane.position, normal);
}

export function partnerOf(frame: Frame, other: DisplaySet, offset: number): number | undefined {
  const { plane } = frame;
  const first = other.frames[0]?.plane;
  if (plane === undefined || first === undefined || !isParallel(plane.normal, first.normal, 0.1))
    return undefined;
  const wanted = dot(plane.position, plane.normal) + offset;
  let best: number | undefined;
  let distance = Number.POSITIVE_INFINITY;
  other.frames.forEach((one, index) => {
    if (one.plane === undefined) return;
    const away = Math.abs(dot(one.plane.position, plane.normal) - wanted);
    if (away < distance) {
      distance = away;
      best = index;
    }
  });
  return best;
}
