/** Brings the ledger up to what another tool has done meanwhile; makes it where there is none. Under the migration lock. */
import type { Sql } from "../../postgres/toolbox.ts";
import type { LedgerRow } from "../migration.ts";
import { COMPANIONS } from "./companion-kinds.ts";
import { currentRows, type ForeignChanges, requireNoForeignDoubt } from "./foreign-changes.ts";
import { type Ledger, readCompanion } from "./ledger.ts";
import { explainLedgerError } from "./ledger-error.ts";
import { createLedger, type HistoryLine, letOwnerIn, recordHistory, rewriteRows } from "./ledger-sql.ts";

/**
 * Makes the tables that are missing and writes the changes, in one transaction; resolves with the ledger as it is then.
 * Nothing is sent when nothing is missing and nothing has changed. Throws (exit 1) without the right to do so, and (exit 5)
 * while golang-migrate's table says that it has failed half-way.
 */
export async function adoptLedger(sql: Sql, ledger: Ledger, changes: ForeignChanges): Promise<Ledger> {
  const { place, companion } = ledger;
  requireNoForeignDoubt(ledger, changes);
  const isWhole = ledger.exists && companion !== undefined;
  if (isWhole && changes.add.length === 0 && changes.remove.length === 0) return ledger;
  const rows = currentRows(ledger, changes);
  const taken = ledger.rows.filter(({ version }) => !rows.some((row) => row.version === version));
  const history = [
    ...changes.add.map((row) => historyLine(row, "adopt", row.appliedBy)),
    ...taken.map((row) => historyLine(row, "release", place.companion.kind)),
  ];
  await writeLedger(sql, ledger, { ...changes, history });
  return { ...ledger, exists: true, schemaExists: true, rows, companion: await readCompanion(sql, place) };
}

/** Rows to add and to take away, and what the history is to say of it. */
export interface LedgerChange {
  add: readonly LedgerRow[];
  remove: readonly bigint[];
  history: readonly HistoryLine[];
}

/**
 * Makes the tables that are missing, changes the ledger's rows and lets the other tool's table follow: one transaction.
 */
export async function writeLedger(sql: Sql, ledger: Ledger, { add, remove, history }: LedgerChange): Promise<void> {
  const { place } = ledger;
  const statements = [
    ...makeTables(ledger),
    rewriteRows(place, add, remove),
    ...history.map((line) => `${recordHistory(place.history, line)};`),
  ];
  try {
    await sql.unsafe(statements.join("\n")); // one simple query, so one transaction
  } catch (error) {
    throw explainLedgerError(error, place);
  }
}

function makeTables({ place, exists, companion, schemaExists }: Ledger): string[] {
  const { table, history } = place;
  const { kind, table: other } = place.companion;
  const { create, begin } = COMPANIONS[kind];
  const own = exists ? [] : [createLedger(place, schemaExists), letOwnerIn(table), letOwnerIn(history)];
  if (companion !== undefined) return own;
  return [...own, `${create(other)};`, letOwnerIn(other), ...(begin === undefined ? [] : [`${begin(other)};`])];
}

function historyLine(row: LedgerRow, action: HistoryLine["action"], by: string): HistoryLine {
  const { version, digits, name } = row;
  return { version, digits, name, action, by, gitCommit: null, duration: "null", success: true, error: null };
}
