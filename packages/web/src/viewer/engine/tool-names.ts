/** Our names of tools, and the rendering library's. */

export const viewTools = ["window", "pan", "zoom", "scroll", "rotate"] as const;
export const measureTools = [
  "length",
  "angle",
  "cobb",
  "bidirectional",
  "rectangle",
  "ellipse",
  "freehand",
  "probe",
  "arrow",
] as const;
export type ViewTool = (typeof viewTools)[number];
export type MeasureTool = (typeof measureTools)[number];
export type ToolId = ViewTool | MeasureTool;

export const libraryNames: Readonly<Record<ToolId, string>> = {
  window: "WindowLevel",
  pan: "Pan",
  zoom: "Zoom",
  scroll: "StackScroll",
  rotate: "PlanarRotate",
  length: "Length",
  angle: "Angle",
  cobb: "CobbAngle",
  bidirectional: "Bidirectional",
  rectangle: "RectangleROI",
  ellipse: "EllipticalROI",
  freehand: "PlanarFreehandROI",
  probe: "Probe",
  arrow: "ArrowAnnotate",
};

export function measureToolOf(libraryName: string): MeasureTool | undefined {
  return measureTools.find((tool) => libraryNames[tool] === libraryName);
}

export function isToolId(text: string | null | undefined): text is ToolId {
  return text !== null && text !== undefined && text in libraryNames;
}
