/** What a column is filled with when its type alone is known. */

import type { TypeShape } from "../entity.ts";
import { findTypeGenerator } from "../generate/by-type.ts";
import { readNetwork } from "../generate/networks.ts";
import { readLanguage } from "../pattern/language.ts";
import { type Bound, type ColumnRule, meetsText, type NetworkRule } from "../rules.ts";
import { secondsOf } from "./check-nodes.ts";
import type { ValueKind, Wanted } from "./infer-names.ts";
import { numberWithin, timeWithin } from "./infer-ranges.ts";

const TEXTS: ReadonlySet<string> = new Set(["text", "varchar", "bpchar", "citext", "name"]);
const NUMBERS: ReadonlySet<string> = new Set(["int2", "int4", "int8", "oid", "numeric", "float4", "float8", "money"]);
const TIMES: ReadonlySet<string> = new Set(["date", "timestamp", "timestamptz"]);

/** Whether the type holds text, numbers or times. An oid is a number that names something. */
export function kindOf({ kind, name }: TypeShape): ValueKind | undefined {
  if (kind !== "base") return undefined;
  if (TEXTS.has(name)) return "text";
  if (TIMES.has(name)) return "time";
  return NUMBERS.has(name) && name !== "oid" ? "number" : undefined;
}

/** The generator for a type, domains being what they stand on; undefined when nothing is known of it. */
export function wantedByType(type: TypeShape, rule: ColumnRule): Wanted | undefined {
  const { kind, name, attributes } = type;
  if (kind === "base" && NUMBERS.has(name)) return numberWithin(type, rule);
  const digits = kind === "base" && TEXTS.has(name) ? digitsWithin(rule) : undefined;
  if (digits !== undefined) return digits;
  if (kind === "base" && TIMES.has(name)) return timeWithin(type, rule);
  if (kind === "base" && TEXTS.has(name)) {
    if (hasPatterns(rule)) return textLike(rule);
    const between = charactersBetween(rule);
    if (between !== undefined) return textLike({ patterns: [between] });
    if ((rule.minLength ?? 0) > 1)
      return textLike({ patterns: [`^[a-z0-9]{${rule.minLength},${longest(type, rule)}}$`] });
  }
  if (kind === "range" && (rule.min ?? rule.max ?? rule.width ?? rule.breadth) !== undefined)
    return rangeWithin(type, rule);
  if (kind === "base" && name === "interval") return intervalWithin(rule);
  if (kind === "base" && name === "bytea" && rule.minLength !== undefined) {
    return { name: "bytes", options: { count: rule.minLength } };
  }
  if (kind === "base" && JSONS.has(name)) {
    const json = jsonLike(rule);
    if (json !== undefined) return json;
  }
  if (kind === "base" && name === "hstore" && rule.jsonKeys !== undefined) {
    return { name: "hstore", options: { keys: rule.jsonKeys } };
  }
  if (kind === "base" && name === "jsonpath") return constant("$");
  if (kind === "enum" && rule.noneOf !== undefined) {
    return {
      name: "one_of",
      options: { values: type.labels.filter((label) => rule.noneOf?.includes(label) === false) },
    };
  }
  const found = findTypeGenerator(type);
  if (found !== undefined || kind !== "composite") return found;
  return constant(`(${",".repeat(Math.max(0, (attributes?.length ?? 0) - 1))})`); // a row of NULLs
}

/** Both ends between the bounds: `lower(r) >= 0`, `upper(r) < 100`, and as near to each other as is asked for. */
function rangeWithin({ of }: TypeShape, { min, max, width, breadth }: ColumnRule): Wanted | undefined {
  const within = width === undefined ? undefined : readWidth(width);
  // The lower end is so far below the bound that the upper one stays below it, too.
  const highest =
    max !== undefined && typeof within === "number" ? { ...max, value: `${Number(max.value) - within}` } : max;
  const end = of && wantedByType(of, { ...(min && { min }), ...(highest && { max: highest }) });
  const least = breadth && readBreadth(breadth);
  const near = { ...(within === undefined ? {} : { within }), ...(least === undefined ? {} : { at_least: least }) };
  return end && { name: "range", options: { of: { [end.name]: end.options ?? {} }, ...near } };
}

/** A number, or a length of time as factories have it: 30, "7200s". */
function readWidth({ value, inclusive }: Bound): number | string | undefined {
  const least = inclusive ? 0 : 1;
  if (Number.isFinite(Number(value))) return Math.max(1, Number(value) - least);
  const seconds = secondsOf(value);
  return seconds === undefined ? undefined : `${Math.max(1, seconds - least)}s`;
}

/** The same of the least that there is between the ends. */
function readBreadth({ value, inclusive }: Bound): number | string | undefined {
  const more = inclusive ? 0 : 1;
  if (Number.isFinite(Number(value))) return Math.max(1, Number(value) + more);
  const seconds = secondsOf(value);
  return seconds === undefined ? undefined : `${Math.max(1, seconds + more)}s`;
}

const WHOLE_NUMBER: TypeShape = { name: "int4", kind: "base", labels: [], checks: [], notNull: false };

/** `code::int BETWEEN 1 AND 99`: a text that is a number. */
function digitsWithin({ numeric, patterns = [], antipatterns = [], ...rule }: ColumnRule): Wanted | undefined {
  if (numeric !== true) return undefined;
  const wanted = numberWithin(WHOLE_NUMBER, rule);
  const ends = [wanted.options?.min, wanted.options?.max].map(String);
  return ends.every((end) => meetsText({ patterns, antipatterns }, end)) ? wanted : undefined;
}

/** Addresses and networks: `ip << '10.0.0.0/8'`, `masklen(net) = 24`. */
export function wantedByNetwork({ within, family, least, most }: NetworkRule): Wanted {
  const name = (within?.includes(":") ? 6 : (family ?? 4)) === 6 ? "ipv6" : "ipv4";
  const around = within === undefined ? 0 : (readNetwork(within)?.length ?? 0);
  const usual = Math.max(name === "ipv6" ? 64 : 24, around + 1);
  const given = least !== undefined || most !== undefined;
  const prefix = given ? { prefix: Math.min(Math.max(usual, least ?? 0), most ?? usual) } : {};
  return { name, options: { ...(within === undefined ? {} : { within }), ...prefix } };
}

function constant(value: string): Wanted {
  return { name: "constant", options: { value } };
}

/** How many characters there may be; where nothing says it, a few more than there must be. */
function longest({ length }: TypeShape, { minLength = 0, maxLength }: ColumnRule): number {
  return Math.max(minLength, Math.min(length ?? minLength + 8, maxLength ?? minLength + 8));
}

/** A second to an hour, as far as bounds leave that. */
function intervalWithin({ min, max }: ColumnRule): Wanted {
  const [least, most] = [min, max].map((bound) => (bound === undefined ? undefined : secondsOf(bound.value)));
  const from = Math.max(1, (least ?? 0) + (min?.inclusive === false ? 1 : 0));
  const to = Math.min(
    Math.max(HOUR_SECONDS, from * 2),
    (most ?? Number.POSITIVE_INFINITY) - (max?.inclusive === false ? 1 : 0),
  );
  if (from === 1 && to === HOUR_SECONDS) return { name: "interval", options: {} };
  return { name: "interval", options: { min: `${Math.min(from, to)}s`, max: `${to}s` } };
}

const HOUR_SECONDS = 3_600;

/** `grade BETWEEN 'A' AND 'D'`: one character of those. */
function charactersBetween({ min, max }: ColumnRule): string | undefined {
  if (min === undefined || max === undefined) return undefined;
  const isLetter = [min, max].every(({ value }) => /^[A-Za-z]$/.test(value));
  return isLetter && min.value <= max.value ? `^[${min.value}-${max.value}]$` : undefined;
}

export function hasPatterns({ patterns = [], antipatterns = [] }: ColumnRule): boolean {
  return patterns.length + antipatterns.length > 0;
}

/** What faker makes right by itself: characters and classes, each so many times. */
const PLAIN_PATTERN = /^(?:(?:\[\^?(?:[^\]\\^[]|\[:\w+:\])+\]|[\w\-.@#/:,;=&%~ ])(?:\{\d+(?:,\d+)?\}|[*+?])?)*$/;

/** Text that matches regular expressions. */
function textLike(rule: ColumnRule): Wanted {
  const [pattern = "", ...others] = rule.patterns ?? [];
  const bare = withPlainClasses(pattern).replace(/^\^|(?<!\\)\$$/g, "");
  const { letters, minLength, maxLength } = rule;
  const isPlain = others.length === 0 && PLAIN_PATTERN.test(bare) && rule.antipatterns === undefined;
  if (pattern !== "" && isPlain && letters === undefined && minLength === undefined && maxLength === undefined) {
    return { name: "faker", options: { method: "helpers.fromRegExp", arguments: [bare] } };
  }
  return regexOf(rule) ?? { name: "faker", options: { method: "helpers.fromRegExp", arguments: [bare] } };
}

/** The generator `regex` for a rule's patterns; undefined where there are none, or no text meets them. */
export function regexOf({
  patterns = [],
  antipatterns = [],
  letters,
  minLength,
  maxLength,
}: ColumnRule): Wanted | undefined {
  const otherCase = letters === undefined ? [] : [letters === "lower" ? "[A-Z]" : "[a-z]"];
  const without = [...antipatterns, ...otherCase];
  const demands = [...patterns.map((regex) => ({ regex })), ...without.map((regex) => ({ regex, negated: true }))];
  if (demands.length === 0 || readLanguage(demands, { minLength, maxLength }) === undefined) return undefined;
  const [only, ...others] = patterns;
  const options = {
    pattern: only !== undefined && others.length === 0 ? only : patterns.length === 0 ? "^[a-z0-9]{4,12}$" : patterns,
    ...(without.length === 0 ? {} : { without }),
    ...(minLength === undefined ? {} : { min: minLength }),
    ...(maxLength === undefined ? {} : { max: maxLength }),
  };
  return { name: "regex", options };
}

const JSONS: ReadonlySet<string> = new Set(["json", "jsonb"]);

/** What jsonb_typeof, or keys that must be there, ask for. */
function jsonLike({ json, jsonKeys = [] }: ColumnRule): Wanted | undefined {
  if (jsonKeys.length > 0)
    return { name: "json", options: { fields: Object.fromEntries(jsonKeys.map((key) => [key, "title"])) } };
  if (json === "array") return { name: "array", options: { of: "title" } };
  if (json === "string") return constant('"text"');
  return json === "number" || json === "boolean" ? constant(json === "number" ? "1" : "true") : undefined;
}

const CLASSES: Readonly<Record<string, string>> = {
  ...{ alpha: "a-zA-Z", digit: "0-9", alnum: "a-zA-Z0-9", upper: "A-Z", lower: "a-z", xdigit: "0-9a-f", space: "\\s" },
};

/** PostgreSQL's `[[:digit:]]` as JavaScript has it. */
export function withPlainClasses(pattern: string): string {
  return pattern.replace(/\[:(\w+):\]/g, (whole, name: string) => CLASSES[name] ?? whole);
}
