/** What a partitioned table's bounds demand of its key: rows that fall into no partition are refused. */

import type { PartitionLevel, TableShape } from "../entity.ts";
import { type ColumnRule, compareValues } from "../rules.ts";

/** The demands, by the column's name. Of several divisions below each other, each holds for its own key. */
export function readPartitions({ partitions = [] }: Pick<TableShape, "partitions">): Map<string, ColumnRule> {
  const rules = new Map<string, ColumnRule>();
  for (const level of partitions) {
    const [column] = level.columns;
    const rule = readLevel(level);
    const own = level.strategy === "range" && level.columns.length > 1 ? readCorner(level) : undefined;
    for (const [name, demand] of own ?? (column === undefined || rule === undefined ? [] : [[column, rule] as const]))
      if (!rules.has(name)) rules.set(name, demand);
  }
  return rules;
}

/** Of bounds over several columns the first decides alone, unless each partition has one value of it: then the next does. */
function readCorner({ columns, bounds }: PartitionLevel): [string, ColumnRule][] | undefined {
  const [first = "", second = ""] = columns;
  const corners = bounds.flatMap((bound) => readEdges(bound) ?? []);
  const [corner] = corners;
  if (corner === undefined || corners.some(({ from, to }) => from[0] === undefined || from[0] !== to[0]))
    return undefined;
  const { from, to } = corner;
  const min = from[1] === undefined ? {} : { min: { value: from[1], inclusive: true } };
  const max = to[1] === undefined ? {} : { max: { value: to[1], inclusive: false } };
  return [
    [first, { oneOf: [String(from[0])] }],
    [second, { ...min, ...max }],
  ];
}

function readLevel({ strategy, bounds }: PartitionLevel): ColumnRule | undefined {
  if (strategy === "hash") return undefined;
  if (strategy === "list") {
    const oneOf = bounds.flatMap(readList);
    return oneOf.length === 0 ? undefined : { oneOf };
  }
  const wide = bounds.flatMap(readSpan).filter(({ from, to }) => from === undefined || from !== to);
  const spans = wide.sort((a, b) => compareEdges(a.from, b.from, -1));
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

/** The edges of a partition, column by column. */
interface Edges {
  from: readonly (string | undefined)[];
  to: readonly (string | undefined)[];
}

/** `FOR VALUES FROM ('2025-01-01', 1) TO (MAXVALUE, MAXVALUE)` */
function readEdges(bound: string): Edges | undefined {
  const [, from, to] = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(bound) ?? [];
  return from === undefined || to === undefined ? undefined : { from: splitLiterals(from), to: splitLiterals(to) };
}

/** The first column decides, but on its own edges. */
function readSpan(bound: string): Span[] {
  const edges = readEdges(bound);
  return edges === undefined ? [] : [{ from: edges.from[0], to: edges.to[0] }];
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
