/** What to try, by what went wrong. */
import {
  AssociationRejectedError,
  DimseStatusError,
  NetworkError,
  type NetworkErrorCode,
  statusOf,
  TimeoutError,
} from "@isocenter/network";
import { describe, expect, it } from "vitest";
import { hintFor } from "./hints.ts";

describe("hints", () => {
  const codes: NetworkErrorCode[] = [
    "connection-refused",
    "host-not-found",
    "host-unreachable",
    "connection-closed",
    "connection-failed",
    "wrong-protocol",
    "association-aborted",
    "no-accepted-context",
    "protocol-violated",
  ];
  it.each(codes)("%s has one that ends as a sentence", (code) => {
    expect(hintFor(new NetworkError(code, "x"))).toMatch(/^[A-Z].{10,}[.]$/);
  });

  it.each([
    ["called-AE-title-not-recognized", /-aec/],
    ["calling-AE-title-not-recognized", /administrator to add our AE title/],
    ["temporary-congestion", /Try again/],
  ])("a rejection for %s has its own", (reason, words) => {
    const rejection = { result: "rejected-permanent", source: "service-user", reason } as const;
    expect(hintFor(new AssociationRejectedError(rejection, { calling: "A", called: "B" }))).toMatch(words);
  });

  it("an unknown move destination is told apart from other failures", () => {
    const error = (code: number) => new DimseStatusError("C-MOVE", statusOf(code, "C-MOVE"), {});
    expect(hintFor(error(0xa801))).toMatch(/destination's AE title with its host and port/);
    expect(hintFor(error(0xc001))).not.toMatch(/destination/);
  });

  it("timeouts name the option that waits longer", () => {
    expect(hintFor(new TimeoutError("connect", 1))).toContain("--timeout");
    expect(hintFor(new TimeoutError("dimse", 1))).toContain("--dimse-timeout");
  });
});
