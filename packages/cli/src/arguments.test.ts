/** Arguments in DCMTK's style. */
import { describe, expect, it } from "vitest";
import { parseArguments } from "./arguments.ts";

const specs = {
  model: { names: [], flags: { "-P": "patient", "-S": "study" }, help: "" },
  syntax: {
    names: ["--syntax"],
    value: "NAME",
    flags: { "-xe": "explicit", "+xe": "explicit" },
    repeatable: true,
    help: "",
  },
  verbose: { names: ["-v", "--verbose"], help: "" },
  called: { names: ["-aec"], value: "NAME", help: "" },
  pair: { names: ["+tls"], value: "KEY CERTIFICATE", help: "" },
  foreign: { names: ["-ic"], refused: "do this instead.", help: "" },
} as const;

describe("flags", () => {
  it("stand for a value, the last one winning", () => {
    expect(parseArguments(specs, ["-S", "-P"]).options.model).toBe("patient");
    expect(parseArguments(specs, []).options.model).toBeUndefined();
  });

  it("add to a list beside named values, in their order", () => {
    expect(parseArguments(specs, ["-xe", "--syntax", "jpeg", "+xe"]).options.syntax).toEqual([
      "explicit",
      "jpeg",
      "explicit",
    ]);
  });

  it("take no value of their own", () => {
    expect(parseArguments(specs, ["-P", "operand"]).operands).toEqual(["operand"]);
  });
});

it("what follows -- is an operand", () => {
  expect(parseArguments(specs, ["-v", "--", "-P"])).toMatchObject({
    options: { verbose: true },
    operands: ["-P"],
  });
});

it("an option may take two values", () => {
  const { options, operands } = parseArguments(specs, ["+tls", "a.key", "a.pem", "operand"]);
  expect(options.pair).toEqual(["a.key", "a.pem"]);
  expect(operands).toEqual(["operand"]);
});

it.each([
  [["+tls", "a.key"], "+tls needs two values: +tls KEY CERTIFICATE."],
  [["-ic"], "-ic is not supported: do this instead."],
  [["-aex"], "Did you mean -aec?"],
  [["-xs"], "Did you mean -xe?"],
  [["-aec"], "-aec needs a value: -aec NAME."],
  [["--verbose=1"], "--verbose takes no value."],
])("%j is a usage error", (argv, words) => {
  expect(() => parseArguments(specs, argv)).toThrow(words);
});
