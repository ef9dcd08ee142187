import { describe, expect, it } from "vitest";
import { parseRoute, routeHash } from "./route.ts";

describe("addresses", () => {
  it("come back as they were made", () => {
    const hash = routeHash(["view", "1.2.3"], {
      layout: "2x2",
      show: "1.2@5;1.3@1",
      source: undefined,
      tool: "",
    });
    expect(hash).toBe("#/view/1.2.3?layout=2x2&show=1.2%405;1.3%401");
    const { path, query } = parseRoute(hash);
    expect(path).toEqual(["view", "1.2.3"]);
    expect(query.get("show")).toBe("1.2@5;1.3@1");
    expect(query.has("source")).toBe(false);
  });
  it("are the start where there is nothing, and survive what is no address", () => {
    expect(parseRoute("").path).toEqual([]);
    expect(parseRoute("#/a%zz/b").path).toEqual(["a%zz", "b"]);
  });
});
