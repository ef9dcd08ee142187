/** Lines of progress. */
import { describe, expect, it } from "vitest";
import { progressLine } from "./progress.ts";

describe("progress", () => {
  it("counts, with a rate, where the end is not known", () => {
    expect(progressLine("sent", 50, undefined, undefined, 10)).toBe("50 sent, 5/s");
  });
  it("has a bar and the time that is left where it is", () => {
    expect(progressLine("sent", 25, 100, 50e6, 10)).toBe(
      "██████░░░░░░░░░░░░░░░░░░ 25/100 sent, 5.0 MB/s, 30 s left",
    );
    expect(progressLine("sent", 1, 1000, undefined, 10)).toMatch(/2 h 46 min left/);
  });
  it("does not run over", () => {
    expect(progressLine("sent", 12, 10, undefined, 1)).toMatch(/^█{24} 12\/10/);
  });
});
