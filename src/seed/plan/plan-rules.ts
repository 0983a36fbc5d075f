/** Everything that a table demands of its columns' values: checks of its own, of domains, and partitions' bounds. */

import type { ColumnShape, TableShape } from "../entity.ts";
import { contradicts, elementsOf, joinRules, type Rules, type TableRules } from "../rules.ts";
import { baseOf, checksOf } from "../schema/schema-types.ts";
import { readChecks, readFirstWays } from "./infer-checks.ts";
import { readPartitions } from "./infer-partitions.ts";

/** The rules of a table, by its columns' names. */
export type RuleReader = (table: TableShape) => Promise<TableRules>;

/** Reads each table's rules once. The parser of checks is loaded only where there are any. */
export function createRuleReader(): RuleReader {
  const known = new Map<TableShape, Promise<TableRules>>();
  return (table) => {
    const rules = known.get(table) ?? readRules(table);
    known.set(table, rules);
    return rules;
  };
}

interface DomainCheck {
  /** The column, or its elements. */
  name: string;
  check: string;
}

function domainChecks({ name, type }: ColumnShape): DomainCheck[] {
  const elements = baseOf(type).kind === "array" ? baseOf(type).of : undefined;
  return [
    ...checksOf(type).map((check) => ({ name, check })),
    ...(elements === undefined ? [] : checksOf(elements).map((check) => ({ name: elementsOf(name), check }))),
  ];
}

async function readRules(table: TableShape): Promise<TableRules> {
  const partitions = readPartitions(table);
  const domains = table.columns.flatMap(domainChecks);
  if (table.checks.length === 0 && domains.length === 0) return { common: partitions, cases: [] };
  const { loadParser } = await import("../../sql/parser.ts");
  const parser = await loadParser();
  const own = readChecks(
    parser,
    table.checks.map(({ expression }) => expression),
  );
  const ofDomains = domains.map(({ name, check }): Rules => {
    const rule = readFirstWays(parser, [check]).get("value");
    return new Map(rule === undefined ? [] : [[name, rule]]);
  });
  const rest = joinRules([partitions, ...ofDomains]);
  const fits = (rules: Rules) => [...rules].every(([name, rule]) => !contradicts(rest.get(name) ?? {}, rule));
  return {
    common: joinRules([rest, own.common]),
    cases: own.cases.filter(fits).map((rules) => joinRules([rest, rules])),
  };
}
