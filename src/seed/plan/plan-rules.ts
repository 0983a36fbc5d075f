/** Everything that a table demands of its columns' values: checks of its own, of domains, and partitions' bounds. */

import type { ColumnShape, TableShape } from "../entity.ts";
import { baseOf, checksOf } from "../schema/schema-types.ts";
import { type ColumnRule, elementsOf, mergeRules, readChecks } from "./infer-checks.ts";
import { readPartitions } from "./infer-partitions.ts";

/** The rules of each table, by its columns' names. The parser of checks is loaded only where there are any. */
export async function readTableRules(
  tables: Iterable<TableShape>,
): Promise<ReadonlyMap<TableShape, ReadonlyMap<string, ColumnRule>>> {
  const all = new Map<TableShape, ReadonlyMap<string, ColumnRule>>();
  for (const table of tables) all.set(table, await readRules(table));
  return all;
}

function domainChecks({ name, type }: ColumnShape): { name: string; check: string }[] {
  const elements = baseOf(type).kind === "array" ? baseOf(type).of : undefined;
  return [
    ...checksOf(type).map((check) => ({ name, check })),
    ...(elements === undefined ? [] : checksOf(elements).map((check) => ({ name: elementsOf(name), check }))),
  ];
}

async function readRules(table: TableShape): Promise<ReadonlyMap<string, ColumnRule>> {
  const rules = readPartitions(table);
  const add = (column: string, rule: ColumnRule) => rules.set(column, mergeRules(rules.get(column) ?? {}, rule));
  const domains = table.columns.flatMap(domainChecks);
  if (table.checks.length === 0 && domains.length === 0) return rules;
  const { loadParser } = await import("../../sql/parser.ts");
  const parser = await loadParser();
  for (const [column, rule] of readChecks(
    parser,
    table.checks.map(({ expression }) => expression),
  ))
    add(column, rule);
  for (const { name, check } of domains) {
    const rule = readChecks(parser, [check]).get("value");
    if (rule !== undefined) add(name, rule);
  }
  return rules;
}
