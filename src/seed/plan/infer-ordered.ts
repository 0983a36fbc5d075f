/** Columns that a check puts into an order, one by one: what each of them is made of beside the others. */
import type { ColumnShape } from "../entity.ts";
import type { ColumnRule, Rules } from "../rules.ts";
import { baseOf } from "../schema/schema-types.ts";
import { findByName, type Wanted } from "./infer-names.ts";
import { findChain, findSlice, sliceNumbers, sliceShared, sliceTimes } from "./infer-order.ts";
import { numberWithin, timeWithin } from "./infer-ranges.ts";
import { kindOf } from "./infer-types.ts";

interface OrderSite {
  /** The columns of the row that are written. */
  written: readonly ColumnShape[];
  rules: Rules;
  /** Columns whose values are given. */
  decided: ReadonlySet<string>;
}

/** Numbers, and times that must really differ, that a check puts into an order: each has its own slice of the span. */
export function wantedInOrder(column: ColumnShape, site: OrderSite, shared: boolean): Wanted | undefined {
  const { rules } = site;
  const type = baseOf(column.type);
  const kind = kindOf(type);
  const slice = findSlice(column.name, rules);
  if (slice === undefined || (kind !== "number" && kind !== "time")) return undefined;
  const rule = rules.get(column.name) ?? {};
  if (kind === "number" && shared) return wantedShared(column, site);
  const told = findByName(column.name, kind);
  return kind === "number"
    ? sliceNumbers(numberWithin(type, rule, told), slice)
    : sliceTimes(timeWithin(type, rule), slice);
}

/** A number in an order: beside one that is given the next to it, else its slice of what all of them leave. */
function wantedShared(column: ColumnShape, { rules, written, decided }: OrderSite): Wanted | undefined {
  const chain = findChain(column.name, rules).filter((name) => written.some((each) => each.name === name));
  const at = chain.indexOf(column.name);
  const [below, above] = [chain[at - 1], chain[at + 1]];
  const apart = below === undefined ? undefined : numberApart(column, rules.get(column.name)?.after);
  if (apart !== undefined) return apart;
  if (below !== undefined && decided.has(below)) return beside(below, "+", rules.get(column.name)?.after?.strict);
  if (above !== undefined && decided.has(above)) return beside(above, "-", rules.get(above)?.after?.strict);
  const spans = chain.flatMap((name) => {
    const each = written.find((other) => other.name === name);
    if (each === undefined || decided.has(name)) return [];
    return [{ name, wanted: numberWithin(baseOf(each.type), rules.get(name) ?? {}, findByName(name, "number")) }];
  });
  const place = spans.findIndex(({ name }) => name === column.name);
  if (spans.length < 2) return undefined;
  return sliceShared(
    spans.map((each) => each.wanted),
    place,
  );
}

/** `high - low BETWEEN 1 AND 100`: so much more than the other number. */
function numberApart({ type }: ColumnShape, after: ColumnRule["after"]): Wanted | undefined {
  const [within, least] = [after?.within, after?.least].map((length) => /^(\d+)d$/.exec(length ?? "")?.[1]);
  if (after === undefined || (within === undefined && least === undefined)) return undefined;
  const min = Number(least ?? 0) + (after.strict ? 1 : 0);
  const { name, options } = numberWithin(baseOf(type), {});
  const scale = options?.scale === undefined ? {} : { scale: options.scale };
  return { name, options: { min, max: Math.max(min, Number(within ?? min + 100) - 1), ...scale, above: after.column } };
}

function beside(other: string, sign: "+" | "-", strict = false): Wanted {
  const value = strict ? `"${other}" ${sign} 1` : `"${other}" ${sign} 0`;
  return { name: "expression", options: { value } };
}
