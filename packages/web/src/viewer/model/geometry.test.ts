import { describe, expect, it } from "vitest";
import { sliceJson } from "../../test/slices.ts";
import { framesOfInstance } from "./frame.ts";
import { directionLetters } from "./geometry.ts";
import { cutOf } from "./plane-cut.ts";

describe("directions", () => {
  it("are named by the patient's sides, the strongest first", () => {
    expect(directionLetters([1, 0, 0])).toBe("L");
    expect(directionLetters([-1, 0, 0])).toBe("R");
    expect(directionLetters([0, 0.8, 0.6])).toBe("PH");
    expect(directionLetters([0.99, 0.1, 0])).toBe("L");
  });
});

describe("where slices cut each other", () => {
  const frame = (options: Parameters<typeof sliceJson>[0]) => {
    const [first] = framesOfInstance(sliceJson(options), "");
    if (first === undefined) throw new Error("no frame");
    return first;
  };
  const axial = frame({ position: [0, 0, 10] });

  it("is a line from edge to edge", () => {
    const sagittal = frame({ position: [4, 0, 40], orientation: [0, 1, 0, 0, 0, -1] });
    const [from, to] = cutOf(axial, sagittal) ?? [];
    expect([from, to].map((point) => point?.map((at) => Math.round(at * 100) / 100))).toEqual([
      [4, 0, 10],
      [4, 31.5, 10],
    ]);
  });
  it("is nothing for parallel slices, and across frames of reference", () => {
    expect(cutOf(axial, frame({ position: [0, 0, 20] }))).toBeUndefined();
    const elsewhere = frame({
      position: [4, 0, 40],
      orientation: [0, 1, 0, 0, 0, -1],
      frameOfReference: "8.8",
    });
    expect(cutOf(axial, elsewhere)).toBeUndefined();
  });
});
