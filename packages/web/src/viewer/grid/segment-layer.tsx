/** Segmentations and structures over a picture, following its pan, zoom and rotation. */
import { Enums } from "@cornerstonejs/core";
import { use, useEffect, useRef } from "react";
import type { Frame } from "../model/frame.ts";
import { OverlaysContext } from "../overlays/overlays-context.ts";
import type { Placement } from "../overlays/overlay.ts";
import { worldPointOf } from "../measure/measurement.ts";
import { useStage } from "../stage-context.ts";

export function SegmentLayer({ pane, frame }: { pane: number; frame: Frame; source: string | undefined }) {
  const stage = useStage();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { shown } = use(OverlaysContext);
  useEffect(() => {
    const target = canvas.current;
    const viewport = stage.stack(pane);
    if (target === null || viewport === undefined) return undefined;
    const draw = (): void => {
      const { clientWidth: width, clientHeight: height } = viewport.element;
      target.width = width * devicePixelRatio;
      target.height = height * devicePixelRatio;
      const context = target.getContext("2d");
      if (context === null) return;
      const at = (column: number, row: number): readonly [number, number] => {
        const [x, y] = viewport.worldToCanvas([...worldPointOf([column, row], frame)]);
        return [x * devicePixelRatio, y * devicePixelRatio];
      };
      const [x0, y0] = at(-0.5, -0.5);
      const [x1, y1] = at(0.5, -0.5);
      const [x2, y2] = at(-0.5, 0.5);
      const placement: Placement = [x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0];
      for (const overlay of shown) overlay.draw(context, frame, placement);
    };
    draw();
    viewport.element.addEventListener(Enums.Events.IMAGE_RENDERED, draw);
    return () => viewport.element.removeEventListener(Enums.Events.IMAGE_RENDERED, draw);
  }, [stage, pane, frame, shown]);
  return shown.length === 0 ? null : <canvas className="segment-layer" ref={canvas} aria-hidden="true" />;
}
