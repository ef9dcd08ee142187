/** PS3.15 Table E.1-1: what the basic profile and each option do with an element. */
import { isPrivate, type Tag, tagToHex } from "../tag.ts";
import { packedRules, ruleOptions } from "./rules.generated.ts";

/** Options of PS3.15 E.3, by their columns in the table. */
export type DeidentificationOption = (typeof ruleOptions)[number];
export const deidentificationOptions: readonly DeidentificationOption[] = ruleOptions;

/** What is done: X remove, Z empty, D dummy, K keep, C clean, U replace UIDs. */
export type Action = "X" | "Z" | "D" | "K" | "C" | "U";

interface Rule {
  readonly basic: string;
  readonly options: string;
}

let rules: Map<string, Rule> | undefined;

function allRules(): Map<string, Rule> {
  rules ??= new Map(
    packedRules.split("\n").map((line) => {
      const [tag = "", basic = "", options = ""] = line.split("|");
      return [tag, { basic, options }];
    }),
  );
  return rules;
}

/** How many rows the table has. */
export const ruleCount = (): number => allRules().size;

function ruleOf(tag: Tag): Rule | undefined {
  const all = allRules();
  const hex = tagToHex(tag);
  const found = all.get(hex);
  if (found !== undefined) return found;
  if (isPrivate(tag)) return all.get("GGGGEEEE (odd group)");
  if (hex.startsWith("50")) return all.get("50xxxxxx");
  return hex.startsWith("60") ? all.get(`60xx${hex.slice(4)}`) : undefined;
}

/**
 * Where the table leaves a choice by the attribute's type, the action that fits the strictest type is taken: an element
 * too many is empty or a dummy, and the object stays valid.
 * @returns undefined for elements that the table does not name
 */
export function actionFor(tag: Tag, chosen: ReadonlySet<DeidentificationOption>): Action | undefined {
  const rule = ruleOf(tag);
  if (rule === undefined) return undefined;
  const marks = ruleOptions.map((name, index) => (chosen.has(name) ? (rule.options[index] ?? ".") : "."));
  // To keep wins over to clean: full dates over modified ones.
  if (marks.includes("K")) return "K";
  if (marks.includes("C")) return "C";
  return basicAction(rule.basic);
}

export function basicActionFor(tag: Tag): Action {
  return basicAction(ruleOf(tag)?.basic ?? "X");
}

function basicAction(code: string): Action {
  // "X/Z/U*": sequences of references stay, with their UIDs replaced.
  for (const action of ["U", "D", "Z", "X"] as const) if (code.includes(action)) return action;
  return "X";
}
