/** What a column is filled with whose checks are about parts of its values, or about an order within the day. */
import type { ColumnShape } from "../entity.ts";
import { coordinateOf, type Rules } from "../rules.ts";
import { baseOf } from "../schema/schema-types.ts";
import type { Wanted } from "./infer-names.ts";
import { findChain, timeOfDayWithin } from "./infer-order.ts";

/** The generator for a point, or for a time of the day that a check speaks of; undefined for all else. */
export function wantedByParts(
  { name, type }: ColumnShape,
  rules: Rules,
  written: readonly ColumnShape[],
): Wanted | undefined {
  const base = baseOf(type);
  if (base.name === "point") return pointWithin(name, rules);
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

/** `place[0] BETWEEN -180 AND 180`: each coordinate between its bounds. */
function pointWithin(column: string, rules: Rules): Wanted {
  const bounds = ["x", "y"].flatMap((axis, index) => {
    const { min, max } = rules.get(coordinateOf(column, index)) ?? {};
    if (min === undefined && max === undefined) return [];
    return [[axis, { ...(min && { min: Number(min.value) }), ...(max && { max: Number(max.value) }) }] as const];
  });
  return { name: "point", options: Object.fromEntries(bounds) };
}
