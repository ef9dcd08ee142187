/** What is wrong in a configuration file, as sentences that name the place and what is allowed there. */
import type { z } from "zod";
import { ConfigError } from "./config.ts";
import { type ConfigFile, configFile, configJsonSchema } from "./file.ts";

/**
 * @param name of the file, for the message
 * @throws ConfigError `config-invalid`, with every problem on a line of its own
 */
export function checkConfigFile(text: string, name: string): ConfigFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("config-invalid", `${name} is not JSON: ${placeOf(cause)}.`, { cause });
  }
  const checked = configFile.safeParse(json);
  if (checked.success) {
    checkReferences(checked.data, name);
    return checked.data;
  }
  const problems = [...new Set(checked.error.issues.flatMap(sentences))].slice(0, 20);
  throw new ConfigError("config-invalid", problems.map((problem) => `${name}: ${problem}`).join("\n"));
}

/** The position, without the text around it, which may be a secret. */
function placeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const place = /position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0];
  return place === undefined ? "it ends too early or has a syntax error" : `a syntax error at ${place}`;
}

type Issue = z.core.$ZodIssue;

function sentences(issue: Issue): string[] {
  const where = pathOf(issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = allowedKeys(issue.path);
      return issue.keys.map((key) => `${where} has "${key}", which is none of ${known.join(", ")}.`);
    }
    case "invalid_key":
      return [
        `${where} has the name "${String(issue.path.at(-1))}", which ${issue.issues[0]?.message ?? "is not one"}.`,
      ];
    case "invalid_union": {
      // The member that fits best is the one that is meant: fewest problems, not at the value itself.
      const members = issue.errors.filter((problems) => problems.length > 0);
      const inside = members.filter((problems) =>
        problems.some(({ path }) => path.length > 0 || !isType(problems)),
      );
      const [best] = (inside.length > 0 ? inside : members).sort((a, b) => a.length - b.length);
      return (best ?? []).flatMap((one) =>
        sentences({ ...one, path: [...issue.path, ...one.path] } as Issue),
      );
    }
    case "invalid_type":
      return [`${where} must be ${withArticle(issue.expected)}.`];
    case "invalid_value":
      return [`${where} must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}.`];
    case "too_small":
    case "too_big":
      return [`${where} must be ${rangeAt(issue)}.`];
    case "invalid_format":
      return [`${where} ${issue.format === "url" ? "must be an http or https URL" : issue.message}.`];
    default:
      return [`${where} ${issue.message}.`];
  }
}

const isType = (problems: readonly Issue[]): boolean => problems.every(({ code }) => code === "invalid_type");

function rangeAt(issue: Issue & { readonly code: "too_small" | "too_big" }): string {
  const schema = schemaAt(issue.path);
  const { minimum, maximum, type, minLength, minItems } = schema;
  if (type === "integer" || type === "number") {
    const kind = type === "integer" ? "a whole number" : "a number";
    return `${kind} from ${String(minimum ?? "above 0")} to ${String(maximum ?? "any")}`;
  }
  return minItems !== undefined ? `a list of ${minItems} at least` : `a text of ${minLength ?? 1} at least`;
}

function withArticle(type: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list: [ … ]",
    object: "an object: { … }",
    record: "an object: { … }",
  };
  return names[type] ?? type;
}

function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the file";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
}

/** Members of unions are looked through for the first that goes on. */
function schemaAt(path: readonly PropertyKey[]): JsonSchema {
  let at: readonly JsonSchema[] = [configJsonSchema() as JsonSchema];
  for (const part of path) {
    at = at
      .flatMap((one) => [one, ...(one.anyOf ?? [])])
      .flatMap(({ properties, additionalProperties, items }) => {
        const next =
          typeof part === "number"
            ? items
            : (properties?.[String(part)] ?? (additionalProperties || undefined));
        return next === undefined ? [] : [next];
      });
  }
  const all = at.flatMap((one) => [one, ...(one.anyOf ?? [])]);
  return all.find(({ properties }) => properties !== undefined) ?? all[0] ?? {};
}

function allowedKeys(path: readonly PropertyKey[]): string[] {
  return Object.keys(schemaAt(path).properties ?? {}).filter((key) => !key.startsWith("$"));
}

/** What one place says of another. */
function checkReferences(file: ConfigFile, name: string): void {
  const ids = Object.keys(file.peers ?? {});
  const known = (id: string, where: string): void => {
    if (ids.includes(id)) return;
    const choice = ids.length === 0 ? "there are no peers" : `the peers are ${ids.join(", ")}`;
    throw new ConfigError("config-invalid", `${name}: ${where} names the peer "${id}": ${choice}.`);
  };
  file.aeTitles?.forEach(({ peer }, index) => known(peer, `aeTitles[${index}].peer`));
  file.routing?.rules.forEach(({ to }, index) => {
    for (const id of typeof to === "string" ? [to] : to) known(id, `routing.rules[${index}].to`);
  });
  for (const id of Object.keys(file.routing?.destinations ?? {})) known(id, "routing.destinations");
  if (file.database !== undefined && URL.canParse(file.database) && new URL(file.database).password !== "") {
    throw new ConfigError(
      "config-invalid",
      `${name}: database holds a password, which does not belong in this file: put the URL in a file of its own and name it in databaseFile, or set ISOCENTER_DATABASE.`,
    );
  }
}
