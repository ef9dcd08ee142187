/** @isocenter/server/dicomweb: the DICOMweb face over any image source; runs wherever there are web streams. */
export { cors } from "./cors.ts";
export { addDicomweb, createDicomweb, type DicomwebHandler, type DicomwebOptions } from "./face.ts";
export { directRenderer, type FrameJob, type Renderer } from "./renderer.ts";
export type { Region, Rendering } from "./rendering.ts";
export type { ServiceLimits } from "./web-request.ts";
