/** What the viewer shows, and how. The address is written from it and it is read from the address. */
import { isToolId, type ToolId } from "../engine/tool-names.ts";

export const modes = ["stack", "mpr", "mip", "volume"] as const;
export type Mode = (typeof modes)[number];

export interface Pane {
  /** Id of a display set; undefined while nothing is in it. */
  readonly setId: string | undefined;
  /** Of the frame, from 0. */
  readonly index: number;
}

export interface ViewerState {
  readonly rows: number;
  readonly columns: number;
  /** As many as rows × columns. */
  readonly panes: readonly Pane[];
  readonly active: number;
  readonly tool: ToolId;
  readonly mode: Mode;
  /** Stacks scroll together by position. */
  readonly isSynchronised: boolean;
  readonly hasReferenceLines: boolean;
  readonly hasText: boolean;
  /** Pixels are smoothed when enlarged. */
  readonly isSmooth: boolean;
  /** Panes that play. */
  readonly playing: readonly number[];
  readonly sidePanel: "measurements" | "none";
}

export const layouts = ["1x1", "1x2", "2x1", "1x3", "2x2", "2x3", "3x3"] as const;

export type ViewerAction =
  | { readonly kind: "layout"; readonly rows: number; readonly columns: number }
  | {
      readonly kind: "panes";
      readonly panes: readonly Pane[];
      readonly rows: number;
      readonly columns: number;
      readonly isSynchronised: boolean;
    }
  | { readonly kind: "show"; readonly pane: number; readonly setId: string; readonly index?: number }
  | { readonly kind: "index"; readonly pane: number; readonly index: number }
  | { readonly kind: "active"; readonly pane: number }
  | { readonly kind: "tool"; readonly tool: ToolId }
  | { readonly kind: "mode"; readonly mode: Mode }
  | { readonly kind: "play"; readonly pane: number; readonly isPlaying: boolean }
  | {
      readonly kind: "toggle";
      readonly what: "isSynchronised" | "hasReferenceLines" | "hasText" | "isSmooth";
    }
  | { readonly kind: "side" };

const empty: Pane = { setId: undefined, index: 0 };

export function reduce(state: ViewerState, action: ViewerAction): ViewerState {
  switch (action.kind) {
    case "layout": {
      const { rows, columns } = action;
      const panes = Array.from({ length: rows * columns }, (_, at) => state.panes[at] ?? empty);
      return {
        ...state,
        rows,
        columns,
        panes,
        active: Math.min(state.active, panes.length - 1),
        mode: "stack",
      };
    }
    case "panes": {
      const { panes, rows, columns, isSynchronised } = action;
      return { ...state, panes, rows, columns, isSynchronised, active: 0, playing: [], mode: "stack" };
    }
    case "show":
      return {
        ...state,
        panes: state.panes.map((pane, at) =>
          at === action.pane ? { setId: action.setId, index: action.index ?? 0 } : pane,
        ),
        playing: state.playing.filter((at) => at !== action.pane),
        active: action.pane,
      };
    case "index": {
      const { pane, index } = action;
      if (state.panes[pane]?.index === index) return state;
      return { ...state, panes: state.panes.map((one, at) => (at === pane ? { ...one, index } : one)) };
    }
    case "active":
      return state.active === action.pane ? state : { ...state, active: action.pane };
    case "tool":
      return { ...state, tool: action.tool };
    case "mode":
      return { ...state, mode: action.mode, playing: [] };
    case "play": {
      const others = state.playing.filter((at) => at !== action.pane);
      return { ...state, playing: action.isPlaying ? [...others, action.pane] : others };
    }
    case "toggle":
      return { ...state, [action.what]: !state[action.what] };
    case "side":
      return { ...state, sidePanel: state.sidePanel === "none" ? "measurements" : "none" };
  }
}

const initial: ViewerState = {
  rows: 1,
  columns: 1,
  panes: [empty],
  active: 0,
  tool: "window",
  mode: "stack",
  isSynchronised: false,
  hasReferenceLines: false,
  hasText: true,
  isSmooth: true,
  playing: [],
  sidePanel: "none",
};

/** `show` lists the panes: `<display set>@<image from 1>`, with `;` between them. */
export function stateFromQuery(query: URLSearchParams): ViewerState {
  const [rows = 1, columns = 1] = (query.get("layout") ?? "1x1").split("x").map(Number);
  const isLayout = [rows, columns].every((count) => Number.isInteger(count) && count >= 1 && count <= 3);
  const size = isLayout ? { rows, columns } : { rows: 1, columns: 1 };
  const shown = (query.get("show") ?? "").split(";").map((part): Pane => {
    const [setId = "", image = "1"] = part.split("@");
    const index = Number(image) - 1;
    return {
      setId: setId === "" ? undefined : setId,
      index: Number.isInteger(index) && index >= 0 ? index : 0,
    };
  });
  const panes = Array.from({ length: size.rows * size.columns }, (_, at) => shown[at] ?? empty);
  const active = Number(query.get("active") ?? 0);
  const tool = query.get("tool");
  const mode = modes.find((one) => one === query.get("mode"));
  return {
    ...initial,
    ...size,
    panes,
    active: panes[active] === undefined ? 0 : active,
    tool: isToolId(tool) ? tool : "window",
    mode: mode ?? "stack",
    isSynchronised: query.get("sync") === "1",
    hasReferenceLines: query.get("lines") === "1",
    hasText: query.get("text") !== "0",
    isSmooth: query.get("smooth") !== "0",
    sidePanel: query.get("panel") === "1" ? "measurements" : "none",
  };
}

export function queryFromState(state: ViewerState): Record<string, string | undefined> {
  return {
    layout: state.panes.length === 1 ? undefined : `${state.rows}x${state.columns}`,
    show: state.panes
      .map(({ setId, index }) => (setId === undefined ? "" : `${setId}@${index + 1}`))
      .join(";"),
    active: state.active === 0 ? undefined : String(state.active),
    tool: state.tool === "window" ? undefined : state.tool,
    mode: state.mode === "stack" ? undefined : state.mode,
    sync: state.isSynchronised ? "1" : undefined,
    lines: state.hasReferenceLines ? "1" : undefined,
    text: state.hasText ? undefined : "0",
    smooth: state.isSmooth ? undefined : "0",
    panel: state.sidePanel === "none" ? undefined : "1",
  };
}
