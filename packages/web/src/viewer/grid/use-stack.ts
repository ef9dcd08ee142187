/** Puts a display set into an element and tells what stands over it, after each rendering. */
import { Enums, eventTarget } from "@cornerstonejs/core";
import { type RefObject, useEffect, useRef, useState } from "react";
import { decodePool } from "../engine/image-loader.ts";
import { Prefetcher } from "../engine/prefetcher.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import { useStage } from "../stage-context.ts";
import { type PaneView, paneViewOf } from "./pane-view.ts";

export interface StackHandle {
  readonly view: PaneView | undefined;
  /** Images of the stack that are in memory. */
  readonly loaded: number;
  /** Why the current image cannot be shown. */
  readonly problem: { readonly imageId: string; readonly message: string } | undefined;
}

export function useStack(
  element: RefObject<HTMLDivElement | null>,
  pane: number,
  set: DisplaySet,
  startIndex: number,
  isSmooth: boolean,
  onIndex: (index: number) => void,
): StackHandle {
  const stage = useStage();
  const [view, setView] = useState<PaneView | undefined>();
  const [loaded, setLoaded] = useState(0);
  const [problem, setProblem] = useState<StackHandle["problem"]>();
  const start = useRef({ startIndex, isSmooth, onIndex });
  start.current = { startIndex, isSmooth, onIndex };

  useEffect(() => {
    const target = element.current;
    if (target === null) return undefined;
    const viewport = stage.enable(pane, target, set.frames[0]?.hasFractions === true);
    const ids = set.frames.map(({ imageId }) => imageId);
    const prefetcher = new Prefetcher(setLoaded);
    let scheduled = 0;
    const refresh = (): void => {
      if (scheduled !== 0) return;
      scheduled = requestAnimationFrame(() => {
        scheduled = 0;
        setView(paneViewOf(viewport));
      });
    };
    const onImage = (): void => {
      const index = viewport.getCurrentImageIdIndex();
      setProblem(undefined);
      start.current.onIndex(index);
      prefetcher.follow(ids, index);
    };
    const onWanted = (event: Event): void => {
      const { imageId } = (event as CustomEvent<{ imageId: string }>).detail;
      decodePool().promote(imageId);
    };
    const onFailure = (event: Event): void => {
      const { imageId, error } = (event as CustomEvent<{ imageId: string; error: unknown }>).detail;
      if (imageId === viewport.getCurrentImageId())
        setProblem({ imageId, message: error instanceof Error ? error.message : String(error) });
    };
    const { Events } = Enums;
    target.addEventListener(Events.STACK_NEW_IMAGE, onImage);
    target.addEventListener(Events.PRE_STACK_NEW_IMAGE, onWanted);
    eventTarget.addEventListener(Events.IMAGE_LOAD_FAILED, onFailure);
    for (const event of [Events.IMAGE_RENDERED, Events.VOI_MODIFIED, Events.CAMERA_MODIFIED])
      target.addEventListener(event, refresh);
    const first = Math.min(Math.max(start.current.startIndex, 0), ids.length - 1);
    void viewport
      .setStack(ids, first)
      .then(() => {
        viewport.setProperties({
          interpolationType: start.current.isSmooth
            ? Enums.InterpolationType.LINEAR
            : Enums.InterpolationType.NEAREST,
        });
        viewport.render();
        prefetcher.follow(ids, viewport.getCurrentImageIdIndex());
      })
      .catch((error: unknown) => {
        // Taken away while it loaded; or the image cannot be read, which the event above told.
        if (!stage.isOver && viewport.getImageIds() === ids)
          setProblem({ imageId: ids[first] ?? "", message: String(error) });
      });
    return () => {
      cancelAnimationFrame(scheduled);
      prefetcher.stop();
      eventTarget.removeEventListener(Events.IMAGE_LOAD_FAILED, onFailure);
      target.removeEventListener(Events.STACK_NEW_IMAGE, onImage);
      target.removeEventListener(Events.PRE_STACK_NEW_IMAGE, onWanted);
      for (const event of [Events.IMAGE_RENDERED, Events.VOI_MODIFIED, Events.CAMERA_MODIFIED])
        target.removeEventListener(event, refresh);
      if (!stage.isOver) stage.disable(pane);
    };
    // The set's frames are what is shown: a set that was made anew of the same frames is the same.
  }, [stage, pane, set.id, set.frames.length, element]);

  return { view, loaded, problem };
}
