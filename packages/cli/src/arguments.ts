/**
 * Command-line arguments in the style that DICOM people know: `-aec NAME`, `-k KEY=VALUE`, `+sd`, beside `--long NAME`.
 *
 * A command declares its options; this parses, checks and explains them. An option that is not declared is an error that
 * names the closest one.
 */
import { UsageError } from "./usage-error.ts";

export interface OptionSpec {
  /** All spellings, the first shown first: `["-aec", "--called"]`. */
  readonly names: readonly string[];
  /** Name of the value in the help, `KEY CERTIFICATE` for two of them; a switch when left out. */
  readonly value?: string;
  /** Short forms, each standing for a value: `{ "-P": "patient", "-S": "study" }`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** Known from other programs and not offered here: what to do instead, in a sentence. */
  readonly refused?: string;
  readonly help: string;
  /** Heading in the help under which it stands; "Options" when left out. */
  readonly group?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<S extends OptionSpec> = S extends { repeatable: true }
  ? readonly string[]
  : S extends { value: `${string} ${string}` }
    ? readonly [string, string] | undefined
    : S extends { value: string } | { flags: Readonly<Record<string, string>> }
      ? string | undefined
      : boolean;

export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: OptionValue<S[K]> };

/**
 * @returns the options' values and what is left over
 * @throws UsageError for an unknown option or a missing value
 */
export function parseArguments<const S extends OptionSpecs>(
  specs: S,
  argv: readonly string[],
): { options: OptionValues<S>; operands: string[] } {
  const values: Record<string, string | boolean | readonly string[] | undefined> = {};
  const lists = new Map<string, string[]>();
  const byName = new Map<
    string,
    { readonly key: string; readonly spec: OptionSpec; readonly flag?: string }
  >();
  for (const [key, spec] of Object.entries(specs)) {
    const isSwitch = spec.value === undefined && spec.flags === undefined;
    const list: string[] = [];
    if (spec.repeatable === true) lists.set(key, list);
    values[key] = spec.repeatable === true ? list : isSwitch ? false : undefined;
    for (const name of spec.names) byName.set(name, { key, spec });
    for (const [name, flag] of Object.entries(spec.flags ?? {})) byName.set(name, { key, spec, flag });
  }
  const set = (key: string, value: string): void => {
    const list = lists.get(key);
    if (list === undefined) values[key] = value;
    else list.push(value);
  };
  const operands: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") {
      operands.push(...argv.slice(index + 1));
      break;
    }
    // "-" is standard input; a number or a path never begins with a dash followed by a letter.
    if (!/^(--?[a-z]|\+[a-z])/i.test(argument)) {
      operands.push(argument);
      continue;
    }
    const [name, attached] = splitAttached(argument);
    const found = byName.get(name);
    if (found === undefined) throw unknownOption(name, [...byName.keys()]);
    const { key, spec, flag } = found;
    if (spec.refused !== undefined) throw new UsageError(`${name} is not supported: ${spec.refused}`);
    if (flag !== undefined || spec.value === undefined) {
      if (attached !== undefined) throw new UsageError(`${name} takes no value.`);
      if (flag === undefined) values[key] = true;
      else set(key, flag);
      continue;
    }
    if (spec.value.includes(" ")) {
      const [first, second] = [argv[++index], argv[++index]];
      if (attached !== undefined || first === undefined || second === undefined)
        throw new UsageError(`${name} needs two values: ${name} ${spec.value}.`);
      values[key] = [first, second];
      continue;
    }
    const value = attached ?? argv[++index];
    if (value === undefined) throw new UsageError(`${name} needs a value: ${name} ${spec.value}.`);
    set(key, value);
  }
  return { options: values as OptionValues<S>, operands };
}

/** A whole number from an option. @throws UsageError */
export function integerOption(name: string, text: string, minimum: number, maximum: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < minimum || number > maximum) {
    throw new UsageError(`${name} must be a whole number from ${minimum} to ${maximum}, not "${text}".`);
  }
  return number;
}

function splitAttached(argument: string): [string, string?] {
  const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
  return equals < 0 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function unknownOption(name: string, known: readonly string[]): UsageError {
  const closest = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = closest !== undefined && closest.distance <= 2 ? ` Did you mean ${closest.candidate}?` : "";
  return new UsageError(`There is no option ${name}.${hint}`);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
