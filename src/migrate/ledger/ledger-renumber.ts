/** Migrations that were applied under one number and now have another: the files were renamed, the database stays. */
import { quoteLiteral } from "../../postgres/identifier.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import { COMPANIONS } from "./companion-kinds.ts";
import type { Ledger } from "./ledger.ts";
import { explainLedgerError } from "./ledger-error.ts";
import { type RunFacts, recordHistory } from "./ledger-sql.ts";

export interface Renumbering {
  from: bigint;
  to: bigint;
  /** The new version as the file's name writes it. */
  digits: string;
}

/**
 * Gives rows of the ledger other versions, and lets the other tool's table follow: one transaction. The new versions may
 * be old ones of other rows. Throws (exit 1) without the right to do so.
 */
export async function renumberLedger(
  sql: Sql,
  { place, rows }: Ledger,
  changes: readonly Renumbering[],
  facts: RunFacts,
): Promise<void> {
  if (changes.length === 0) return;
  const names = new Map(rows.map(({ version, name }) => [version, name]));
  const values = changes.map(({ from, to, digits }) => `(${from}::bigint, ${to}::bigint, ${quoteLiteral(digits)})`);
  const { table, history, companion } = place;
  const statements = [
    // By way of negative numbers: two rows may change places.
    `update ${table} l set version = -c.new - 1, digits = c.digits
       from (values ${values.join(", ")}) c (old, new, digits) where l.version = c.old`,
    `update ${table} set version = -version - 1 where version < 0`,
    COMPANIONS[companion.kind].refill({ ledger: table, companion: companion.table }),
    ...changes.map(({ from, to, digits }) =>
      recordHistory(history, {
        ...{ version: to, digits, name: names.get(from) ?? "", action: "renumber" },
        ...{ ...facts, duration: "null", success: true, error: null },
      }),
    ),
  ];
  try {
    await sql.unsafe(statements.map((statement) => `${statement};`).join("\n")); // one simple query, so one transaction
  } catch (error) {
    throw explainLedgerError(error, place);
  }
}
