/** Strict parsing of a command line against a command's declaration. */
import { parseArgs } from "node:util";
import { didYouMean } from "../config/suggest.ts";
import { usageError } from "../errors.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import type { Grammar, OptionSpec, PositionalSpec } from "./grammar.ts";

/** What was typed, by name. Asking for a name that was not declared is a bug, and throws. */
export interface Args<Option extends string = string, Positional extends string = string> {
  /** Whether the option was given, with or without a value. */
  flag(name: Option): boolean;
  string(name: Option): string | undefined;
  list(name: Option): readonly string[];
  number(name: Option): number | undefined;
  positional(name: Positional): string | undefined;
  /** The words of the argument that takes all that follow. */
  rest(name: Positional): readonly string[];
  /** The target: positional, `--target`, or the option that means the same. */
  readonly target: string | undefined;
  /** What follows `--`. */
  readonly after: readonly string[];
}

type Values = ReadonlyMap<string, readonly (string | true)[]>;

/** The words of a command line, sorted: options by name, positional words, what follows `--`. */
interface Sorted {
  values: Values;
  words: readonly string[];
  after: readonly string[] | undefined;
}

/** A flag such as `--force` or `-f`, as opposed to `-`, `-1` or `-- a comment`. */
const LOOKS_LIKE_FLAG = /^-(-[a-z][a-z0-9-]*(=.*)?|[a-zA-Z])$/s;

function tokensOf(argv: readonly string[], options: readonly OptionSpec[]) {
  const config = options.map((option): [string, { type: "string" | "boolean"; short?: string }] => [
    option.name,
    {
      type: option.value === undefined || option.optionalValue ? "boolean" : "string",
      ...(option.short === undefined ? {} : { short: option.short }),
    },
  ]);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(config),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** The place of the command's name: the first word that is neither an option nor its value. */
export function findCommandWord(argv: readonly string[]): number | undefined {
  for (const token of tokensOf(argv, COMMON_OPTIONS)) {
    if (token.kind === "positional") return token.index;
    if (token.kind === "option-terminator") return undefined;
    requireKnown(token, COMMON_OPTIONS);
  }
  return undefined;
}

/** The common options that were given, whatever else stands on the line: for help and errors, which need no right line. */
export function scanCommonFlags(argv: readonly string[], own: readonly OptionSpec[] = []): ReadonlySet<string> {
  const given = new Set<string>();
  for (const token of tokensOf(argv, [...COMMON_OPTIONS, ...own])) {
    if (token.kind === "option-terminator") break;
    if (token.kind === "option" && findOption(token, COMMON_OPTIONS) !== undefined) given.add(token.name);
  }
  return given;
}

/** Parses the words behind a command's name. Throws (exit 2) at the first mistake. */
export function parseCommand(argv: readonly string[], grammar: Grammar): Args {
  const options = [...COMMON_OPTIONS, ...grammar.options];
  const sorted = sortTokens(argv, options, grammar);
  if (sorted.after !== undefined && sorted.after.length > 0 && grammar.after === undefined) {
    throw usageError(`nothing may follow -- here: ${sorted.after[0]}`);
  }
  const placed = placeWords(sorted.words, grammar.positionals);
  return createArgs(sorted, placed, grammar, options);
}

function sortTokens(argv: readonly string[], options: readonly OptionSpec[], grammar: Grammar): Sorted {
  const values = new Map<string, (string | true)[]>();
  const words: string[] = [];
  let after: string[] | undefined;
  const tokens = tokensOf(argv, options);
  const isNumber = grammar.positionals.some(({ negative }) => negative) ? /^-\d+$/ : undefined;
  for (let place = 0; place < tokens.length; place++) {
    const token = tokens[place];
    if (token === undefined) continue;
    const word = argv[token.index] ?? "";
    if (token.kind === "option" && isNumber?.test(word)) {
      if (tokens[place - 1]?.index !== token.index) words.push(word); // each digit is a token of its own
    } else if (token.kind === "option-terminator") after = [];
    else if (token.kind === "positional") (after ?? words).push(token.value);
    else {
      const option = requireKnown(token, options);
      const next = tokens[place + 1];
      if (option.optionalValue && token.value === undefined && next?.kind === "positional") {
        addValue(values, option, checkedValue(next.value, option));
        place++;
      } else addValue(values, option, readValue(token, option));
    }
  }
  // Without a declared use for them, words behind `--` are ordinary arguments: that is how a name may begin with a dash.
  if (grammar.after === undefined && grammar.positionals.length > 0 && after !== undefined) {
    return { values, words: [...words, ...after], after: undefined };
  }
  return { values, words, after };
}

function addValue(values: Map<string, (string | true)[]>, option: OptionSpec, value: string | true): void {
  const known = values.get(option.name);
  if (known === undefined) values.set(option.name, [value]);
  else if (option.repeatable) known.push(value);
  else if (known[0] !== value) throw usageError(`--${option.name} is given twice: ${known[0]} and ${value}`);
}

function readValue(token: OptionToken, option: OptionSpec): string | true {
  if (option.value === undefined) {
    if (token.value !== undefined) throw usageError(`${token.rawName} takes no value`);
    return true;
  }
  if (token.value === undefined) {
    if (option.optionalValue) return true;
    throw usageError(`${token.rawName} needs a value: ${token.rawName} ${option.value}`);
  }
  if (!token.inlineValue && LOOKS_LIKE_FLAG.test(token.value)) {
    throw usageError(
      `${token.rawName} needs a value, and ${token.value} looks like an option`,
      `if it is the value, write --${option.name}=${token.value}`,
    );
  }
  return checkedValue(token.value, option);
}

function checkedValue(value: string, option: OptionSpec): string {
  if (option.choices !== undefined && !option.choices.includes(value)) {
    const nearest = didYouMean(value, option.choices);
    throw usageError(
      `--${option.name} takes ${option.choices.join(", ")}; not ${quoted(value)}`,
      nearest === undefined ? undefined : `did you mean ${nearest}?`,
    );
  }
  if (option.number !== undefined) checkNumber(value, option.number, `--${option.name}`);
  return value;
}

function checkNumber(value: string, { min, max }: NonNullable<OptionSpec["number"]>, name: string): void {
  const number = Number(value);
  if (/^-?\d+$/.test(value) && Number.isSafeInteger(number) && number >= min && number <= (max ?? number)) return;
  const range = max === undefined ? `from ${min} on` : `from ${min} to ${max}`;
  throw usageError(`${name} takes a whole number ${range}; not ${quoted(value)}`);
}

function requireKnown(token: OptionToken, options: readonly OptionSpec[]): OptionSpec {
  const option = findOption(token, options);
  if (option !== undefined) return option;
  const nearest = token.rawName.startsWith("--")
    ? didYouMean(
        token.name,
        options.map(({ name }) => name),
      )
    : undefined;
  throw usageError(
    `there is no option ${token.rawName} here`,
    nearest === undefined ? "--help lists the options" : `did you mean --${nearest}?`,
  );
}

function findOption(token: OptionToken, options: readonly OptionSpec[]): OptionSpec | undefined {
  return options.find(({ name, short }) => token.rawName === `--${name}` || token.rawName === `-${short}`);
}

function placeWords(words: readonly string[], specs: readonly PositionalSpec[]): Map<string, readonly string[]> {
  const placed = new Map<string, readonly string[]>();
  let taken = 0;
  for (const spec of specs) {
    const part = spec.rest ? words.slice(taken) : words.slice(taken, taken + 1);
    taken += part.length;
    placed.set(spec.name, part);
    if (spec.required && part.length === 0) throw usageError(`${spec.name} is missing: ${spec.about}`);
  }
  const extra = words[taken];
  if (extra !== undefined) {
    const hint = specs.length === 0 ? "the command takes no arguments" : `it takes ${specs.map(nameOf).join(" ")}`;
    throw usageError(`one argument too many: ${quoted(extra)}`, hint);
  }
  return placed;
}

function nameOf({ name, required, rest }: PositionalSpec): string {
  const shown = rest ? `${name}…` : name;
  return required ? shown : `[${shown}]`;
}

function createArgs(
  { values, after }: Sorted,
  placed: ReadonlyMap<string, readonly string[]>,
  { positionals, takesTarget = false }: Grammar,
  options: readonly OptionSpec[],
): Args {
  const given = (name: string) => {
    if (!options.some((option) => option.name === name)) throw new Error(`the option ${name} is not declared`);
    return values.get(name) ?? [];
  };
  const texts = (name: string) => given(name).filter((value) => value !== true);
  const words = (name: string) => {
    const part = placed.get(name);
    if (part === undefined) throw new Error(`the argument ${name} is not declared`);
    return part;
  };
  const number = (name: string) => {
    const text = texts(name)[0];
    return text === undefined ? undefined : Number(text);
  };
  return {
    flag: (name) => given(name).length > 0,
    string: (name) => texts(name)[0],
    list: texts,
    number,
    positional: (name) => words(name)[0],
    rest: words,
    target: onlyTarget(
      texts("target")[0],
      [
        ...positionals.filter(({ target }) => target).map(({ name }) => words(name)[0]),
        ...options.filter(({ target }) => target).map(({ name }) => texts(name)[0]),
      ],
      takesTarget || [...positionals, ...options].some(({ target }) => target),
    ),
    after: after ?? [],
  };
}

function onlyTarget(common: string | undefined, own: (string | undefined)[], takesOne: boolean): string | undefined {
  if (common !== undefined && !takesOne) throw usageError("this command takes no target", "leave out --target");
  const given = [common, ...own].filter((text) => text !== undefined);
  const different = given.find((text) => text !== given[0]);
  if (different !== undefined) throw usageError(`two targets are given: ${different} and ${given[0]}`);
  return given[0];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
