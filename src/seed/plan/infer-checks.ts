/** What check constraints demand of a column's values, as far as they can be read. */
import type { Node, SqlParser } from "../../sql/parser.ts";
import { type ColumnRule, joinRules, type Rules, type TableRules } from "../rules.ts";
import { rememberSides } from "./check-nodes.ts";
import { allOf, type CheckCase, readCases } from "./read-cases.ts";

/** Reads check constraints as PostgreSQL prints them. What cannot be read demands nothing. */
export function readChecks(parser: SqlParser, expressions: readonly string[]): TableRules {
  const read = expressions.map((expression) => readCondition(parser, expression));
  const common = joinRules(read.flatMap((ways) => (ways.length === 1 ? ways.map(({ rules }) => rules) : [])));
  const open = read.filter((ways) => ways.length > 1);
  const cases = open.length === 0 ? [] : allOf([[{ rules: common, certain: true }], ...open]);
  return { common, cases: cases.map(({ rules }) => withoutComputed(rules, common)) };
}

/** What PostgreSQL computes, it computes of every row. */
function withoutComputed(rules: Rules, common: Rules): Rules {
  const isOwn = (name: string, { computed }: ColumnRule) =>
    computed !== undefined && common.get(name)?.computed === undefined;
  return new Map(
    [...rules].map(([name, rule]) => {
      const { computed: _, ...rest } = rule;
      return [name, isOwn(name, rule) ? rest : rule];
    }),
  );
}

/** The same with nothing left to choose: of several ways the first. */
export function readFirstWays(parser: SqlParser, expressions: readonly string[]): Rules {
  const { common, cases } = readChecks(parser, expressions);
  return cases[0] ?? common;
}

/** Whether all of a check was understood. */
export function isUnderstood(parser: SqlParser, expression: string): boolean {
  return readCondition(parser, expression).some(({ certain }) => certain);
}

/** The ways in which a condition, as PostgreSQL prints it, is met. */
export function readCondition(parser: SqlParser, expression: string): CheckCase[] {
  const where = parseCondition(parser, expression);
  return where === undefined ? [] : readCases(where);
}

function parseCondition(parser: SqlParser, expression: string): Node | undefined {
  const text = `select 1 where ${expression}`;
  const [statement] = parser.parse(text);
  const node = statement?.node;
  const where = node !== undefined && "SelectStmt" in node ? node.SelectStmt.whereClause : undefined;
  if (where !== undefined) rememberSides(where, text);
  return where;
}
