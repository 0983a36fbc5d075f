/** What a column is filled with that no file mentions: found from its checks, its name and its type. */

import { durationMs } from "../../config/duration.ts";
import type { ColumnShape, FieldPlan, FieldSpec, TypeShape } from "../entity.ts";
import { findDomainGenerator } from "../generate/by-type.ts";
import { DAY_MS, SECOND_MS } from "../generate/calendar.ts";
import { type ColumnRule, elementsOf, meetsText, type Rules } from "../rules.ts";
import { baseOf } from "../schema/schema-types.ts";
import { findByName, findEarlier, type Wanted } from "./infer-names.ts";
import { wantedInOrder } from "./infer-ordered.ts";
import { wantedByParts } from "./infer-parts.ts";
import { numberWithin, timeWithin } from "./infer-ranges.ts";
import { hasPatterns, kindOf, regexOf, wantedByNetwork, wantedByType, withPlainClasses } from "./infer-types.ts";

export interface Inference extends Pick<FieldPlan, "otherwise" | "letters"> {
  spec: FieldSpec;
  /** What told it: "the column's name". */
  source: string;
  /** What is made instead where values may not repeat. */
  distinct?: FieldSpec;
}

export interface InferSite {
  /** The columns of the row that are written. */
  written: readonly ColumnShape[];
  rules: Rules;
  /** Columns whose values are given: by the file, a key or a sequence. */
  decided: ReadonlySet<string>;
  /** The version of the generators. */
  version: number;
}

/** From this version on columns in an order share one span, and names say nothing of values that may not repeat. */
const SHARED_SINCE_VERSION = 2;

/** The field of a column; undefined when nothing is known of its type. */
export function inferField(column: ColumnShape, site: InferSite): Inference | undefined {
  const rule = site.rules.get(column.name) ?? {};
  const found = inferValues(column, rule, site);
  return found === undefined ? undefined : keepToRule(found, column, rule, site.version);
}

function inferValues(column: ColumnShape, rule: ColumnRule, site: InferSite): Inference | undefined {
  const type = baseOf(column.type);
  if (type.kind === "array") return inferArray(column.name, type, site.rules);
  if (rule.oneOf !== undefined) return infer(oneOf(rule.oneOf, rule.noneOf), "a check constraint");
  if (rule.equals !== undefined && rule.equals !== "") return inferFormula(type, rule.equals);
  if (rule.near?.equal && !isOrdered(column.name, site.rules)) return inferFormula(type, `"${rule.near.column}"`);
  if (rule.computed !== undefined) return inferComputed(column, rule, site);
  if (rule.network !== undefined) return infer(wantedByNetwork(rule.network), "a check constraint");
  const told = inferAfter(column, site) ?? inferOrdered(column, site) ?? inferByName(column, rule, site.version);
  if (told !== undefined) return told;
  const wanted =
    findDomainGenerator(column.type) ?? wantedByParts(column, site.rules, site.written) ?? wantedByType(type, rule);
  if (wanted === undefined) return undefined;
  const found = infer(wanted, "the column's type");
  const isNumber = kindOf(type) === "number" && site.version >= SHARED_SINCE_VERSION;
  return isNumber ? { ...found, distinct: wideNumber(type, rule) } : found;
}

/** Numbers that may not repeat, of as wide a span as is allowed. */
function wideNumber(type: TypeShape, rule: ColumnRule): FieldSpec {
  return infer(numberWithin(type, rule, { name: "int", options: WIDE_SPAN }), "").spec;
}

function oneOf(values: readonly string[], noneOf: readonly string[] = []): Wanted {
  const left = values.filter((value) => !noneOf.includes(value));
  return { name: "one_of", options: { values: left.length === 0 ? values : left } };
}

/** Digits behind the point that sums and products are rounded to, where the column does not say. */
const USUAL_SCALE = 6;
const WHOLE: ReadonlySet<string> = new Set(["int2", "int4", "int8"]);

function inferFormula(type: TypeShape, formula: string): Inference {
  const kind = kindOf(type);
  if (kind === "time") return { spec: { kind: "sql", expression: formula }, source: "a check constraint" };
  const isText = kind !== "number";
  const isQuotient = WHOLE.has(type.name) && formula.includes(" / "); // of whole numbers what is left over is dropped
  const scale = WHOLE.has(type.name) ? 0 : (type.scale ?? USUAL_SCALE);
  const value = isText ? formula : isQuotient ? `floor(${formula})` : `round(${formula}, ${scale})`;
  return infer({ name: "expression", options: { value } }, "a check constraint");
}

/** What PostgreSQL computes of the row's other columns, or of what the column is made of by itself. */
function inferComputed(column: ColumnShape, { computed, ...rule }: ColumnRule, site: InferSite): Inference | undefined {
  const { expression = "", columns = [] } = computed ?? {};
  const spec = { kind: "sql" as const, expression };
  if (!columns.includes(column.name)) return { spec, source: "a check constraint" };
  const rules = new Map([...site.rules, [column.name, rule]]);
  const of = inferField(column, { ...site, rules });
  const distinct = of?.distinct === undefined ? {} : { distinct: { ...spec, of: of.distinct } };
  return of && { spec: { ...spec, of: of.spec }, source: "a check constraint", ...distinct };
}

/** An array of what its elements' type, and the checks of its domain, ask for. */
function inferArray(column: string, { of }: TypeShape, rules: Rules): Inference | undefined {
  const rule = rules.get(elementsOf(column)) ?? {};
  const { minItems, maxItems } = rules.get(column) ?? {};
  const wanted =
    of === undefined ? undefined : rule.oneOf === undefined ? wantedByType(baseOf(of), rule) : oneOf(rule.oneOf);
  if (wanted === undefined) return undefined;
  const [least, most] = [minItems ?? 1, maxItems ?? Math.max(3, (minItems ?? 0) + 2)];
  const size = minItems === undefined && maxItems === undefined ? {} : { min: Math.min(least, most), max: most };
  return infer(
    { name: "array", options: { of: { [wanted.name]: wanted.options ?? {} }, ...size } },
    "the column's type",
  );
}

function infer({ name, options = {} }: Wanted, source: string): Inference {
  const value = name === "constant" ? options.value : undefined;
  const spec: FieldSpec =
    typeof value === "string" ? { kind: "constant", value } : { kind: "generator", name, options };
  return { spec, source };
}

/**
 * What keeps a generator's values to the rule where it would not by itself: letters of one case, and something else in
 * place of what is not allowed.
 */
export function guardOf(
  spec: FieldSpec,
  column: ColumnShape,
  given: ColumnRule,
): Pick<FieldPlan, "otherwise" | "letters"> {
  if (spec.kind !== "generator" || UNGUARDED.has(spec.name)) return {};
  const type = baseOf(column.type);
  // PostgreSQL compares a char(n) with the spaces that fill it up.
  const filled = type.name === "bpchar" && hasPatterns(given) ? { minLength: type.length ?? 1 } : {};
  const rule: ColumnRule = { ...given, ...filled };
  const { patterns, antipatterns, noneOf, minLength = 0 } = rule;
  if (kindOf(type) === "text") {
    const letters = rule.letters === undefined ? {} : { letters: rule.letters };
    const isLong = minLength > 1 && (spec.name !== "faker" || hasPatterns(rule));
    const regex =
      isLong && !hasPatterns(rule) ? regexOf({ ...rule, patterns: [`^[a-z0-9]{${minLength},}$`] }) : regexOf(rule);
    if (regex === undefined || !(isLong || hasPatterns(rule))) return letters;
    const unless = {
      ...(patterns === undefined ? {} : { patterns }),
      ...(antipatterns === undefined ? {} : { antipatterns }),
      ...(isLong ? { minLength } : {}),
    };
    return { ...letters, otherwise: { unless, spec: infer(regex, "").spec } };
  }
  const other = noneOf === undefined ? undefined : otherNumber(spec, noneOf);
  return noneOf === undefined || other === undefined ? {} : { otherwise: { unless: { noneOf }, spec: other } };
}

/** Lists are chosen rightly, and regular expressions made so. */
const UNGUARDED: ReadonlySet<string> = new Set(["one_of", "regex", "sequence", "null"]);

/** A number behind it breaks a text whose pattern says how it ends, or that is of limited length. */
function keepToRule(found: Inference, column: ColumnShape, rule: ColumnRule, version: number): Inference {
  const guard = guardOf(found.spec, column, rule);
  const isFaker = found.spec.kind === "generator" && found.spec.name === "faker";
  const isAnchored = rule.patterns?.some((pattern) => /(?<!\\)\$$/.test(pattern));
  const breaks = isFaker && (isAnchored || version >= SHARED_SINCE_VERSION);
  const distinct = breaks && guard.otherwise !== undefined ? { distinct: guard.otherwise.spec } : {};
  return { ...found, ...guard, ...distinct, ...reachBack(found.spec, rule) };
}

/** A year has few weeks or months: where they may not repeat, they go back for long. */
function reachBack(spec: FieldSpec, { starts, min }: ColumnRule): Pick<Inference, "distinct"> {
  if (spec.kind !== "generator" || starts === undefined || min !== undefined) return {};
  return { distinct: { ...spec, options: { ...spec.options, from: LONG_AGO } } };
}

const LONG_AGO = "-200y";

/** The nearest number that is allowed, in place of one that is not. */
function otherNumber(
  { name, options }: Extract<FieldSpec, { kind: "generator" }>,
  noneOf: readonly string[],
): FieldSpec | undefined {
  const { min, max } = options;
  if (typeof min !== "number" || typeof max !== "number") return undefined;
  const barred = noneOf.map(Number);
  for (let value = min; value <= max; value++)
    if (!barred.includes(value)) return { kind: "generator", name, options: { min: value, max: value } };
  return undefined;
}

/** Whether the column's name tells what it is filled with, so that it is filled also where it may be NULL. */
export function isTelling(column: ColumnShape): boolean {
  return inferByName(column, {}, SHARED_SINCE_VERSION) !== undefined;
}

function inferByName(column: ColumnShape, rule: ColumnRule, version: number): Inference | undefined {
  const type = baseOf(column.type);
  const kind = kindOf(type);
  if (kind === undefined) return undefined;
  const length = Math.min(type.length ?? Number.POSITIVE_INFINITY, rule.maxLength ?? Number.POSITIVE_INFINITY);
  const wanted = findByName(
    column.name,
    kind,
    ({ sample = "", least = 0 }) => kind !== "text" || (least <= length && suits(sample, rule)),
  );
  if (wanted === undefined) return undefined;
  if (kind === "number") {
    const found = infer(numberWithin(type, rule, wanted), "the column's name");
    if (version < SHARED_SINCE_VERSION) return found;
    return { ...found, distinct: wideNumber(type, rule) };
  }
  return infer(kind === "time" ? timeWithin(type, rule, wanted) : wanted, "the column's name");
}

/** What numbers that may not repeat are made of. */
const WIDE_SPAN = { min: 1, max: 1_000_000_000 };

/** Whether values that look like the sample meet what checks demand. */
function suits(sample: string, { patterns = [], antipatterns = [], minLength = 0, numeric }: ColumnRule): boolean {
  if (sample.length < minLength || (numeric === true && Number.isNaN(Number(sample)))) return false;
  const [pattern, ...others] = patterns;
  if (pattern !== undefined && !matchesAsWritten(pattern, sample)) return false;
  return meetsText({ patterns: others, antipatterns }, sample);
}

function matchesAsWritten(pattern: string, sample: string): boolean {
  if (pattern.startsWith("(?")) return meetsText({ patterns: [pattern] }, sample);
  try {
    return new RegExp(withPlainClasses(pattern), "u").test(sample);
  } catch {
    return false; // PostgreSQL's own syntax
  }
}

/** A time that may not lie before another one of the row, by a check or by both names. */
function inferAfter(column: ColumnShape, { written, rules }: InferSite): Inference | undefined {
  const type = baseOf(column.type);
  if (kindOf(type) !== "time") return undefined;
  const names = written.flatMap(({ type, name }) => (kindOf(baseOf(type)) === "time" ? [name] : []));
  const checked = nearest(column.name, rules, names);
  if (checked?.strict === true && checked.within === undefined && checked.least === undefined) return undefined;
  const after =
    checked !== undefined && names.includes(checked.column) ? checked.column : findEarlier(column.name, names);
  if (after === undefined) return undefined;
  const limits = checked === undefined ? {} : withinOf(type, checked);
  return infer(
    { name: "time", options: { after, ...limits } },
    checked === undefined ? "the column's name" : "a check constraint",
  );
}

/** What the column comes after; of two times that are near each other the second one, where nothing says it. */
function nearest(column: string, rules: Rules, names: readonly string[]): ColumnRule["after"] {
  const { after, near } = rules.get(column) ?? {};
  if (near === undefined) return after;
  if (rules.get(near.column)?.near?.equal && !isOrdered(near.column, rules)) return undefined;
  if (after !== undefined) return after.column === near.column ? { within: near.within, ...after } : after;
  const isLater =
    rules.get(near.column)?.after?.column !== column && names.indexOf(near.column) < names.indexOf(column);
  return isLater ? { column: near.column, strict: false, within: near.within } : undefined;
}

function inferOrdered(column: ColumnShape, site: InferSite): Inference | undefined {
  const wanted = wantedInOrder(column, site, site.version >= SHARED_SINCE_VERSION);
  return wanted && infer(wanted, "a check constraint");
}

/** Whether one of two times that are near each other comes after something. */
function isOrdered(column: string, rules: Rules): boolean {
  const { after, near } = rules.get(column) ?? {};
  return after !== undefined || rules.get(near?.column ?? "")?.after !== undefined;
}

/** How long after the other time it lies: never the full length, which leaps and changes of the clock would make too long. */
function withinOf(type: TypeShape, { within, least, strict }: NonNullable<ColumnRule["after"]>) {
  if (within === undefined && least === undefined) return {};
  const stepMs = type.name === "date" ? DAY_MS : SECOND_MS;
  const leastMs = (durationMs(least ?? "") ?? 0) + (strict ? stepMs : 0);
  const at_least = leastMs === 0 ? {} : { at_least: `${leastMs / SECOND_MS}s` };
  return { from: "-10y", to: "+10y", within: within ?? `${(2 * leastMs) / SECOND_MS}s`, ...at_least };
}
