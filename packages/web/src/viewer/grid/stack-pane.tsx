/** One stack of images with what stands over it. */
import { type PointerEvent, useRef, useState } from "react";
import { useText } from "../../messages/use-text.ts";
import { WarningIcon } from "../../ui/icons.tsx";
import type { DisplaySet } from "../model/display-sets.ts";
import { useStage } from "../stage-context.ts";
import { CornerTexts } from "./corner-texts.tsx";
import { OrientationLetters } from "./orientation-letters.tsx";
import { type PixelUnderPointer, pixelAt } from "./pane-view.ts";
import { ReferenceLine } from "./reference-line.tsx";
import { ScaleBar } from "./scale-bar.tsx";
import { SegmentLayer } from "./segment-layer.tsx";
import { SliceSlider } from "./slice-slider.tsx";
import { useStack } from "./use-stack.ts";

export function StackPane({
  pane,
  set,
  startIndex,
  isSmooth,
  hasText,
  hasReferenceLines,
  activePane,
  source,
  isKeyImage,
  onIndex,
}: {
  readonly pane: number;
  readonly set: DisplaySet;
  readonly startIndex: number;
  readonly isSmooth: boolean;
  readonly hasText: boolean;
  readonly hasReferenceLines: boolean;
  readonly activePane: number;
  readonly source: string | undefined;
  readonly isKeyImage: boolean;
  readonly onIndex: (index: number) => void;
}) {
  const text = useText().viewer;
  const stage = useStage();
  const element = useRef<HTMLDivElement>(null);
  const [pixel, setPixel] = useState<PixelUnderPointer | undefined>();
  const { view, loaded, problem } = useStack(element, pane, set, startIndex, isSmooth, onIndex);
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const viewport = stage.stack(pane);
    if (viewport === undefined || view === undefined) return;
    const box = event.currentTarget.getBoundingClientRect();
    setPixel(pixelAt(viewport, [event.clientX - box.left, event.clientY - box.top]));
  };
  return (
    <>
      <div
        className="picture"
        ref={element}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setPixel(undefined)}
        onContextMenu={(event) => event.preventDefault()}
      />
      {view !== undefined && problem === undefined && (
        <>
          {hasText && (
            <CornerTexts view={view} set={set} pixel={pixel} isKeyImage={isKeyImage} loaded={loaded} />
          )}
          <OrientationLetters letters={view.letters} />
          <ScaleBar view={view} />
          <SegmentLayer pane={pane} frame={view.frame} source={source} />
          {hasReferenceLines && <ReferenceLine pane={pane} activePane={activePane} frame={view.frame} />}
        </>
      )}
      {set.frames.length > 1 && (
        <SliceSlider
          index={view?.index ?? startIndex}
          count={set.frames.length}
          onChange={(index) => stage.jump(pane, index)}
        />
      )}
      {problem !== undefined && (
        <div className="pane-problem" role="alert">
          <WarningIcon />
          <strong>{text.imageProblem}</strong>
          <span>{problem.message}</span>
        </div>
      )}
    </>
  );
}
