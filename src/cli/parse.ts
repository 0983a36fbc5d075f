/** Strict parsing of a command line against a command's declaration. */
import { parseArgs } from "node:util";
import { didYouMean } from "../config/suggest.ts";
import { usageError } from "../errors.ts";
import { type Args, argsOf, type Line } from "./args.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { type Flags, readFlags } from "./flags.ts";
import {
  type ArgSpecs,
  type Grammar,
  mayLackValue,
  needsValue,
  type Option,
  optionsOf,
  takesValue,
  type ValueSpec,
  type Word,
  wordsOf,
} from "./grammar.ts";

/** The words of a command line, sorted: options by name, positional words, what follows `--`. */
interface Sorted {
  values: Line["values"];
  words: readonly string[];
  after: readonly string[] | undefined;
}

/** A flag such as `--force` or `-f`, as opposed to `-`, `-1` or `-- a comment`. */
const LOOKS_LIKE_FLAG = /^-(-[a-z][a-z0-9-]*(=.*)?|[a-zA-Z])$/s;

function tokensOf(argv: readonly string[], options: readonly Option[]) {
  const config = options.map((option): [string, { type: "string" | "boolean"; short?: string }] => [
    option.name,
    {
      type: needsValue(option) ? "string" : "boolean",
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
export function scanCommonFlags(argv: readonly string[], own: readonly Option[] = []): ReadonlySet<string> {
  const given = new Set<string>();
  for (const token of tokensOf(argv, [...COMMON_OPTIONS, ...own])) {
    if (token.kind === "option-terminator") break;
    if (token.kind === "option" && findOption(token, COMMON_OPTIONS) !== undefined) given.add(token.name);
  }
  return given;
}

export interface Parsed<Specs extends ArgSpecs = ArgSpecs> {
  args: Args<Specs>;
  flags: Flags;
  /** All words that are neither options nor their values, nor stand behind a `--` with a meaning. */
  words: readonly string[];
}

/** Parses the words behind a command's name. Throws (exit 2) at the first mistake. */
export function parseCommand<const Specs extends ArgSpecs>(
  argv: readonly string[],
  grammar: Grammar<Specs>,
): Parsed<Specs> {
  const line = parseLine(argv, grammar);
  return { args: argsOf(line, grammar), flags: readFlags(line), words: [...line.words.values()].flat() };
}

function parseLine(argv: readonly string[], grammar: Grammar): Line {
  const options = [...COMMON_OPTIONS, ...optionsOf(grammar.args)];
  const { values, words, after } = sortTokens(argv, options, grammar);
  if (after !== undefined && after.length > 0 && grammar.after === undefined) {
    throw usageError(`nothing may follow -- here: ${after[0]}`);
  }
  return { values, words: placeWords(words, wordsOf(grammar.args)), after: after ?? [] };
}

function sortTokens(argv: readonly string[], options: readonly Option[], grammar: Grammar): Sorted {
  const values = new Map<string, (string | true)[]>();
  const words: string[] = [];
  let after: string[] | undefined;
  const tokens = tokensOf(argv, options);
  const places = wordsOf(grammar.args);
  const isNumber = places.some(({ spec }) => spec.negative) ? /^-\d+$/ : undefined;
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
      if (mayLackValue(option.spec) && token.value === undefined && next?.kind === "positional") {
        addValue(values, option, checkedValue(next.value, option));
        place++;
      } else addValue(values, option, readValue(token, option));
    }
  }
  // Without a declared use for them, words behind `--` are ordinary arguments: that is how a name may begin with a dash.
  if (grammar.after === undefined && places.length > 0 && after !== undefined) {
    return { values, words: [...words, ...after], after: undefined };
  }
  return { values, words, after };
}

function addValue(values: Map<string, (string | true)[]>, { name, spec }: Option, value: string | true): void {
  const known = values.get(name);
  if (known === undefined) values.set(name, [value]);
  else if (spec.type === "string" && spec.repeatable) known.push(value);
  else if (known[0] !== value) throw usageError(`--${name} is given twice: ${known[0]} and ${value}`);
}

function readValue(token: OptionToken, option: Option): string | true {
  const { name, spec } = option;
  if (!takesValue(spec)) {
    if (token.value !== undefined) throw usageError(`${token.rawName} takes no value`);
    return true;
  }
  if (token.value === undefined) {
    if (mayLackValue(spec)) return true;
    throw usageError(`${token.rawName} needs a value: ${token.rawName} ${spec.valueHint}`);
  }
  if (!token.inlineValue && LOOKS_LIKE_FLAG.test(token.value)) {
    throw usageError(
      `${token.rawName} needs a value, and ${token.value} looks like an option`,
      `if it is the value, write --${name}=${token.value}`,
    );
  }
  return checkedValue(token.value, option);
}

function checkedValue(value: string, { name, spec }: Option): string {
  if (spec.type === "enum" && !spec.options.includes(value)) {
    const nearest = didYouMean(value, spec.options);
    throw usageError(
      `--${name} takes ${spec.options.join(", ")}; not ${quoted(value)}`,
      nearest === undefined ? undefined : `did you mean ${nearest}?`,
    );
  }
  if (spec.type === "string" && spec.number !== undefined) checkNumber(value, spec.number, `--${name}`);
  return value;
}

function checkNumber(value: string, { min, max }: NonNullable<ValueSpec["number"]>, name: string): void {
  const number = Number(value);
  if (/^-?\d+$/.test(value) && Number.isSafeInteger(number) && number >= min && number <= (max ?? number)) return;
  const range = max === undefined ? `from ${min} on` : `from ${min} to ${max}`;
  throw usageError(`${name} takes a whole number ${range}; not ${quoted(value)}`);
}

function requireKnown(token: OptionToken, options: readonly Option[]): Option {
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

function findOption(token: OptionToken, options: readonly Option[]): Option | undefined {
  return options.find(({ name, short }) => token.rawName === `--${name}` || token.rawName === `-${short}`);
}

function placeWords(words: readonly string[], places: readonly Word[]): Map<string, readonly string[]> {
  const placed = new Map<string, readonly string[]>();
  let taken = 0;
  for (const { key, name, spec } of places) {
    const part = spec.rest ? words.slice(taken) : words.slice(taken, taken + 1);
    taken += part.length;
    placed.set(key, part);
    if (spec.required !== false && part.length === 0) throw usageError(`${name} is missing: ${spec.description}`);
  }
  const extra = words[taken];
  if (extra !== undefined) {
    const hint = places.length === 0 ? "the command takes no arguments" : `it takes ${places.map(shown).join(" ")}`;
    throw usageError(`one argument too many: ${quoted(extra)}`, hint);
  }
  return placed;
}

function shown({ name, spec: { required, rest } }: Word): string {
  const word = rest ? `${name}…` : name;
  return required === false ? `[${word}]` : word;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
