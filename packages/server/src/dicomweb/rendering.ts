/** Rendering parameters of the Studies Service (PS3.18 8.3.5.1) and of WADO-URI (9.5), checked. */
import type { VoiFunction } from "@isocenter/codecs";
import { badParameter } from "./problem.ts";

/** Part of the image, in pixels from its top left corner; mirrored where a flag says so. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly isFlippedHorizontally: boolean;
  readonly isFlippedVertically: boolean;
}

/** How a picture is made of a frame. Plain data, which can be sent to another thread. */
export interface Rendering {
  readonly mediaType: "image/jpeg" | "image/png";
  /** Of the VOI, instead of the image's own. */
  readonly window?: { readonly center: number; readonly width: number; readonly shape: VoiFunction };
  /** The picture fits into it, keeping its proportions. */
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly region?: Region;
  /** Of JPEG, 1 to 100. */
  readonly quality?: number;
}

export interface RenderingParameters {
  readonly rendering: Omit<Rendering, "mediaType">;
  /** What was asked for and is not done, in the words of PS3.18. */
  readonly warnings: readonly string[];
}

/** A screen's width several times over. */
const maximumViewport = 4096;
const shapes: Readonly<Record<string, VoiFunction>> = {
  linear: "LINEAR",
  "linear-exact": "LINEAR_EXACT",
  sigmoid: "SIGMOID",
};
const colourSpaces = new Set(["no", "yes", "srgb", "adobergb", "rommrgb"]);

/** @throws WebProblem 400 for a value that its parameter cannot have */
export function renderingOf(parameters: URLSearchParams): RenderingParameters {
  const warnings: string[] = [];
  const annotation = parameters.get("annotation");
  if (annotation !== null) {
    // 8.3.5.1.1: values that are not supported are passed over, and named.
    const values = annotation.split(",").map((value) => value.trim());
    if (values.some((value) => !/^[a-z0-9-]{1,32}$/i.test(value))) {
      throw badParameter("annotation", "is a list of keywords such as patient,technique");
    }
    warnings.push(`The following annotation values are not supported: ${values.join(",")}`);
  }
  const iccProfile = parameters.get("iccprofile");
  if (iccProfile !== null) {
    if (!colourSpaces.has(iccProfile)) {
      throw badParameter("iccprofile", `is one of ${[...colourSpaces].join(", ")}`);
    }
    if (iccProfile !== "no") warnings.push("The iccprofile parameter is not supported.");
  }
  const window = parameters.get("window");
  const viewport = parameters.get("viewport");
  const quality = parameters.get("quality");
  return {
    warnings,
    rendering: {
      ...(window === null ? {} : { window: windowOf(window) }),
      ...(viewport === null ? {} : viewportOf(viewport)),
      ...(quality === null ? {} : { quality: whole("quality", quality, 1, 100) }),
    },
  };
}

/** 8.3.5.1.4: `center,width,function`; without a function it is linear. */
function windowOf(text: string): NonNullable<Rendering["window"]> {
  const [center = "", width = "", shape = "linear", ...more] = text.split(",").map((part) => part.trim());
  const voi = Object.hasOwn(shapes, shape.toLowerCase()) ? shapes[shape.toLowerCase()] : undefined;
  if (voi === undefined || more.length > 0) {
    throw badParameter("window", "is center,width,function with one of linear, linear-exact, sigmoid");
  }
  return windowFrom(center, width, voi, "window");
}

export function windowFrom(
  center: string,
  width: string,
  shape: VoiFunction,
  parameter: string,
): NonNullable<Rendering["window"]> {
  const window = { center: decimal(parameter, center), width: decimal(parameter, width), shape };
  // PS3.3 C.11.2.1.2: a linear window has a width of at least 1, the others of more than 0.
  if (window.width <= 0 || (shape === "LINEAR" && window.width < 1)) {
    throw badParameter(parameter, "has a width that is no window's");
  }
  return window;
}

/** 8.3.5.1.3: `vw,vh` and `sx,sy,sw,sh`, of which any may be empty; negative sizes flip. */
function viewportOf(text: string): Pick<Rendering, "viewport" | "region"> {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length < 2 || parts.length > 6) throw badParameter("viewport", "is vw,vh or vw,vh,sx,sy,sw,sh");
  const [vw = "", vh = "", sx = "", sy = "", sw = "", sh = ""] = parts;
  const viewport = {
    width: whole("viewport", vw, 1, maximumViewport),
    height: whole("viewport", vh, 1, maximumViewport),
  };
  if ([sx, sy, sw, sh].every((part) => part === "")) return { viewport };
  const [width, height] = [sw, sh].map((part) => (part === "" ? Infinity : decimal("viewport", part)));
  if (width === 0 || height === 0) throw badParameter("viewport", "has a region without area");
  return {
    viewport,
    region: {
      x: sx === "" ? 0 : decimal("viewport", sx),
      y: sy === "" ? 0 : decimal("viewport", sy),
      width: Math.abs(width ?? Infinity),
      height: Math.abs(height ?? Infinity),
      isFlippedHorizontally: (width ?? 1) < 0,
      isFlippedVertically: (height ?? 1) < 0,
    },
  };
}

export function whole(name: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw badParameter(name, `takes whole numbers from ${least} to ${most}`);
  }
  return value;
}

export function decimal(name: string, text: string): number {
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw badParameter(name, "takes decimal numbers");
  return value;
}
