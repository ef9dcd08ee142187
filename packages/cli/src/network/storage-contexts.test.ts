/** Which contexts a C-GET offers. */
import { storageSopClasses } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { allClasses, attempts } from "./storage-contexts.ts";

const ct = "1.2.840.10008.5.1.4.1.1.2";
const all = (
  classes: { first: readonly string[]; rest: readonly string[] },
  preferences: readonly string[] = [],
) => [...attempts(classes, preferences, 1)];

describe("the first association", () => {
  it("offers each syntax of few classes in a context of its own, as an SCP", () => {
    const [first = []] = all({ first: [ct], rest: [] });
    expect(first.length).toBeGreaterThan(20);
    expect(
      first.every(({ transferSyntaxUids, role }) => transferSyntaxUids.length === 1 && role === "scp"),
    ).toBe(true);
    expect(first[0]?.transferSyntaxUids).toEqual(["1.2.840.10008.1.2.1"]);
  });

  it("offers kinds of syntaxes together where the classes are many", () => {
    const [first = []] = all({ first: storageSopClasses().slice(0, 30), rest: [] });
    expect(first).toHaveLength(30 * 4);
    expect(first[0]?.transferSyntaxUids).toEqual(["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]);
  });
});

it("no association offers more than 128 contexts with the model's own, and every class is offered", () => {
  const groups = all(allClasses());
  for (const group of groups) expect(group.length).toBeLessThanOrEqual(127);
  const offered = new Set(groups.flat().map(({ abstractSyntaxUid }) => abstractSyntaxUid));
  expect([...offered].sort()).toEqual([...storageSopClasses()].sort());
});

it("each kind of syntax is tried alone afterwards, for peers that send a class in one context", () => {
  const [, plain = [], lossless = []] = all({ first: [ct], rest: [] });
  expect(plain.flatMap(({ transferSyntaxUids }) => transferSyntaxUids)).toEqual([
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
  ]);
  expect(lossless.flatMap(({ transferSyntaxUids }) => transferSyntaxUids)).toContain(
    "1.2.840.10008.1.2.4.70",
  );
});

it("syntaxes that were asked for are the only ones", () => {
  const groups = all({ first: [ct], rest: [] }, ["1.2.840.10008.1.2"]);
  expect(groups).toHaveLength(1);
  expect(groups[0]?.map(({ transferSyntaxUids }) => transferSyntaxUids)).toEqual([["1.2.840.10008.1.2"]]);
});
