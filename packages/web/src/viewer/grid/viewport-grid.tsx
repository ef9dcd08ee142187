/** The panes in their layout. */
import { type Dispatch, useEffect, useRef } from "react";
import type { DisplaySet } from "../model/display-sets.ts";
import type { ViewerAction, ViewerState } from "../state/viewer-state.ts";
import { startOf } from "../state/use-hanging.ts";
import { useStage } from "../stage-context.ts";
import { Pane } from "./pane.tsx";
import { useCine } from "./use-cine.ts";
import { useSynchronised } from "./use-synchronised.ts";

export function ViewportGrid({
  state,
  dispatch,
  sets,
  source,
  isLoading,
  keyImages,
}: {
  readonly state: ViewerState;
  readonly dispatch: Dispatch<ViewerAction>;
  readonly sets: readonly DisplaySet[];
  readonly source: string | undefined;
  readonly isLoading: boolean;
  readonly keyImages: ReadonlySet<string>;
}) {
  const grid = useRef<HTMLDivElement>(null);
  const stage = useStage();
  useEffect(() => {
    if (grid.current === null) return undefined;
    const observer = new ResizeObserver(() => stage.resize());
    observer.observe(grid.current);
    return () => observer.disconnect();
  }, [stage]);
  useEffect(() => stage.resize(), [stage, state.rows, state.columns]);
  useSynchronised(state, sets);
  useCine(state, sets);
  return (
    <div
      className="viewports"
      ref={grid}
      style={{
        gridTemplateColumns: `repeat(${state.columns}, minmax(0, 1fr))`,
        gridTemplateRows: `repeat(${state.rows}, minmax(0, 1fr))`,
      }}
    >
      {state.panes.map((pane, at) => {
        const set = sets.find(({ id }) => id === pane.setId);
        return (
          <Pane
            // A pane is its place; what is in it comes and goes.
            key={`${at} ${set?.id ?? ""}`}
            number={at}
            set={set}
            index={pane.index}
            source={source}
            isLoading={isLoading || (pane.setId !== undefined && set === undefined)}
            isActive={at === state.active}
            isAlone={state.panes.length === 1}
            isPlaying={state.playing.includes(at)}
            state={state}
            keyImages={keyImages}
            dispatch={dispatch}
            onDrop={(setId) => {
              const dropped = sets.find(({ id }) => id === setId);
              if (dropped !== undefined) dispatch({ kind: "show", pane: at, setId, index: startOf(dropped) });
            }}
          />
        );
      })}
    </div>
  );
}
