/**
 * Matching of one key, PS3.4 C.2.2.2: single value, list of UID, wildcard, range and universal matching, as a condition
 * for the database ({@link condition}) and, for keys without a column, as a test on a value ({@link matchesValue}).
 */
import { type RawBuilder, sql } from "kysely";
import { foldPersonName, foldText, fullTime, plainDate } from "./fold.ts";
import type { Matching, MatchingKey } from "./keys.ts";

/**
 * @param values the key's values as text; none means universal matching
 * @returns the condition, or undefined when every row matches
 */
export function condition(key: MatchingKey, values: readonly string[]): RawBuilder<boolean> | undefined {
  const wanted = values.filter((value) => value !== "");
  const column = sql.ref(key.column);
  if (wanted.length === 0) return undefined;
  switch (key.matching) {
    case "uid":
      return sql<boolean>`${column} in (${sql.join(wanted)})`;
    case "text":
      return any(wanted.map((value) => textCondition(column, value)));
    case "number-text":
      return sql<boolean>`${column} in (${sql.join(wanted.map((value) => value.trim()))})`;
    case "folded":
      return any(wanted.map((value) => textCondition(column, foldText(value))));
    case "person-name":
      return any(wanted.map((value) => nameCondition(key.column, value)));
    case "date":
      return any(wanted.map((value) => rangeCondition(column, value, plainDate, plainDate)));
    case "time":
      return any(
        wanted.map((value) =>
          rangeCondition(
            column,
            value,
            (t) => fullTime(t, "0"),
            (t) => fullTime(t, "9"),
          ),
        ),
      );
    case "member":
      return any(wanted.map((value) => textCondition(column, `*\\${value}\\*`)));
  }
}

/** The same rules for a value that has no column. */
export function matchesValue(
  matching: Matching,
  stored: readonly string[],
  wanted: readonly string[],
): boolean {
  const patterns = wanted.filter((value) => value !== "");
  if (patterns.length === 0) return true;
  const fold = matching === "person-name" || matching === "folded" ? foldText : (text: string) => text;
  return stored.some((value) => patterns.some((pattern) => wildcard(fold(pattern)).test(fold(value))));
}

function any(conditions: readonly (RawBuilder<boolean> | undefined)[]): RawBuilder<boolean> | undefined {
  const defined: RawBuilder<boolean>[] = [];
  for (const one of conditions) {
    if (one === undefined) return undefined;
    defined.push(one);
  }
  return defined.length === 1 ? defined[0] : sql<boolean>`(${sql.join(defined, sql` or `)})`;
}

type Column = ReturnType<typeof sql.ref>;

/** Exact, or with the wildcards `*` (any run) and `?` (one character). A plain prefix becomes a range an index serves. */
function textCondition(column: Column, pattern: string): RawBuilder<boolean> | undefined {
  if (/^\*+$/.test(pattern)) return undefined;
  if (!/[*?]/.test(pattern)) return sql<boolean>`${column} = ${pattern}`;
  const prefix = /^([^*?]+)\*$/.exec(pattern)?.[1];
  if (prefix !== undefined)
    return sql<boolean>`(${column} >= ${prefix} and ${column} < ${`${prefix}\u{10FFFF}`})`;
  const like = pattern
    .replace(/[\\%_]/g, "\\$&")
    .replaceAll("*", "%")
    .replaceAll("?", "_");
  return sql<boolean>`${column} like ${like} escape '\\'`;
}

/**
 * A name with `=` is matched group by group; one without is matched against each group (PS3.4 C.2.2.2.1 leaves this to
 * the archive), so that typing 田中 or tanaka both find the patient.
 */
function nameCondition(columnName: string, value: string): RawBuilder<boolean> | undefined {
  const groups = foldPersonName(value);
  // Only the patient's name has columns for all three groups.
  const columns = (columnName === "patient.name" ? ["", "_ideographic", "_phonetic"] : [""]).map((suffix) =>
    sql.ref(columnName + suffix),
  );
  if (!value.includes("=")) return any(columns.map((column) => textCondition(column, groups[0])));
  const parts = columns.flatMap((column, index) => {
    const pattern = groups[index] ?? "";
    const part = pattern === "" ? undefined : textCondition(column, pattern);
    return part === undefined ? [] : [part];
  });
  return parts.length === 0 ? undefined : sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

/** `from-to`, `from-`, `-to` or one value; both ends belong to the range (PS3.4 C.2.2.2.5). */
function rangeCondition(
  column: Column,
  value: string,
  lower: (text: string) => string,
  upper: (text: string) => string,
): RawBuilder<boolean> | undefined {
  const dash = value.indexOf("-");
  if (dash < 0) {
    const from = lower(value);
    const to = upper(value);
    return from === to
      ? textCondition(column, from)
      : sql<boolean>`(${column} >= ${from} and ${column} <= ${to})`;
  }
  const from = lower(value.slice(0, dash));
  const to = upper(value.slice(dash + 1));
  // An absent date or time is the empty text and lies in no range.
  if (from !== "" && to !== "") return sql<boolean>`(${column} >= ${from} and ${column} <= ${to})`;
  if (from !== "") return sql<boolean>`${column} >= ${from}`;
  if (to !== "") return sql<boolean>`(${column} <= ${to} and ${column} <> '')`;
  return undefined;
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  // Runs of * are one *: patterns come from the wire, and nested repetition would make the match exponential.
  return new RegExp(`^${escaped.replace(/\*+/g, "[^]*").replaceAll("?", "[^]")}$`, "u");
}
