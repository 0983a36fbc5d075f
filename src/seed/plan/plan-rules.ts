/** Everything that a table demands of its columns' values: checks of its own, of domains, and partitions' bounds. */

import type { SqlParser } from "../../sql/parser.ts";
import type { ColumnShape, TableShape } from "../entity.ts";
import { contradicts, elementsOf, joinRules, type Rules, type TableRules } from "../rules.ts";
import { baseOf, checksOf } from "../schema/schema-types.ts";
import { readChecks, readFirstWays } from "./infer-checks.ts";
import { readPartitions } from "./infer-partitions.ts";
import { readTableKeys, type TableKey } from "./key-sources.ts";

/** What a table demands: rules for its columns' values, and keys that may not repeat. */
export interface Demands {
  rules: TableRules;
  keys: readonly TableKey[];
}

const KNOWN = new WeakMap<TableShape, Promise<Demands>>();

/** What a table demands, read once. The parser of checks is loaded only where there are any. */
export function demandsOf(table: TableShape): Promise<Demands> {
  const demands = KNOWN.get(table) ?? readDemands(table);
  KNOWN.set(table, demands);
  return demands;
}

async function readDemands(table: TableShape): Promise<Demands> {
  return { rules: await readRules(table), keys: await readTableKeys(table, loadSqlParser) };
}

async function loadSqlParser(): Promise<SqlParser> {
  const { loadParser } = await import("../../sql/parser.ts");
  return await loadParser();
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
  const parser = await loadSqlParser();
  const own = readChecks(
    parser,
    table.checks.map(({ expression }) => expression),
  );
  const ofDomains = domains.map(({ name, check }): Rules => {
    const rule = readFirstWays(parser, [check]).get("value");
    if (rule === undefined) return new Map();
    const { computed: _, ...alone } = rule; // a value of the domain's own that breaks its check cannot even be computed with
    return new Map([[name, alone]]);
  });
  const rest = joinRules([partitions, ...ofDomains]);
  const fits = (rules: Rules) => [...rules].every(([name, rule]) => !contradicts(rest.get(name) ?? {}, rule));
  return {
    common: joinRules([rest, own.common]),
    cases: own.cases.filter(fits).map((rules) => joinRules([rest, rules])),
  };
}
