/** The viewer from the keyboard. The cheat sheet (shell/shortcuts.tsx) lists the same keys. */
import { type Dispatch, useEffect, useRef } from "react";
import type { Stage } from "./engine/stage.ts";
import type { ToolId } from "./engine/tool-names.ts";
import type { Frame } from "./model/frame.ts";
import { presetsFor } from "./model/presets.ts";
import type { ViewerAction, ViewerState } from "./state/viewer-state.ts";
import { toolKeys } from "./toolbar/toolbar.tsx";

const toolOfKey = new Map(Object.entries(toolKeys).map(([tool, key]) => [key.toLowerCase(), tool as ToolId]));

export function useViewerKeys(
  stage: Stage | undefined,
  state: ViewerState,
  dispatch: Dispatch<ViewerAction>,
  toggleKeyImage: (frame: Frame | undefined) => void,
): void {
  const current = useRef({ stage, state, toggleKeyImage });
  current.current = { stage, state, toggleKeyImage };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const { stage: on, state: now, toggleKeyImage: toggleKey } = current.current;
      if (on === undefined) return;
      if (handle(event, on, now, dispatch, toggleKey)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [dispatch]);
}

function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest(".menu-panel") !== null) return true;
  return target.matches("input:not([type=range]), select, textarea, [contenteditable]");
}

/** @returns whether the key is one of ours */
function handle(
  event: KeyboardEvent,
  stage: Stage,
  state: ViewerState,
  dispatch: Dispatch<ViewerAction>,
  toggleKeyImage: (frame: Frame | undefined) => void,
): boolean {
  const pane = state.active;
  const isStack = state.mode === "stack";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.key === "?") return false;
  const commands: Readonly<Record<string, (() => void) | undefined>> = {
    ArrowDown: () => stage.scroll(pane, 1),
    ArrowUp: () => stage.scroll(pane, -1),
    ArrowRight: () => stage.scroll(pane, 1),
    ArrowLeft: () => stage.scroll(pane, -1),
    PageDown: () => stage.scroll(pane, 10),
    PageUp: () => stage.scroll(pane, -10),
    Home: () => stage.jump(pane, 0),
    End: () => stage.jump(pane, (stage.stack(pane)?.getNumberOfSlices() ?? 1) - 1),
    "+": () => stage.zoomBy(pane, 1.25),
    "=": () => stage.zoomBy(pane, 1.25),
    "-": () => stage.zoomBy(pane, 0.8),
    i: () => stage.toggleInvert(pane),
    h: () => stage.flip(pane, "horizontal"),
    v: () => stage.flip(pane, "vertical"),
    ".": () => stage.rotate(pane, 90),
    ",": () => stage.rotate(pane, -90),
    r: () => stage.reset(pane),
    k: () => toggleKeyImage(stage.frame(pane)),
    " ": () => dispatch({ kind: "play", pane, isPlaying: !state.playing.includes(pane) }),
    Tab: undefined,
  };
  const always: Readonly<Record<string, () => void>> = {
    y: () => dispatch({ kind: "toggle", what: "isSynchronised" }),
    g: () => dispatch({ kind: "toggle", what: "hasReferenceLines" }),
    t: () => dispatch({ kind: "toggle", what: "hasText" }),
    x: () => dispatch({ kind: "toggle", what: "isSmooth" }),
    m: () => dispatch({ kind: "side" }),
    "[": () => dispatch({ kind: "active", pane: (pane + state.panes.length - 1) % state.panes.length }),
    "]": () => dispatch({ kind: "active", pane: (pane + 1) % state.panes.length }),
  };
  const onControl = event.target instanceof HTMLElement && event.target.matches("button, a, input");
  if (onControl && (key === " " || key === "Enter")) return false;
  // A slider moves itself.
  if (event.target instanceof HTMLInputElement && /^(Arrow|Page|Home|End)/.test(key)) return false;
  const run = always[key] ?? (isStack ? (commands[key] ?? presetCommand(key, stage, pane)) : undefined);
  if (run !== undefined) {
    run();
    return true;
  }
  const tool = toolOfKey.get(key);
  if (tool === undefined || !isStack) return false;
  dispatch({ kind: "tool", tool });
  return true;
}

/** 0 is the image's own window, 1 to 9 the modality's. */
function presetCommand(key: string, stage: Stage, pane: number): (() => void) | undefined {
  if (!/^[0-9]$/.test(key)) return undefined;
  const frame = stage.frame(pane);
  const window =
    key === "0"
      ? frame?.windows[0]
      : presetsFor(frame?.modality ?? "", frame?.suvFactor !== undefined)[Number(key) - 1];
  return window === undefined ? undefined : () => stage.setWindow(pane, window);
}
