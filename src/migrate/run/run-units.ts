/** What of a script outside of our transaction stands or falls together: a statement, or a transaction of its own. */

import type { Sql } from "../../postgres/toolbox.ts";
import { blankQuoted } from "../../sql/blank-quoted.ts";
import { findPart } from "../../sql/nodes.ts";
import { commitsPieces, mayStayInPart } from "../../sql/outside-transaction.ts";
import type { Node } from "../../sql/parser.ts";
import type { Statement } from "../../sql/script-shape.ts";

export interface Unit {
  /** The numbers of its first and last statement in the script, from 1. */
  first: number;
  last: number;
  statements: readonly Statement[];
  /** The COMMIT AND CHAIN before it has begun its transaction. */
  chained: boolean;
}

/** The statements of a script, those of a transaction together. */
export function groupIntoUnits(statements: readonly Statement[]): Unit[] {
  const units: Unit[] = [];
  let open: { first: number; statements: Statement[]; chained: boolean } | undefined;
  let chained = false;
  for (const [place, statement] of statements.entries()) {
    const number = place + 1;
    const kind = transactionKind(statement.node);
    open ??= { first: number, statements: [], chained };
    open.statements.push(statement);
    const stays = open.chained || open.statements.length > 1 || kind === "begins";
    if (stays && kind !== "ends") continue;
    units.push({ ...open, last: number });
    chained = findPart(statement.node, "TransactionStmt")?.chain ?? false;
    open = undefined;
  }
  if (open !== undefined) units.push({ ...open, last: statements.length });
  return units;
}

/** Whether nothing of the unit is left when it fails, so that it may be tried again from its start. */
export function canRunAgain({ statements, chained }: Unit): boolean {
  const [only] = statements;
  if (statements.length > 1 || chained) return !chained;
  return only?.node === undefined || !mayStayInPart(only.node);
}

/** Whether the unit is one statement that may commit a part of its work before it fails. */
export function commitsOnItsWay({ statements }: Unit): boolean {
  const node = statements.length === 1 ? statements[0]?.node : undefined;
  return node !== undefined && commitsPieces(node);
}

const BEGINNINGS = new Set(["TRANS_STMT_BEGIN", "TRANS_STMT_START"]);
const ENDS = new Set(["TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"]);

function transactionKind(node: Node | undefined): "begins" | "ends" | undefined {
  if (node === undefined || !("TransactionStmt" in node)) return undefined;
  const kind = node.TransactionStmt.kind ?? "";
  if (BEGINNINGS.has(kind)) return "begins";
  return ENDS.has(kind) ? "ends" : undefined;
}

/** Whether the unit is one of the statements that say CONCURRENTLY. */
export function isConcurrent({ statements }: Unit): boolean {
  const [only] = statements;
  return statements.length === 1 && only !== undefined && /\bconcurrently\b/i.test(blankQuoted(only.sql));
}

/** The invalid indexes of the table that CREATE INDEX CONCURRENTLY has failed on, quoted. */
export async function findInvalidIndexes(sql: Sql, unit: Unit): Promise<string[]> {
  const node = unit.statements[0]?.node;
  if (!isConcurrent(unit) || node === undefined || !("IndexStmt" in node)) return [];
  const { relname, schemaname } = node.IndexStmt.relation ?? {};
  const rows = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
     where not i.indisvalid and t.relname = ${relname ?? ""} and n.nspname = coalesce(${schemaname ?? null}, n.nspname)
     order by 1`;
  return rows.map(({ name }) => name);
}
