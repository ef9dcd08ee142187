import { describe, expect, it } from "vitest";
import { methodsOf } from "./resources.ts";
import { targetOf } from "./resource.ts";

const study = "1.2.3";
const series = "1.2.3.4";
const instance = "1.2.3.4.5";
const below = `studies/${study}/series/${series}/instances/${instance}`;

/** PS3.18 Tables 10.1-1, 10.4.1-1 to -7 and 10.6.1-1. */
describe("a target resource", () => {
  it.each([
    ["", { kind: "service" }],
    ["studies", { kind: "search", level: "STUDY" }],
    ["studies/", { kind: "search", level: "STUDY" }],
    ["series", { kind: "search", level: "SERIES" }],
    ["instances", { kind: "search", level: "IMAGE" }],
    [`studies/${study}/series`, { kind: "search", level: "SERIES", study }],
    [`studies/${study}/instances`, { kind: "search", level: "IMAGE", study }],
    [`studies/${study}/series/${series}/instances`, { kind: "search", level: "IMAGE", study, series }],
    [`studies/${study}`, { kind: "dicom", study }],
    [`studies/${study}/series/${series}`, { kind: "dicom", study, series }],
    [below, { kind: "dicom", study, series, instance }],
    [`studies/${study}/metadata`, { kind: "metadata", study }],
    [`studies/${study}/series/${series}/metadata`, { kind: "metadata", study, series }],
    [`${below}/metadata`, { kind: "metadata", study, series, instance }],
    [`studies/${study}/rendered`, { kind: "rendered", study }],
    [`studies/${study}/series/${series}/thumbnail`, { kind: "thumbnail", study, series }],
    [`${below}/frames/1,3,2`, { kind: "frames", study, series, instance, frames: [1, 3, 2] }],
    [`${below}/frames/1%2C2`, { kind: "frames", study, series, instance, frames: [1, 2] }],
    [`${below}/frames/2/rendered`, { kind: "rendered", study, series, instance, frames: [2] }],
    [`${below}/frames/2/thumbnail`, { kind: "thumbnail", study, series, instance, frames: [2] }],
    [`${below}/bulkdata/7fe00010`, { kind: "bulkdata", study, series, instance, path: ["7FE00010"] }],
    [
      `${below}/bulkdata/00400440/0/00400441`,
      { kind: "bulkdata", study, series, instance, path: ["00400440", "0", "00400441"] },
    ],
    ["wado", { kind: "wado-uri" }],
  ])("at %j", (path, resource) => {
    expect(targetOf(path)).toEqual({ peer: undefined, resource });
  });

  it.each([
    ["far/studies", "far", { kind: "search", level: "STUDY" }],
    ["far", "far", { kind: "service" }],
    [`c-1%20a/studies/${study}`, "c-1 a", { kind: "dicom", study }],
  ])("of a peer at %j", (path, peer, resource) => {
    expect(targetOf(path)).toEqual({ peer, resource });
  });

  it.each([
    "far/near/studies",
    `studies/${study}/nothing`,
    `studies/${study}/series/${series}/frames/1`,
    `${below}/frames`,
    `${below}/frames/1/metadata`,
    `${below}/frames/1/rendered/x`,
    `${below}/bulkdata`,
    `${below}/x/y`,
    "series/1.2",
    "wado/x",
  ])("is not at %j", (path) => {
    expect(targetOf(path)).toBeUndefined();
  });

  it.each([
    "studies/..",
    "studies/%2e%2e",
    "studies/1.2%2F3",
    "studies/1.2%0d%0aX-Evil:1",
    "studies/1.2%00",
    "studies/%ff",
    "studies/%",
    `studies/${"1".repeat(129)}`,
    "studies//series",
    `${below}/frames/0`,
    `${below}/frames/1,`,
    `${below}/frames/-1`,
    `${below}/frames/1-3`,
    `${below}/frames/${"1,".repeat(10_001)}1`,
    `${below}/bulkdata/../x`,
    `${below}/bulkdata/7FE00010/0`,
    `${below}/bulkdata/PixelData`,
  ])("is refused at %j", (path) => {
    expect(() => targetOf(path)).toThrow(expect.objectContaining({ status: 400, code: "path-invalid" }));
  });

  it.each([
    ["studies", ["GET", "POST", "HEAD", "OPTIONS"]],
    ["series", ["GET", "HEAD", "OPTIONS"]],
    [`studies/${study}`, ["GET", "POST", "DELETE", "HEAD", "OPTIONS"]],
    [`studies/${study}/series/${series}`, ["GET", "DELETE", "HEAD", "OPTIONS"]],
    [`studies/${study}/metadata`, ["GET", "HEAD", "OPTIONS"]],
    ["", ["GET", "HEAD", "OPTIONS"]],
  ])("at %j has the methods %j", (path, methods) => {
    const target = targetOf(path);
    expect(target).toBeDefined();
    if (target !== undefined) expect([...methodsOf(target.resource)].sort()).toEqual([...methods].sort());
  });
});
