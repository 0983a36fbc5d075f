/** How a database stands to its migrations, as an answer. */

import type { MigrationStatusDocument } from "../../answers/migrations.ts";
import { describeDoubt, describeForeignDoubt, isUpToDate, type MigrationStatus } from "../../migrate/ledger/status.ts";
import type { LedgerRow, Migration } from "../../migrate/migration.ts";
import { describeMigration } from "../../migrate/migration.ts";
import { formatAge, plural, wholeMs } from "../format.ts";
import { formatFields, formatTable } from "../table.ts";

/** The document of `migrate status --json`. Versions are text: they may be larger than JSON's numbers are exact. */
export function statusDocument(status: MigrationStatus): MigrationStatusDocument {
  const { ledger, applied, pending, outOfOrder, missing, edited, inDoubt } = status;
  const { place } = ledger;
  return {
    up_to_date: isUpToDate(status),
    current: applied.at(-1)?.version.toString() ?? null,
    applied: applied.map(rowDocument),
    pending: pending.map((each) => ({ ...fileDocument(each), out_of_order: outOfOrder.includes(each) })),
    missing: missing.map(rowDocument),
    edited: edited.map(fileDocument),
    in_doubt: inDoubt.map((row) => ({ ...rowDocument(row), failed: row.failed })),
    foreign_doubt: status.foreignDoubt?.toString() ?? null,
    notes: [...status.foreign],
    findings: status.findings.map(({ rule, level, file, line, message }) => ({ rule, level, file, line, message })),
    ledger: { table: place.table, exists: ledger.exists, companion: place.companion.table, tool: place.companion.kind },
  };
}

function rowDocument(row: LedgerRow) {
  return {
    ...{ version: String(row.version), name: row.name, applied_at: row.appliedAt.toISOString() },
    ...{
      applied_by: row.appliedBy,
      duration_ms: wholeMs(row.durationMs),
      git_commit: row.gitCommit,
      origin: row.origin,
    },
  };
}

function fileDocument({ version, name, up }: Migration) {
  return { version: String(version), name, file: up?.file ?? null };
}

/** The same for people: where it stands, what differs, and what to type next. */
export function renderStatus(
  status: MigrationStatus,
  about: { label: string; files: readonly Migration[]; now: Date },
): string {
  const { applied, pending } = status;
  const { label, files, now } = about;
  const last = applied.at(-1);
  // When another tool has applied it, nobody has written down.
  const age = last?.origin === "run" ? `, ${formatAge(last.appliedAt, now)}` : "";
  const version = last === undefined ? "none" : `${describeMigration(last)}${age}`;
  const rows = listDifferences(status);
  const parts = [
    formatFields([
      ["target", label],
      ["version", version],
      ["applied", String(applied.length)],
      ["pending", pending.length === 0 ? "none" : String(pending.length)],
    ]),
    rows.length === 0 ? "" : formatTable(rows, { indent: "  " }),
    [...status.foreign, ...describeDoubts(status, files), ...describeFindings(status)].join("\n"),
    describeNext(status),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function listDifferences({ pending, outOfOrder, missing, edited }: MigrationStatus): string[][] {
  const late = new Set(outOfOrder);
  return [
    ...missing.map((row) => [
      describeMigration(row),
      `applied, not in this branch${row.downChecksum === null ? "; it has no down script" : ""}`,
    ]),
    ...edited.map((each) => [describeMigration(each), `edited since it was applied: ${each.up?.file ?? ""}`]),
    ...pending.map((each) => [
      describeMigration(each),
      late.has(each) ? "pending, older than what is applied" : "pending",
    ]),
  ];
}

function describeDoubts({ inDoubt, foreignDoubt, ledger }: MigrationStatus, files: readonly Migration[]): string[] {
  const foreign = foreignDoubt === undefined ? [] : describeForeignDoubt(ledger.place.companion.kind, foreignDoubt);
  return [...inDoubt.map((row) => describeDoubt(row, files)), foreign].flatMap(([first, ...commands]) =>
    first === undefined ? [] : [first, ...commands.map((line) => `  ${line}`)],
  );
}

function describeFindings({ findings }: MigrationStatus): string[] {
  return findings.map(({ file, line, level, message }) => `${file}:${line}: ${level}: ${message}`);
}

function describeNext(status: MigrationStatus): string {
  const { inDoubt, foreignDoubt, pending, outOfOrder, edited, missing, findings } = status;
  if (inDoubt.length > 0 || foreignDoubt !== undefined) return ""; // said already
  if (findings.some(({ level }) => level === "error")) return "next: pgrove migrate check        says what to do";
  if (edited.length > 0) return "next: git checkout the file as it was, and put the change into a new migration";
  if (outOfOrder.length > 0) return "next: pgrove migrate renumber, or pgrove migrate up --allow-out-of-order";
  if (pending.length > 0) return `next: pgrove migrate up        applies ${plural(pending.length, "migration")}`;
  const isNewestForeign = missing.some((row) => row === status.applied.at(-1));
  if (isNewestForeign) return "next: pgrove migrate down        takes the newest one back, whatever branch it is of";
  return isUpToDate(status) ? "up to date" : "";
}
