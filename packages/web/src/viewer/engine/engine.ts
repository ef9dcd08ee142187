/** Starts the rendering library once, with our loader, metadata and tools. */
import {
  cache,
  getRenderingCapabilities,
  getShouldUseCPURendering,
  init as initCore,
  RenderingEngine,
} from "@cornerstonejs/core";
import * as tools from "@cornerstonejs/tools";
import { addImageLoader } from "./image-loader.ts";
import { addMetadataProvider } from "./metadata-provider.ts";
import { readBudget } from "./memory.ts";

export const engineId = "isocenter";
let isStarted = false;

export function startEngine(): void {
  if (isStarted) return;
  isStarted = true;
  // Rays through a volume take longer steps where the processor follows them.
  const sampleDistanceMultiplier = isSoftwareWebGl() ? 4 : 1;
  // Each context costs memory, and time where there is no GPU.
  const webGlContextCount = isSoftwareWebGl() ? 2 : 7;
  initCore({ rendering: { volumeRendering: { sampleDistanceMultiplier }, webGlContextCount }, debug: {} });
  tools.init();
  addImageLoader();
  addMetadataProvider();
  cache.setMaxCacheSize(readBudget());
  for (const tool of usedTools) tools.addTool(tool);
  const { style } = tools.annotation.config;
  const styles = style.getDefaultToolStyles();
  style.setDefaultToolStyles({ ...styles, global: { ...styles.global, ...annotationStyle } });
}

const annotationStyle = {
  color: "rgb(255, 212, 94)",
  colorHighlighted: "rgb(95, 211, 227)",
  colorSelected: "rgb(95, 211, 227)",
  lineWidth: "1.5",
  lineDash: "",
  textBoxFontFamily: "Inter, Segoe UI, Noto Sans, system-ui, sans-serif",
  textBoxFontSize: "13px",
  textBoxBackground: "rgba(8, 12, 16, 0.62)",
  textBoxColor: "rgb(255, 224, 140)",
  textBoxColorHighlighted: "rgb(150, 230, 240)",
  textBoxColorSelected: "rgb(150, 230, 240)",
};

let engine: RenderingEngine | undefined;

/** One for the page: its WebGL contexts take long to make, and browsers give out few. */
export function renderingEngine(): RenderingEngine {
  startEngine();
  engine ??= new RenderingEngine(engineId);
  return engine;
}

/** Without WebGL, stacks are drawn by the processor, and volumes not at all. */
export function hasWebGl(): boolean {
  return !getShouldUseCPURendering();
}

/** WebGL is there, and emulated. */
export function isSoftwareWebGl(): boolean {
  return getRenderingCapabilities().softwareRasterizer;
}

const usedTools = [
  tools.WindowLevelTool,
  tools.PanTool,
  tools.ZoomTool,
  tools.StackScrollTool,
  tools.PlanarRotateTool,
  tools.LengthTool,
  tools.AngleTool,
  tools.CobbAngleTool,
  tools.BidirectionalTool,
  tools.RectangleROITool,
  tools.EllipticalROITool,
  tools.PlanarFreehandROITool,
  tools.ProbeTool,
  tools.ArrowAnnotateTool,
  tools.CrosshairsTool,
  tools.TrackballRotateTool,
] as const;
