/** How a database stands to the migrations of its branch. Nothing is written. */
import type { Queries } from "../../postgres/schema.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { describeMigration, type Finding, type LedgerRow, type Migration } from "../migration.ts";
import { findNewestHere, isEdited } from "../run/plan-checks.ts";
import { currentRows, type ForeignChanges, findForeignChanges } from "./foreign-changes.ts";
import { type Ledger, readLedger } from "./ledger.ts";
import type { LedgerWhere } from "./ledger-place.ts";

export interface MigrationStatus {
  ledger: Ledger;
  /** What counts as applied, rising by version; those in doubt are not among them. */
  applied: readonly LedgerRow[];
  pending: readonly Migration[];
  /** Those of the pending ones that are older than an applied one. */
  outOfOrder: readonly Migration[];
  /** Applied, and this branch has no file of them. */
  missing: readonly LedgerRow[];
  /** Applied, and their files are not what was applied. */
  edited: readonly Migration[];
  /** A part of them has been done, outside of any transaction. */
  inDoubt: readonly LedgerRow[];
  /** The version at which another tool has failed half-way. */
  foreignDoubt: bigint | undefined;
  /** What another tool has done that pgrove has not written down yet, a line each. */
  foreign: readonly string[];
  /** What keeps the files from being run; how good they are, `check` says. */
  findings: readonly Finding[];
}

/** Reads how the connected database stands. A ledger that is not there yet says that nothing is applied. */
export async function readStatus(sql: Queries, where: LedgerWhere, files: MigrationFiles): Promise<MigrationStatus> {
  const ledger = await readLedger(sql, where);
  return compareLedger(ledger, findForeignChanges(ledger, files), files);
}

/** Compares what is applied with the files. */
export function compareLedger(ledger: Ledger, changes: ForeignChanges, files: MigrationFiles): MigrationStatus {
  const rows = currentRows(ledger, changes);
  const applied = rows.filter(({ success }) => success);
  const known = new Set(rows.map(({ version }) => version));
  const byVersion = new Map(files.migrations.map((migration) => [migration.version, migration]));
  const pending = files.migrations.filter(({ version }) => !known.has(version));
  const newest = findNewestHere(applied, files.migrations);
  const edited = applied.flatMap((row) => {
    const migration = byVersion.get(row.version);
    return migration !== undefined && isEdited(row, migration) ? [migration] : [];
  });
  return {
    ...{ ledger, applied, pending, edited },
    outOfOrder: pending.filter(({ version }) => newest !== undefined && version < newest.version),
    missing: applied.filter(({ version }) => !byVersion.has(version)),
    inDoubt: rows.filter(({ success }) => !success),
    foreignDoubt: changes.doubt,
    foreign: changes.sentences,
    findings: files.findings.filter(({ level, rule }) => level === "error" || rule === "wrong_name"),
  };
}

/** Whether nothing is pending and nothing is wrong. */
export function isUpToDate(status: MigrationStatus): boolean {
  const { pending, edited, missing, inDoubt, foreignDoubt, findings } = status;
  const errors = findings.filter(({ level }) => level === "error");
  return [pending, edited, missing, inDoubt, errors].every(({ length }) => length === 0) && foreignDoubt === undefined;
}

const FORCE = "pgrove migrate force VERSION        once the schema is as that version has it";

/** What another tool has left half-way, and how to go on; a line each. */
export function describeForeignDoubt(tool: string, version: bigint): string[] {
  const where = version < 0n ? "while it took the first migration back" : `at version ${version}`;
  return [`${tool} has failed ${where}`, FORCE];
}

/** Where a migration in doubt has stopped, and how to go on; a line each. */
export function describeDoubt(row: LedgerRow, files: readonly Migration[]): string[] {
  const shown = describeMigration(row);
  if (row.failed === null) return [`${shown} is in doubt`, FORCE];
  const { direction, statement, error } = row.failed;
  const migration = files.find(({ version }) => version === row.version);
  const file = migration?.[direction]?.file ?? "the ledger";
  const why = error === "" ? "the run ended there" : error;
  return [
    `${shown} is in doubt: its ${direction} has stopped at statement ${statement} of ${file}: ${why}`,
    `pgrove migrate ${direction}        goes on at that statement, once the cause is gone`,
    FORCE,
  ];
}
