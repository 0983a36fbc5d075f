/** What a column is filled with that no file mentions: found from its checks, its name and its type. */

import type { ColumnShape, FieldSpec, TypeShape } from "../entity.ts";
import { baseOf } from "../schema/schema-types.ts";
import { type ColumnRule, elementsOf, type Rules } from "./infer-checks.ts";
import { findByName, findEarlier, type ValueKind, type Wanted } from "./infer-names.ts";
import { findSlice, sliceNumbers, sliceTimes } from "./infer-order.ts";
import { numberWithin, timeWithin } from "./infer-ranges.ts";
import { wantedByType, withPlainClasses } from "./infer-types.ts";

export interface Inference {
  spec: FieldSpec;
  /** What told it: "the column's name". */
  source: string;
}

export interface InferSite {
  /** The columns of the row that are written. */
  written: readonly ColumnShape[];
  rules: Rules;
}

/** The field of a column; undefined when nothing is known of its type. */
export function inferField(column: ColumnShape, site: InferSite): Inference | undefined {
  const type = baseOf(column.type);
  const rule = site.rules.get(column.name) ?? {};
  if (type.kind === "array") return inferArray(column.name, type, site.rules);
  if (rule.oneOf !== undefined) return infer(oneOf(rule.oneOf), "a check constraint");
  const told = inferAfter(column, site) ?? inferOrdered(column, site) ?? inferByName(column, rule);
  if (told !== undefined) return told;
  const wanted = wantedByType(type, rule);
  return wanted === undefined ? undefined : infer(wanted, "the column's type");
}

function oneOf(values: readonly string[]): Wanted {
  return { name: "one_of", options: { values } };
}

/** An array of what its elements' type, and the checks of its domain, ask for. */
function inferArray(column: string, { of }: TypeShape, rules: Rules): Inference | undefined {
  const rule = rules.get(elementsOf(column)) ?? {};
  const wanted =
    of === undefined ? undefined : rule.oneOf === undefined ? wantedByType(baseOf(of), rule) : oneOf(rule.oneOf);
  if (wanted === undefined) return undefined;
  return infer({ name: "array", options: { of: { [wanted.name]: wanted.options ?? {} } } }, "the column's type");
}

function infer({ name, options = {} }: Wanted, source: string): Inference {
  const value = name === "constant" ? options.value : undefined;
  const spec: FieldSpec =
    typeof value === "string" ? { kind: "constant", value } : { kind: "generator", name, options };
  return { spec, source };
}

/** Whether the column's name tells what it is filled with, so that it is filled also where it may be NULL. */
export function isTelling(column: ColumnShape): boolean {
  return inferByName(column, {}) !== undefined;
}

const KINDS: Readonly<Record<string, ValueKind>> = {
  ...Object.fromEntries(["text", "varchar", "bpchar", "citext", "name"].map((name) => [name, "text"])),
  ...Object.fromEntries(
    ["int2", "int4", "int8", "numeric", "float4", "float8", "money"].map((name) => [name, "number"]),
  ),
  ...Object.fromEntries(["date", "timestamp", "timestamptz"].map((name) => [name, "time"])),
};

function kindOf(type: TypeShape): ValueKind | undefined {
  return type.kind === "base" ? KINDS[type.name] : undefined;
}

function inferByName(column: ColumnShape, rule: ColumnRule): Inference | undefined {
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
  if (kind === "number") return infer(numberWithin(type, rule, wanted), "the column's name");
  return infer(kind === "time" ? timeWithin(type, rule, wanted) : wanted, "the column's name");
}

/** Whether values that look like the sample meet what checks demand. */
function suits(sample: string, { pattern, minLength = 0 }: ColumnRule): boolean {
  if (sample.length < minLength) return false;
  if (pattern === undefined) return true;
  try {
    return new RegExp(withPlainClasses(pattern), "u").test(sample);
  } catch {
    return false; // PostgreSQL's own syntax
  }
}

/** A time that may not lie before another one of the row, by a check or by both names. */
function inferAfter(column: ColumnShape, { written, rules }: InferSite): Inference | undefined {
  if (kindOf(baseOf(column.type)) !== "time") return undefined;
  const names = written.flatMap(({ type, name }) => (kindOf(baseOf(type)) === "time" ? [name] : []));
  const checked = rules.get(column.name)?.after;
  if (checked?.strict === true) return undefined;
  const after =
    checked !== undefined && names.includes(checked.column) ? checked.column : findEarlier(column.name, names);
  if (after === undefined) return undefined;
  return infer(
    { name: "time", options: { after } },
    checked === undefined ? "the column's name" : "a check constraint",
  );
}

/** Numbers, and times that must really differ, that a check puts into an order: each has its own slice of the span. */
function inferOrdered(column: ColumnShape, { rules }: InferSite): Inference | undefined {
  const type = baseOf(column.type);
  const kind = kindOf(type);
  const slice = findSlice(column.name, rules);
  if (slice === undefined || (kind !== "number" && kind !== "time")) return undefined;
  const rule = rules.get(column.name) ?? {};
  const told = findByName(column.name, kind);
  const wanted =
    kind === "number" ? sliceNumbers(numberWithin(type, rule, told), slice) : sliceTimes(timeWithin(type, rule), slice);
  return infer(wanted, "a check constraint");
}
