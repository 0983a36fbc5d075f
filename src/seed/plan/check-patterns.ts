/** What checks say of texts: regular expressions, LIKE, SIMILAR TO, lengths, letters, as regular expressions of PostgreSQL's. */
import type { Node } from "../../sql/parser.ts";
import type { ColumnRule } from "../rules.ts";
import { callOf, columnOf, constantOf } from "./check-nodes.ts";

interface PatternOperator {
  negated: boolean;
  /** LIKE's wildcards. */
  like: boolean;
  ignoreCase: boolean;
}

const OPERATORS: Readonly<Record<string, PatternOperator>> = {
  "~": { negated: false, like: false, ignoreCase: false },
  "~*": { negated: false, like: false, ignoreCase: true },
  "!~": { negated: true, like: false, ignoreCase: false },
  "!~*": { negated: true, like: false, ignoreCase: true },
  "~~": { negated: false, like: true, ignoreCase: false },
  "~~*": { negated: false, like: true, ignoreCase: true },
  "!~~": { negated: true, like: true, ignoreCase: false },
  "!~~*": { negated: true, like: true, ignoreCase: true },
};

/** `column ~ 'pattern'` in all its forms, and `column ^@ 'beginning'`; undefined for other operators, and for patterns that are no constant. */
export function readPattern(operator: string, right: Node, negated: boolean): ColumnRule | undefined {
  const beginning = operator === "^@" ? constantOf(right) : undefined;
  if (beginning !== undefined) return { [negated ? "antipatterns" : "patterns"]: [`^${escapeRegex(beginning)}`] };
  const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (known === undefined) return undefined;
  const similar = callOf(right);
  const isSimilar = similar?.name === "similar_to_escape" || similar?.name === "similar_escape";
  const written = constantOf(isSimilar ? (similar?.args[0] ?? right) : right);
  if (written === undefined) return undefined;
  const bare = isSimilar ? regexOfSimilar(written) : known.like ? regexOfLike(written) : written;
  const regex = known.ignoreCase ? `(?i)${bare}` : bare;
  return known.negated === negated ? { patterns: [regex] } : { antipatterns: [regex] };
}

/** The text as a regular expression that is met by it alone. */
export const escapeRegex = (text: string) => text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");

/** LIKE's pattern: % is anything, _ one character, a backslash takes the meaning of what follows. */
function regexOfLike(pattern: string): string {
  const parts = [...pattern.matchAll(/\\(.)|[%_]|[^\\%_]+|\\/gs)].map(([whole, escaped]) => {
    if (escaped !== undefined) return escapeRegex(escaped);
    return whole === "%" ? ".*" : whole === "_" ? "." : escapeRegex(whole);
  });
  return `^${parts.join("")}$`;
}

/** SIMILAR TO's pattern: LIKE's wildcards beside |, *, +, ?, {}, () and []. */
function regexOfSimilar(pattern: string): string {
  const parts = [...pattern.matchAll(/\\(.)|\[[^\]]+\]|./gs)].map(([whole, escaped]) => {
    if (escaped !== undefined) return whole; // PostgreSQL leaves it to the regular expression, \d included
    if (whole === "%") return ".*";
    if (whole === "_") return ".";
    return /^[.^$\\]$/.test(whole) ? `\\${whole}` : whole;
  });
  return `^(?:${parts.join("")})$`;
}

const LENGTHS: ReadonlySet<string> = new Set(["length", "char_length", "character_length", "octet_length"]);
const TRIMS: ReadonlySet<string> = new Set(["btrim", "ltrim", "rtrim"]);

/** The column whose length is taken, trimmed or not. */
export function measuredColumn(node: Node): string | undefined {
  const call = callOf(node);
  const argument = call?.args[0];
  if (call === undefined || argument === undefined || !(LENGTHS.has(call.name) || TRIMS.has(call.name)))
    return undefined;
  return columnOf(argument) ?? measuredColumn(argument);
}

export function lengthRule(operator: string, length: number): ColumnRule | undefined {
  if (!Number.isInteger(length)) return undefined;
  if (operator === "=") return { minLength: length, maxLength: length };
  if (operator === ">" || operator === ">=") return { minLength: operator === ">" ? length + 1 : length };
  if (operator === "<" || operator === "<=") return { maxLength: operator === "<" ? length - 1 : length };
  return operator === "<>" && length === 0 ? { minLength: 1 } : undefined;
}

const COUNTS: ReadonlySet<string> = new Set(["cardinality", "array_length"]);

/** `cardinality(tags) > 0`: the array whose elements are counted. */
export function countedColumn(node: Node): string | undefined {
  const call = callOf(node);
  return call !== undefined && COUNTS.has(call.name) ? columnOf(call.args[0]) : undefined;
}

export function itemsRule(operator: string, count: number): ColumnRule | undefined {
  const { minLength, maxLength } = lengthRule(operator, count) ?? {};
  if (minLength === undefined && maxLength === undefined) return undefined;
  return {
    ...(minLength === undefined ? {} : { minItems: minLength }),
    ...(maxLength === undefined ? {} : { maxItems: maxLength }),
  };
}

/** The `replace(code, ' ', '')` of `code = replace(code, ' ', '')`, `regexp_replace`, `translate`: what is not in the text. */
export function readRemoved(node: Node): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(node);
  const column = columnOf(call?.args[0]);
  const [what, by] = (call?.args ?? []).slice(1, 3).map(constantOf);
  if (column === undefined || what === undefined || what === "" || by !== "") return undefined;
  const removed: Readonly<Record<string, string>> = {
    regexp_replace: what,
    replace: escapeRegex(what),
    translate: [...what].map(escapeRegex).join("|"),
  };
  const regex = Object.hasOwn(removed, call?.name ?? "") ? removed[call?.name ?? ""] : undefined;
  return regex === undefined ? undefined : { column, rule: { antipatterns: [regex] } };
}

const BITS_A_BYTE = 8;

/** `split_part(mail, '@', 2) <> ''`, `bit_length(code) <= 80` */
export function readTextPart(
  node: Node,
  operator: string,
  value: string,
): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(node);
  const bits = call?.name === "bit_length" ? columnOf(call.args[0]) : undefined;
  if (bits === undefined) return readSplit(node, operator, value);
  const rule = lengthRule(operator, Math.floor(Number(value) / BITS_A_BYTE));
  return rule && { column: bits, rule };
}

/** `split_part(mail, '@', 2) <> ''`: behind so many signs there is something. */
function readSplit(node: Node, operator: string, value: string): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(node);
  const [text, sign, part] = call?.name === "split_part" ? (call.args ?? []) : [];
  const column = columnOf(text);
  const [between = "", at] = [sign, part].map((each) => (each === undefined ? undefined : constantOf(each)));
  const before = Number(at) - 1;
  if (column === undefined || [...between].length !== 1 || !(before >= 0)) return undefined;
  const [other, one] = [`[^${escapeInBrackets(between)}]`, escapeRegex(between)];
  const start = `^(?:${other}*${one}){${before}}`;
  if (operator === "<>" && value === "") return { column, rule: { patterns: [`${start}${other}+`] } };
  if (operator !== "=" || value === "") return undefined;
  return { column, rule: { patterns: [`${start}${escapeRegex(value)}(?:${one}.*)?$`] } };
}

function escapeInBrackets(sign: string): string {
  return /[\]\\^-]/.test(sign) ? `\\${sign}` : sign;
}

/** `position('@' in email) > 1`, `starts_with(code, 'A')`, `regexp_like(code, '^A')`: the column and what is in its text. */
export function readContained(node: Node): { column: string; regex: string } | undefined {
  const call = callOf(node);
  const [text, part] = call?.args ?? [];
  const column = columnOf(text);
  const constant = part === undefined ? undefined : constantOf(part);
  if (column === undefined || constant === undefined) return undefined;
  if (call?.name === "starts_with") return { column, regex: `^${escapeRegex(constant)}.*$` };
  if (call?.name === "regexp_like") return call.args.length === 2 ? { column, regex: constant } : undefined;
  return call?.name === "position" || call?.name === "strpos" ? { column, regex: escapeRegex(constant) } : undefined;
}

/** `lower(code)`: the column and the case of its letters. */
export function letteredColumn(node: Node): { column: string; letters: "lower" | "upper" } | undefined {
  const call = callOf(node);
  const column = columnOf(call?.args[0]);
  if (column === undefined || (call?.name !== "lower" && call?.name !== "upper")) return undefined;
  return { column, letters: call.name };
}

/** Words as `initcap` leaves them. */
export const CAPITALIZED = "^[A-Z][a-z]{2,9}( [A-Z][a-z]{2,9})?$";

/** `initcap(name)` */
export function capitalizedColumn(node: Node): string | undefined {
  const call = callOf(node);
  return call?.name === "initcap" ? columnOf(call.args[0]) : undefined;
}

/** `left(path, 1) = '/'`, `right(file, 4) = '.pdf'`, `substr(vat, 1, 2) = 'DE'`: how the text begins or ends. */
export function readPart(node: Node, value: string): { column: string; regex: string } | undefined {
  const call = callOf(node);
  const [text, first, second] = call?.args ?? [];
  const column = columnOf(text);
  if (call === undefined || column === undefined || first === undefined) return undefined;
  const isCut = call.name === "substring" || call.name === "substr";
  const length = isCut ? second : first;
  if (length === undefined || Number(constantOf(length)) !== [...value].length) return undefined;
  if (call.name === "right") return { column, regex: `${escapeRegex(value)}$` };
  const isBeginning = call.name === "left" || (isCut && constantOf(first) === "1");
  return isBeginning ? { column, regex: `^${escapeRegex(value)}` } : undefined;
}
