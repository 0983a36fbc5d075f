/** What a partitioned table's bounds demand of its key: rows that fall into no partition are refused. */

import type { PartitionLevel, TableShape } from "../entity.ts";
import { type ColumnRule, compareValues } from "../rules.ts";

/** The demands, by the column's name. Of several divisions below each other, each holds for its own key. */
export function readPartitions({ partitions = [] }: Pick<TableShape, "partitions">): Map<string, ColumnRule> {
  const rules = new Map<string, ColumnRule>();
  for (const level of partitions) {
    const [column] = level.columns;
    const rule = readLevel(level);
    if (column !== undefined && rule !== undefined && !rules.has(column)) rules.set(column, rule);
  }
  return rules;
}

function readLevel({ strategy, bounds }: PartitionLevel): ColumnRule | undefined {
  if (strategy === "hash") return undefined;
  if (strategy === "list") {
    const oneOf = bounds.flatMap(readList);
    return oneOf.length === 0 ? undefined : { oneOf };
  }
  const spans = bounds.flatMap(readSpan).sort((a, b) => compareEdges(a.from, b.from, -1));
  return widestSpan(spans);
}

/** `FOR VALUES IN ('eu', 3, NULL)` */
function readList(bound: string): string[] {
  const inside = /^FOR VALUES IN \((.*)\)$/s.exec(bound)?.[1];
  return inside === undefined ? [] : splitLiterals(inside).filter((value) => value !== undefined);
}

/** What stands between two edges, an open side being undefined. */
interface Span {
  from: string | undefined;
  to: string | undefined;
}

/** `FOR VALUES FROM ('2025-01-01', 1) TO (MAXVALUE, MAXVALUE)`: the first column decides, but on its own edges. */
function readSpan(bound: string): Span[] {
  const [, from, to] = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(bound) ?? [];
  if (from === undefined || to === undefined) return [];
  return [{ from: splitLiterals(from)[0], to: splitLiterals(to)[0] }];
}

/** The literals of a list as PostgreSQL prints it; MINVALUE, MAXVALUE and NULL are undefined. */
function splitLiterals(list: string): (string | undefined)[] {
  return [...list.matchAll(/'((?:[^']|'')*)'|([^\s,']+)/g)].map(([, quoted, bare]) => {
    if (quoted !== undefined) return quoted.replaceAll("''", "'");
    return bare === undefined || /^(?:MINVALUE|MAXVALUE|NULL)$/.test(bare) ? undefined : bare;
  });
}

/** The order of two edges; an open one lies on the side that `open` says. */
function compareEdges(one: string | undefined, other: string | undefined, open: 1 | -1): number {
  if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? open : -open;
  return compareValues(one, other);
}

/** Neighbours joined; of what is left the one with the most partitions. */
function widestSpan(spans: readonly Span[]): ColumnRule | undefined {
  const joined: (Span & { count: number })[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last?.to !== undefined && last.to === span.from) Object.assign(last, { to: span.to, count: last.count + 1 });
    else joined.push({ ...span, count: 1 });
  }
  const [widest] = joined.sort((a, b) => b.count - a.count);
  if (widest === undefined) return undefined;
  return {
    ...(widest.from === undefined ? {} : { min: { value: widest.from, inclusive: true } }),
    ...(widest.to === undefined ? {} : { max: { value: widest.to, inclusive: false } }),
  };
}
