import { describe, expect, it } from "vitest";
import { renderingOf } from "./rendering.ts";

const of = (text: string): ReturnType<typeof renderingOf> => renderingOf(new URLSearchParams(text));
const whole = { isFlippedHorizontally: false, isFlippedVertically: false };

/** PS3.18 8.3.5.1. */
describe("rendering parameters", () => {
  it.each([
    ["", {}],
    ["window=40,400,linear", { window: { center: 40, width: 400, shape: "LINEAR" } }],
    ["window=-600.5,1500,sigmoid", { window: { center: -600.5, width: 1500, shape: "SIGMOID" } }],
    ["window=0,0.5,linear-exact", { window: { center: 0, width: 0.5, shape: "LINEAR_EXACT" } }],
    ["window=40,400", { window: { center: 40, width: 400, shape: "LINEAR" } }],
    ["viewport=100,200", { viewport: { width: 100, height: 200 } }],
    ["viewport=100,200,,,,", { viewport: { width: 100, height: 200 } }],
    [
      "viewport=100,200,10,20,30,40",
      { viewport: { width: 100, height: 200 }, region: { x: 10, y: 20, width: 30, height: 40, ...whole } },
    ],
    [
      "viewport=100,200,,20,-30,",
      {
        viewport: { width: 100, height: 200 },
        region: {
          x: 0,
          y: 20,
          width: 30,
          height: Infinity,
          isFlippedHorizontally: true,
          isFlippedVertically: false,
        },
      },
    ],
    ["quality=1", { quality: 1 }],
    ["quality=100", { quality: 100 }],
  ])("of %j", (text, rendering) => {
    expect(of(text)).toEqual({ rendering, warnings: [] });
  });

  it.each([
    "window=40",
    "window=40,400,cubic",
    "window=40,400,linear,x",
    "window=a,400",
    "window=40,0,linear",
    "window=40,0.5,linear",
    "window=40,-1,sigmoid",
    "window=40,NaN",
    "window=40,400,constructor",
    "viewport=100",
    "viewport=0,100",
    "viewport=-1,100",
    "viewport=100,100,1,1,0,10",
    "viewport=99999,1",
    "viewport=1,2,3,4,5,6,7",
    "quality=0",
    "quality=101",
    "quality=high",
    "iccprofile=cmyk",
    "annotation=a%0d%0aX",
  ])("are refused for %j", (text) => {
    expect(() => of(text)).toThrow(expect.objectContaining({ status: 400, code: "parameter-invalid" }));
  });

  it("name the annotations that are not drawn", () => {
    expect(of("annotation=patient,technique").warnings).toEqual([
      "The following annotation values are not supported: patient,technique",
    ]);
    expect(of("iccprofile=srgb").warnings).toHaveLength(1);
    expect(of("iccprofile=no").warnings).toEqual([]);
  });
});
