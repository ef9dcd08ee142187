/** Tools of the viewer, in the order in which they are reached for. */
import type { Dispatch } from "react";
import { useText } from "../../messages/use-text.ts";
import * as icons from "../../ui/icons.tsx";
import { hasWebGl } from "../engine/engine.ts";
import type { Stage } from "../engine/stage.ts";
import { measureTools, type ToolId, viewTools } from "../engine/tool-names.ts";
import type { LoadedStudy } from "../load/use-study.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import { type Mode, modes, type ViewerAction, type ViewerState } from "../state/viewer-state.ts";
import { LayoutMenu } from "./layout-menu.tsx";
import { ToolButton } from "./tool-button.tsx";
import { WindowMenu } from "./window-menu.tsx";

const toolIcons: Readonly<Record<ToolId, () => React.ReactNode>> = {
  window: icons.WindowIcon,
  pan: icons.PanIcon,
  zoom: icons.ZoomIcon,
  scroll: icons.ScrollIcon,
  rotate: icons.RotateIcon,
  length: icons.LengthIcon,
  angle: icons.AngleIcon,
  cobb: icons.CobbIcon,
  bidirectional: icons.BidirectionalIcon,
  rectangle: icons.RectangleIcon,
  ellipse: icons.EllipseIcon,
  freehand: icons.FreehandIcon,
  probe: icons.ProbeIcon,
  arrow: icons.ArrowIcon,
};

/** Also in use-viewer-keys.ts. */
export const toolKeys: Readonly<Record<ToolId, string>> = {
  window: "W",
  pan: "P",
  zoom: "Z",
  scroll: "S",
  rotate: "O",
  length: "L",
  angle: "A",
  cobb: "C",
  bidirectional: "B",
  rectangle: "Q",
  ellipse: "E",
  freehand: "F",
  probe: "D",
  arrow: "N",
};

export function Toolbar({
  state,
  dispatch,
  stage,
  set,
  canVolume,
  study,
  prior,
}: {
  readonly state: ViewerState;
  readonly dispatch: Dispatch<ViewerAction>;
  readonly stage: Stage | undefined;
  readonly set: DisplaySet | undefined;
  readonly sets: readonly DisplaySet[];
  readonly canVolume: boolean;
  readonly study: LoadedStudy;
  readonly prior: LoadedStudy;
}) {
  const text = useText().viewer;
  const isStack = state.mode === "stack";
  const tool = (id: ToolId) => {
    const ToolIcon = toolIcons[id];
    return (
      <ToolButton
        key={id}
        label={text.tools[id]}
        shortcut={toolKeys[id]}
        isPressed={isStack && state.tool === id}
        isDisabled={!isStack}
        onClick={() => dispatch({ kind: "tool", tool: id })}
      >
        <ToolIcon />
      </ToolButton>
    );
  };
  const act = (label: string, shortcut: string, icon: React.ReactNode, run: (pane: number) => void) => (
    <ToolButton label={label} shortcut={shortcut} isDisabled={!isStack} onClick={() => run(state.active)}>
      {icon}
    </ToolButton>
  );
  const reason = !hasWebGl() ? text.noWebGl : !canVolume ? text.noVolume : undefined;
  return (
    <header className="viewer-head">
      <div className="viewer-tools" role="toolbar" aria-label={text.toolbar}>
        <div className="tool-set" role="group" aria-label={text.viewTools}>
          {viewTools.map(tool)}
          <WindowMenu stage={stage} set={set} pane={state.active} isDisabled={!isStack} />
        </div>
        <div className="tool-set" role="group" aria-label={text.measureTools}>
          {measureTools.map(tool)}
        </div>
        <div className="tool-set">
          {act(text.invert, "I", <icons.InvertIcon />, (pane) => stage?.toggleInvert(pane))}
          {act(text.flipHorizontal, "H", <icons.FlipIcon />, (pane) => stage?.flip(pane, "horizontal"))}
          {act(
            text.flipVertical,
            "V",
            <span className="turned">
              <icons.FlipIcon />
            </span>,
            (pane) => stage?.flip(pane, "vertical"),
          )}
          {act(text.rotateRight, ".", <icons.RotateIcon />, (pane) => stage?.rotate(pane, 90))}
          {act(`${text.actualSize} 1:1`, "1:1", <span className="tool-letters">1:1</span>, (pane) =>
            stage?.actualSize(pane),
          )}
          <ToolButton
            label={text.smooth}
            shortcut="X"
            isPressed={state.isSmooth}
            isDisabled={!isStack}
            onClick={() => dispatch({ kind: "toggle", what: "isSmooth" })}
          >
            <icons.SmoothIcon />
          </ToolButton>
          {act(text.reset, "R", <icons.ResetIcon />, (pane) => stage?.reset(pane))}
        </div>
        <div className="tool-set">
          <LayoutMenu state={state} dispatch={dispatch} study={study} prior={prior} />
          <ToolButton
            label={text.sync}
            shortcut="Y"
            isPressed={state.isSynchronised}
            isDisabled={!isStack || state.panes.length < 2}
            onClick={() => dispatch({ kind: "toggle", what: "isSynchronised" })}
          >
            <icons.LinkIcon />
          </ToolButton>
          <ToolButton
            label={text.lines}
            shortcut="G"
            isPressed={state.hasReferenceLines}
            isDisabled={!isStack || state.panes.length < 2}
            onClick={() => dispatch({ kind: "toggle", what: "hasReferenceLines" })}
          >
            <icons.LinesIcon />
          </ToolButton>
          <ToolButton
            label={text.overlay}
            shortcut="T"
            isPressed={state.hasText}
            onClick={() => dispatch({ kind: "toggle", what: "hasText" })}
          >
            <icons.TextIcon />
          </ToolButton>
        </div>
        <div className="tool-set segmented" role="radiogroup" aria-label={text.modesLabel} title={reason}>
          {modes.map((mode: Mode) => (
            <button
              type="button"
              key={mode}
              role="radio"
              aria-checked={state.mode === mode}
              disabled={mode !== "stack" && reason !== undefined}
              onClick={() => dispatch({ kind: "mode", mode })}
            >
              {text.modes[mode]}
            </button>
          ))}
        </div>
        {reason !== undefined && <span className="visually-hidden">{reason}</span>}
        <span className="grow" />
        <ToolButton
          label={text.sidePanel}
          shortcut="M"
          isPressed={state.sidePanel !== "none"}
          onClick={() => dispatch({ kind: "side" })}
        >
          <icons.ListIcon />
        </ToolButton>
      </div>
    </header>
  );
}
