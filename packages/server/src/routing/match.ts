/** Which destinations an instance goes to, by the rules of the configuration. Knows nothing of queues. */
import { type DicomJsonElement, type DicomJsonObject, parseTag, tagToHex } from "@isocenter/dicom";
import { ConfigError } from "../config/config.ts";
import type { RouteCondition, RouteRule } from "../config/routing.ts";

export interface Routable {
  /** AE title that sent it; empty where nobody did. */
  readonly callingAeTitle: string;
  readonly attributes: DicomJsonObject;
}

export interface Route {
  readonly rule: string;
  readonly destination: string;
}

export type Router = (instance: Routable) => readonly Route[];

/** @throws ConfigError `config-invalid` for an attribute that does not exist */
export function routerOf(rules: readonly RouteRule[]): Router {
  const compiled = rules.map((rule) => ({ rule, matches: conditionOf(rule) }));
  return (instance) => {
    // Each destination once, however many rules name it.
    const routes = new Map<string, Route>();
    for (const { rule, matches } of compiled) {
      if (!matches(instance)) continue;
      for (const destination of typeof rule.to === "string" ? [rule.to] : rule.to)
        if (!routes.has(destination)) routes.set(destination, { rule: rule.name, destination });
    }
    return [...routes.values()];
  };
}

function conditionOf({ name, when = {} }: RouteRule): (instance: Routable) => boolean {
  const tests: ((instance: Routable) => boolean)[] = [];
  const { callingAeTitle, modality, attributes = {} } = when satisfies RouteCondition;
  if (callingAeTitle !== undefined) {
    const matches = patternsOf(callingAeTitle);
    tests.push((instance) => matches([instance.callingAeTitle]));
  }
  for (const [keyword, patterns] of Object.entries({
    ...attributes,
    ...(modality === undefined ? {} : { Modality: modality }),
  })) {
    const tag = parseTag(keyword);
    if (tag === undefined) {
      throw new ConfigError(
        "config-invalid",
        `The routing rule "${name}" names the attribute "${keyword}", which is no DICOM keyword and no tag.`,
      );
    }
    const key = tagToHex(tag).toUpperCase();
    const matches = patternsOf(patterns);
    tests.push(({ attributes: all }) => matches(textsOf(all[key])));
  }
  return (instance) => tests.every((test) => test(instance));
}

/** One of the patterns has to match one of the values, of which a missing attribute has an empty one. */
function patternsOf(patterns: string | readonly string[]): (values: readonly string[]) => boolean {
  const all = (typeof patterns === "string" ? [patterns] : patterns).map(
    (pattern) => new RegExp(`^${Array.from(pattern, partOf).join("")}$`, "isu"),
  );
  return (values) => all.some((pattern) => values.some((value) => pattern.test(value)));
}

const partOf = (character: string): string =>
  character === "*" ? "[^]*" : character === "?" ? "[^]" : character.replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&");

function textsOf(element: DicomJsonElement | undefined): readonly string[] {
  const values = (element?.Value ?? []).flatMap((value): string[] => {
    if (typeof value === "string" || typeof value === "number") return [String(value)];
    if (typeof value !== "object" || value === null) return [];
    const names = value as { Alphabetic?: string; Ideographic?: string; Phonetic?: string };
    return [names.Alphabetic, names.Ideographic, names.Phonetic].flatMap((name) => name ?? []);
  });
  return values.length === 0 ? [""] : values;
}
