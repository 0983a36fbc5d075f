/** What a column is filled with whose checks are about parts of its values, or about an order within the day. */
import type { ColumnShape, TypeShape } from "../entity.ts";
import { type ColumnRule, coordinateOf, memberOf, type Rules } from "../rules.ts";
import { baseOf } from "../schema/schema-types.ts";
import type { Wanted } from "./infer-names.ts";
import { findChain, timeOfDayWithin } from "./infer-order.ts";
import { numberWithin } from "./infer-ranges.ts";
import { kindOf, regexOf } from "./infer-types.ts";

/** The generator for a point, a time of the day or JSON's members that a check speaks of; undefined for all else. */
export function wantedByParts(
  { name, type }: ColumnShape,
  rules: Rules,
  written: readonly ColumnShape[],
): Wanted | undefined {
  const base = baseOf(type);
  if (base.name === "point") return pointWithin(name, rules);
  if (base.name === "json" || base.name === "jsonb") return jsonWithin(name, rules);
  if (kindOf(base) === "text") return jsonWithin(name, rules) ?? writtenJson(rules.get(name)?.json);
  if (base.name !== "time" && base.name !== "timetz") return undefined;
  const { parts } = rules.get(name) ?? {};
  if (parts !== undefined && findChain(name, rules).length < 2) return { name: "time", options: { only: parts } };
  const alike = written.filter((each) => baseOf(each.type).name === base.name);
  return timeOfDayWithin(
    name,
    rules,
    alike.map((each) => each.name),
  );
}

/** `data ? 'kind'`, `data ->> 'kind' IS NOT NULL`: an object with those keys, each as what is said of it. */
function jsonWithin(column: string, rules: Rules): Wanted | undefined {
  const { jsonKeys = [], json } = rules.get(column) ?? {};
  const start = memberOf(column, "");
  const members = [...rules].filter(([name, { present }]) => name.startsWith(start) && present === true);
  const keys = [...new Set([...jsonKeys, ...members.map(([name]) => name.slice(start.length))])];
  if (keys.length === 0 || (json !== undefined && json !== "object")) return undefined;
  const fields = keys.map((key) => [key, memberWithin(rules.get(memberOf(column, key)) ?? {})]);
  return { name: "json", options: { fields: Object.fromEntries(fields) } };
}

const WRITTEN: Readonly<Record<string, string>> = {
  ...{ object: '{"label": "a"}', array: "[]", string: '"text"', number: "1", boolean: "true" },
};

/** `jsonb_typeof(settings::jsonb) = 'object'`: a text that is JSON of that kind. */
function writtenJson(kind = ""): Wanted | undefined {
  const value = Object.hasOwn(WRITTEN, kind) ? WRITTEN[kind] : undefined;
  return value === undefined ? undefined : { name: "constant", options: { value } };
}

const INTEGER: TypeShape = { name: "int4", kind: "base", labels: [], checks: [], notNull: false };
const OF_KIND: Readonly<Record<string, unknown>> = {
  boolean: "bool",
  array: { array: { of: "title" } },
  object: { json: { fields: { label: "title" } } },
};

/** A generator as factories have it, for one member of an object. */
function memberWithin(rule: ColumnRule): unknown {
  if (rule.oneOf !== undefined) return { one_of: { values: rule.oneOf } };
  if (rule.json !== undefined && Object.hasOwn(OF_KIND, rule.json)) return OF_KIND[rule.json];
  const wanted = rule.json === "number" || rule.numeric === true ? numberWithin(INTEGER, rule) : regexOf(rule);
  return wanted === undefined ? "title" : { [wanted.name]: wanted.options };
}

/** `place[0] BETWEEN -180 AND 180`: each coordinate between its bounds. */
function pointWithin(column: string, rules: Rules): Wanted {
  const bounds = ["x", "y"].flatMap((axis, index) => {
    const { min, max } = rules.get(coordinateOf(column, index)) ?? {};
    if (min === undefined && max === undefined) return [];
    return [[axis, { ...(min && { min: Number(min.value) }), ...(max && { max: Number(max.value) }) }] as const];
  });
  return { name: "point", options: Object.fromEntries(bounds) };
}
