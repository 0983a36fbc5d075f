/** What checks say of ranges: `r <@ '[0,100)'`, also of single values, and `upper(r) - lower(r) <= 30`. */
import type { Node } from "../../sql/parser.ts";
import type { Bound, ColumnRule } from "../rules.ts";
import { callOf, columnOf, constantOf, lastName, withoutCasts } from "./check-nodes.ts";

/** A range as PostgreSQL prints it: `[1,10)`, `["2020-01-01 00:00:00+00",)`. */
const RANGE = /^([[(])\s*"?([^",]*)"?\s*,\s*"?([^",]*)"?\s*([\])])$/;

/** `v <@ '[0,100]'::numrange`: between those ends. */
export function readRangeOf(left: Node, right: Node): { column: string; rule: ColumnRule } | undefined {
  const column = columnOf(left);
  const [whole, opening, low = "", high = "", closing] = RANGE.exec(constantOf(right) ?? "") ?? [];
  if (column === undefined || whole === undefined) return undefined;
  const end = (value: string, inclusive: boolean): Bound | undefined =>
    value === "" || value.endsWith("infinity") ? undefined : { value, inclusive };
  const [min, max] = [end(low, opening === "["), end(high, closing === "]")];
  return { column, rule: { ...(min && { min }), ...(max && { max }) } };
}

/** `upper(r) - lower(r) <= 30`, and the other way round. */
export function readWidth(left: Node, operator: string, right: Node): { column: string; rule: ColumnRule } | undefined {
  const bare = withoutCasts(left);
  const width = constantOf(right);
  if (!/^[<>]=?$/.test(operator) || width === undefined || !("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "-")
    return undefined;
  const [high, low] = [bare.A_Expr.lexpr, bare.A_Expr.rexpr].map((end) =>
    end === undefined ? undefined : callOf(end),
  );
  const column = columnOf(high?.args[0]);
  if (high?.name !== "upper" || low?.name !== "lower" || column === undefined || columnOf(low.args[0]) !== column)
    return undefined;
  const bound = { value: width, inclusive: operator.endsWith("=") };
  return { column, rule: operator.startsWith("<") ? { width: bound } : { breadth: bound } };
}
