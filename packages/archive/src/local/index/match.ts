/**
 * Matching of one key in the database, PS3.4 C.2.2.2: single value, list of UID, wildcard, range and universal matching.
 *
 * Keys without a column are matched by `match-value.ts`, by the same rules.
 */
import { type RawBuilder, sql } from "kysely";
import { columnText, foldPersonName, foldText, fullTime, nameWords, plainDate, soundOf } from "./fold.ts";
import type { MatchingKey } from "./keys.ts";
import { ends, plainNumber } from "./match-text.ts";

export interface Condition {
  readonly where: RawBuilder<boolean>;
  /** An index over the column can find the matches: they are one value, a few, or a range. */
  readonly isRange: boolean;
}

/**
 * @param table where the column is looked for; a patient's columns are on studies too
 * @param values the key's values as text; none means universal matching
 * @returns the condition, or undefined when every row matches
 */
export function condition(
  key: MatchingKey,
  table: string,
  values: readonly string[],
  options: { readonly fuzzy?: boolean } = {},
): Condition | undefined {
  const wanted = values.map(columnText).filter((value) => value !== "");
  const name = `${table}.${key.column}`;
  const column = sql.ref(name);
  if (wanted.length === 0) return undefined;
  switch (key.matching) {
    case "uid":
      return { where: sql<boolean>`${column} in (${sql.join(wanted)})`, isRange: true };
    case "text":
      return any(wanted.map((value) => textCondition(column, value)));
    case "number-text":
      return { where: sql<boolean>`${column} in (${sql.join(wanted.map(plainNumber))})`, isRange: true };
    case "folded":
      return any(wanted.map((value) => textCondition(column, foldText(value))));
    case "person-name":
      return any(
        wanted.map((value) =>
          options.fuzzy === true && key.column === "patient_name"
            ? fuzzyCondition(name, value)
            : nameCondition(name, value),
        ),
      );
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

/** Combined date and time, PS3.4 C.2.2.2.5.4: one stretch of time rather than those hours of each of those days. */
export function dateTimeCondition(
  table: string,
  [dateColumn, date]: readonly [string, string],
  [timeColumn, time]: readonly [string, string],
): Condition | undefined {
  const [fromDate, toDate] = ends(date, plainDate, plainDate);
  const [fromTime, toTime] = ends(
    time,
    (t) => fullTime(t, "0"),
    (t) => fullTime(t, "9"),
  );
  const d = sql.ref(`${table}.${dateColumn}`);
  const t = sql.ref(`${table}.${timeColumn}`);
  const parts: RawBuilder<boolean>[] = [];
  // The plain comparison of the date comes first: it is what an index serves.
  if (fromDate !== "")
    parts.push(sql<boolean>`${d} >= ${fromDate} and (${d} > ${fromDate} or ${t} >= ${fromTime})`);
  if (toDate !== "") {
    const upper = toTime === "" ? "999999" : toTime;
    parts.push(sql<boolean>`${d} <= ${toDate} and (${d} < ${toDate} or ${t} <= ${upper})`);
  }
  if (parts.length === 0) return undefined;
  return { where: sql<boolean>`(${sql.join([...parts, sql`${d} <> ''`], sql` and `)})`, isRange: true };
}

function any(conditions: readonly (Condition | undefined)[]): Condition | undefined {
  const defined: Condition[] = [];
  for (const one of conditions) {
    if (one === undefined) return undefined;
    defined.push(one);
  }
  const [only] = defined;
  if (defined.length === 1) return only;
  return {
    where: sql<boolean>`(${sql.join(
      defined.map(({ where }) => where),
      sql` or `,
    )})`,
    isRange: defined.every(({ isRange }) => isRange),
  };
}

type Column = ReturnType<typeof sql.ref>;

/** Exact, or with the wildcards `*` (any run) and `?` (one character). A prefix becomes a range that an index serves. */
function textCondition(column: Column, pattern: string): Condition | undefined {
  if (/^\*+$/.test(pattern)) return undefined;
  if (!/[*?]/.test(pattern)) return { where: sql<boolean>`${column} = ${pattern}`, isRange: true };
  const prefix = /^[^*?]*/.exec(pattern)?.[0] ?? "";
  const range = sql<boolean>`${column} >= ${prefix} and ${column} < ${`${prefix}\u{10FFFF}`}`;
  if (prefix !== "" && /^\*+$/.test(pattern.slice(prefix.length)))
    return { where: sql<boolean>`(${range})`, isRange: true };
  const like = sql<boolean>`${column} like ${likePattern(pattern)} escape '\\'`;
  return prefix === ""
    ? { where: like, isRange: false }
    : { where: sql<boolean>`(${range} and ${like})`, isRange: true };
}

function likePattern(pattern: string): string {
  return pattern
    .replace(/[\\%_]/g, "\\$&")
    .replace(/\*+/g, "%")
    .replaceAll("?", "_");
}

/**
 * A name with `=` is matched group by group; one without is matched against each group (PS3.4 C.2.2.2.1 leaves this to
 * the archive), so that typing 田中 or tanaka both find the patient.
 */
function nameCondition(column: string, value: string): Condition | undefined {
  const groups = foldPersonName(value);
  // Only the patient's name has columns for all three groups.
  const suffixes = column.endsWith(".patient_name") ? ["", "_ideographic", "_phonetic"] : [""];
  if (!value.includes("=")) {
    const [text] = groups;
    // Letters that only one group can have need no look at the others.
    const isLatin = /^[\x20-\x7e]*$/.test(text);
    const useful = isLatin ? suffixes.slice(0, 1) : suffixes;
    return any(useful.map((suffix) => present(column + suffix, suffix, text)));
  }
  const parts = suffixes.flatMap((suffix, index) => {
    const pattern = groups[index] ?? "";
    const part = pattern === "" ? undefined : textCondition(sql.ref(column + suffix), pattern);
    return part === undefined ? [] : [part];
  });
  if (parts.length === 0) return undefined;
  return {
    where: sql<boolean>`(${sql.join(
      parts.map(({ where }) => where),
      sql` and `,
    )})`,
    isRange: parts.some(({ isRange }) => isRange),
  };
}

/** The ideographic and phonetic groups are indexed where there are any, and the query has to say so. */
function present(column: string, suffix: string, pattern: string): Condition | undefined {
  const found = textCondition(sql.ref(column), pattern);
  if (found === undefined || suffix === "") return found;
  return { where: sql<boolean>`(${sql.ref(column)} <> '' and ${found.where})`, isRange: found.isRange };
}

/** Each word of the name stands in it, begins one of its words, or sounds like one. */
function fuzzyCondition(column: string, value: string): Condition | undefined {
  const words = nameWords(foldText(value).replace(/[*?]/g, " "));
  if (words.length === 0) return undefined;
  const parts = words.map((word) => {
    const within = likePattern(`*${word}*`);
    const columns = ["", "_ideographic", "_phonetic"].map((suffix) => sql.ref(column + suffix));
    const texts = columns.map((one) => sql<boolean>`${one} like ${within} escape '\\'`);
    const sounds = sql<boolean>`${sql.ref(`${column}_sounds`)} like ${likePattern(`* ${soundOf(word)} *`)} escape '\\'`;
    return sql<boolean>`(${sql.join([...texts, sounds], sql` or `)})`;
  });
  return { where: sql<boolean>`(${sql.join(parts, sql` and `)})`, isRange: false };
}

/** `from-to`, `from-`, `-to` or one value; both ends belong to the range (PS3.4 C.2.2.2.5). */
function rangeCondition(
  column: Column,
  value: string,
  lower: (text: string) => string,
  upper: (text: string) => string,
): Condition | undefined {
  const [from, to] = ends(value, lower, upper);
  if (!value.includes("-")) {
    return from === to
      ? textCondition(column, from)
      : { where: sql<boolean>`(${column} >= ${from} and ${column} <= ${to})`, isRange: true };
  }
  const range = (where: RawBuilder<boolean>): Condition => ({ where, isRange: true });
  // An absent date or time is the empty text and lies in no range.
  if (from !== "" && to !== "") return range(sql<boolean>`(${column} >= ${from} and ${column} <= ${to})`);
  if (from !== "") return range(sql<boolean>`${column} >= ${from}`);
  if (to !== "") return range(sql<boolean>`(${column} <= ${to} and ${column} <> '')`);
  return undefined;
}
