/** What a column's values have to meet, as plain data. */
import { meetsPatterns } from "./pattern/language.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** What the times of a column may lie at the beginning of. */
export const PERIOD_NAMES = ["week", "month", "quarter", "year"] as const;
export type Period = (typeof PERIOD_NAMES)[number];

export interface Bound {
  /** A number, a time in ISO's order, as SQL has it, or a time that hangs on the present: "now", "now+30d". */
  value: string;
  inclusive: boolean;
}

/** What a time is made of, beside its year. */
const TIME_PARTS = ["month", "day", "hour", "minute", "second"] as const;
export type TimePart = (typeof TIME_PARTS)[number];
/** The numbers that the parts of a time may have. */
export type TimeParts = Readonly<Partial<Record<TimePart, readonly number[]>>>;

/** What an address may be: in which network, of which family, and how long the network's part of it is. */
export interface NetworkRule {
  within?: string;
  family?: 4 | 6;
  least?: number;
  most?: number;
}

export interface ColumnRule {
  min?: Bound;
  max?: Bound;
  /** The bounds are those of numbers, also where the column is a text. */
  numeric?: boolean;
  /** The only values that it may have. */
  oneOf?: readonly string[];
  /** Values that it may not have. */
  noneOf?: readonly string[];
  minLength?: number;
  maxLength?: number;
  /** Regular expressions of PostgreSQL's that the value matches, and those that it does not. */
  patterns?: readonly string[];
  antipatterns?: readonly string[];
  /** Another column of the row, which it may not lie before, and how far behind it at most, and at least: "7d". */
  after?: { column: string; strict: boolean; within?: string; least?: string };
  /** Columns of the row whose values are others. */
  differs?: readonly string[];
  /** Whether it is NULL (false) or may not be (true). */
  present?: boolean;
  /** All its letters are of that case. */
  letters?: "lower" | "upper";
  /** Computed from the row's other fields, in the language of `expression`. */
  equals?: string;
  /** How many elements an array has. */
  minItems?: number;
  maxItems?: number;
  /** What jsonb_typeof says of it, and the keys that an object has. */
  json?: string;
  jsonKeys?: readonly string[];
  /** A number that is that much more than a multiple of another: `x % of = rest`. */
  multiple?: { of: number; rest: number };
  /** Times lie so far apart ("1h"), at the beginning of a period, or on those days of the week. */
  step?: string;
  starts?: Period;
  days?: readonly Weekday[];
  parts?: TimeParts;
  network?: NetworkRule;
  /** How far apart the ends of a range are at most. */
  width?: Bound;
}

/** Rules by the column's name; a domain's stand under "value". */
export type Rules = ReadonlyMap<string, ColumnRule>;

/** What a table demands: of every row, and in one of several ways. */
export interface TableRules {
  common: Rules;
  /** Each row meets at least one of them; none where there is nothing to choose. */
  cases: readonly Rules[];
}

/** The name under which the rules for a column's elements stand, where it is an array. */
export function elementsOf(column: string): string {
  return `${column}[]`;
}

/** The name under which the rules for a point's coordinate stand: x is 0, y is 1. */
export function coordinateOf(column: string, index: number): string {
  return `${column}[${index}]`;
}

/** The name under which the rules for a member of a column's JSON object stand. */
export function memberOf(column: string, key: string): string {
  return `${column}->${key}`;
}

/** Both rules of each column at once. */
export function joinRules(all: readonly Rules[]): Rules {
  const merged = new Map<string, ColumnRule>();
  for (const [column, rule] of all.flatMap((rules) => [...rules])) {
    merged.set(column, mergeRules(merged.get(column) ?? {}, rule));
  }
  return merged;
}

/** Both rules at once. */
export function mergeRules(one: ColumnRule, other: ColumnRule): ColumnRule {
  const min = chooseBound(one.min, other.min, 1);
  const max = chooseBound(one.max, other.max, -1);
  const common =
    one.oneOf === undefined ? other.oneOf : one.oneOf.filter((value) => other.oneOf?.includes(value) ?? true);
  const days = one.days === undefined ? other.days : one.days.filter((day) => other.days?.includes(day) ?? true);
  const least = Math.max(one.minLength ?? 0, other.minLength ?? 0);
  const most = Math.min(one.maxLength ?? Number.POSITIVE_INFINITY, other.maxLength ?? Number.POSITIVE_INFINITY);
  return {
    ...one,
    ...other,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(common === undefined ? {} : { oneOf: common }),
    ...(days === undefined ? {} : { days }),
    ...(least === 0 ? {} : { minLength: least }),
    ...(Number.isFinite(most) ? { maxLength: most } : {}),
    ...joinLists(one, other),
    ...joinAfter(one, other),
    ...joinParts(one, other),
    ...joinNetworks(one, other),
  };
}

/** The numbers that both leave. */
function joinParts({ parts: one }: ColumnRule, { parts: other }: ColumnRule): Pick<ColumnRule, "parts"> {
  if (one === undefined || other === undefined) return {};
  const joined = TIME_PARTS.flatMap((part) => {
    const [left, right] = [one[part], other[part]];
    const both = left === undefined ? right : left.filter((number) => right?.includes(number) ?? true);
    return both === undefined ? [] : [[part, both] as const];
  });
  return { parts: Object.fromEntries(joined) };
}

function joinNetworks({ network: one }: ColumnRule, { network: other }: ColumnRule): Pick<ColumnRule, "network"> {
  if (one === undefined || other === undefined) return {};
  const [least, most] = [Math.max(one.least ?? 0, other.least ?? 0), Math.min(one.most ?? 128, other.most ?? 128)];
  return {
    network: { ...one, ...other, ...(least === 0 ? {} : { least }), ...(most === 128 ? {} : { most }) },
  };
}

/** Both of what is said of one earlier column; of two of them the second counts. */
function joinAfter({ after: one }: ColumnRule, { after: other }: ColumnRule): Pick<ColumnRule, "after"> {
  if (one === undefined || other === undefined || one.column !== other.column) return {};
  return { after: { ...one, ...other, strict: one.strict || other.strict } };
}

const LISTS = ["noneOf", "patterns", "antipatterns", "differs", "jsonKeys"] as const;

function joinLists(one: ColumnRule, other: ColumnRule): Partial<ColumnRule> {
  const joined: Partial<Record<(typeof LISTS)[number], readonly string[]>> = {};
  for (const key of LISTS) {
    const all = [...new Set([...(one[key] ?? []), ...(other[key] ?? [])])];
    if (all.length > 0) joined[key] = all;
  }
  return joined;
}

/** The narrower bound: the greater of two lower ones (`sign` 1), the lesser of two upper ones (-1). */
function chooseBound(one: Bound | undefined, other: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = compareValues(one.value, other.value) * sign;
  if (order !== 0) return order > 0 ? one : other;
  return one.inclusive ? other : one;
}

/** Numbers by their value, else by their letters, which is right for times in ISO's order. */
export function compareValues(one: string, other: string): number {
  const difference = Number(one) - Number(other);
  if (!Number.isNaN(difference)) return Math.sign(difference);
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Whether no value can meet both. */
export function contradicts(one: ColumnRule, other: ColumnRule): boolean {
  if (one.present !== undefined && other.present !== undefined && one.present !== other.present) return true;
  const { oneOf, noneOf = [], min, max, parts = {} } = mergeRules(one, other);
  if (TIME_PARTS.some((part) => parts[part]?.length === 0)) return true;
  if (oneOf !== undefined) return oneOf.every((value) => noneOf.includes(value) || !isWithin(value, { min, max }));
  if (min === undefined || max === undefined) return false;
  const order = compareValues(min.value, max.value);
  return order > 0 || (order === 0 && !(min.inclusive && max.inclusive));
}

function isWithin(value: string, { min, max }: { min: Bound | undefined; max: Bound | undefined }): boolean {
  const above = min === undefined ? 1 : compareValues(value, min.value);
  const below = max === undefined ? -1 : compareValues(value, max.value);
  return (
    (above > 0 || (above === 0 && min?.inclusive !== false)) && (below < 0 || (below === 0 && max?.inclusive !== false))
  );
}

/** Whether a value, as PostgreSQL takes it, meets what the rule says of it alone. NULL meets all but being there. */
export function meetsRule(rule: ColumnRule, text: string | null): boolean {
  if (text === null) return rule.present !== true;
  const { oneOf, noneOf = [], minLength = 0, maxLength = Number.POSITIVE_INFINITY } = rule;
  if (rule.present === false || noneOf.some((each) => sameValue(each, text))) return false;
  if (oneOf !== undefined && !oneOf.some((each) => sameValue(each, text))) return false;
  const length = [...text].length;
  if (length < minLength || length > maxLength) return false;
  const isFixed = [rule.min, rule.max].every((bound) => bound === undefined || !bound.value.startsWith("now"));
  if (isFixed && !isWithin(text, { min: rule.min, max: rule.max })) return false;
  return meetsText(rule, text);
}

/** Whether the patterns of the rule, and the case of its letters, are met. */
export function meetsText({ patterns = [], antipatterns = [], letters }: ColumnRule, text: string): boolean {
  if (letters === "lower" && text !== text.toLowerCase()) return false;
  if (letters === "upper" && text !== text.toUpperCase()) return false;
  const demands = [...patterns.map((regex) => ({ regex })), ...antipatterns.map((regex) => ({ regex, negated: true }))];
  return demands.length === 0 || meetsPatterns(demands, text);
}

const TRUTHS: Readonly<Record<string, string>> = { t: "true", f: "false" };

function sameValue(one: string, other: string): boolean {
  return one === other || one === TRUTHS[other] || (other !== "" && Number(one) === Number(other));
}
