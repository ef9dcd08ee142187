/** Where the slice of the active pane cuts this one. */
import { useEffect, useState } from "react";
import { Enums } from "@cornerstonejs/core";
import type { Frame } from "../model/frame.ts";
import { cutOf } from "../model/plane-cut.ts";
import { useStage } from "../stage-context.ts";

interface Line {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

export function ReferenceLine({
  pane,
  activePane,
  frame,
}: {
  pane: number;
  activePane: number;
  frame: Frame;
}) {
  const stage = useStage();
  const [line, setLine] = useState<Line | undefined>();
  useEffect(() => {
    const update = (): void => {
      const viewport = stage.stack(pane);
      const other = stage.frame(activePane);
      const cut = other === undefined || viewport === undefined ? undefined : cutOf(frame, other);
      if (cut === undefined || viewport === undefined) {
        setLine(undefined);
        return;
      }
      const [from, to] = cut.map((point) => viewport.worldToCanvas([...point]));
      if (from !== undefined && to !== undefined) setLine({ from, to });
    };
    update();
    const elements = [stage.stack(pane)?.element, stage.stack(activePane)?.element];
    for (const element of elements) element?.addEventListener(Enums.Events.IMAGE_RENDERED, update);
    return () => {
      for (const element of elements) element?.removeEventListener(Enums.Events.IMAGE_RENDERED, update);
    };
  }, [stage, pane, activePane, frame]);
  if (line === undefined) return null;
  const [x1, y1] = line.from;
  const [x2, y2] = line.to;
  return (
    <svg className="reference-line" aria-hidden="true">
      <line x1={x1} y1={y1} x2={x2} y2={y2} />
    </svg>
  );
}
